"""What programs send and get about packaging specifications."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from server.catalog.models import PackagingSpec
from server.catalog.option_schemas import Sku
from server.http.fields import Key, LongName, Note, Patch, Shown, Strict

PerBox = Annotated[int, Field(ge=1, le=100_000)]
#: The hash of a picture, as `packaging-pictures` tells it.
PictureHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
#: The number of a customer as `parties` gives it; who he is, is looked up above.
CustomerText = Annotated[str, Field(min_length=1, max_length=40)]

FIELDS = ("box", "per_box", "inner_material", "label_text", "label_template", "notes", "picture")


class PackagingIn(Strict):
    """A new specification, a draft at first; without a customer it counts for whoever has none of his own."""

    product: Sku
    customer: CustomerText | None = None
    box: LongName
    per_box: PerBox
    inner_material: LongName | None = None
    label_text: Note | None = None
    label_template: Key | None = None
    notes: Note | None = None
    picture: PictureHash | None = None


class PackagingPatch(Patch):
    """What may change about a specification; a change of a released one makes the next version, a draft."""

    emptyable = frozenset({"inner_material", "label_text", "label_template", "notes", "picture"})

    box: LongName | None = None
    per_box: PerBox | None = None
    inner_material: LongName | None = None
    label_text: Note | None = None
    label_template: Key | None = None
    notes: Note | None = None
    picture: PictureHash | None = None


class PackagingOut(Shown):
    """One version of a packaging specification."""

    number: str
    version: int
    product: str
    customer: str | None
    state: str
    box: str
    per_box: int
    inner_material: str | None
    label_text: str | None
    label_template: str | None
    notes: str | None
    picture: str | None
    created_at: datetime
    created_by: str
    released_at: datetime | None
    released_by: str | None
    row_version: int

    @classmethod
    def of(cls, spec: PackagingSpec, customer: str | None) -> Self:
        """The answer for a version whose product is loaded."""
        own: dict[str, Any] = {
            field: getattr(spec, field) for field in cls.model_fields if field not in ("product", "customer")
        }
        return cls(**own, product=spec.product.sku, customer=customer)


class PackagingList(Shown):
    """A page of specifications, each in its newest version."""

    items: list[PackagingOut]
    next: str | None


class PictureOut(Shown):
    """A picture that is kept; its bytes are at `href`."""

    hash: str
    kind: str
    width: int
    height: int
    size: int
    href: str


class PictureName(Strict):
    """A picture by the hash of what is kept of it."""

    hash: PictureHash
