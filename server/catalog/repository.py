"""Every query about work centers, products, bills of material and routings."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import CTE, ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from server.catalog.models import BomLine, Product, ProductRevision, RoutingOperation, WorkCenter
from server.http.paging import Keyset, Page
from server.http.text import fold


def whole_product() -> tuple[ORMOption, ORMOption]:
    """Loader options for a product with its bill of material and routing."""
    return (
        selectinload(Product.bom).joinedload(BomLine.component),
        selectinload(Product.routing).joinedload(RoutingOperation.work_center),
    )


# --- work centers ---


def work_centers(session: Session) -> Sequence[WorkCenter]:
    """All work centers in the order of boards and lists."""
    return session.scalars(select(WorkCenter).order_by(WorkCenter.position, WorkCenter.key)).all()


def work_center(session: Session, key: str, *, lock: bool = False) -> WorkCenter | None:
    """The work center of this key."""
    statement = select(WorkCenter).where(WorkCenter.key == key)
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def work_centers_by_key(session: Session, keys: Collection[str]) -> Mapping[str, WorkCenter]:
    """The work centers of these keys."""
    return {found.key: found for found in session.scalars(select(WorkCenter).where(WorkCenter.key.in_(keys)))}


# --- products ---


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """Which products a list shows; None takes all."""

    text: str | None = None
    made: bool | None = None
    active: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        found: list[ColumnElement[bool]] = []
        if self.text:
            text = self.text.strip()
            found.append(
                or_(
                    Product.search_name.contains(fold(text), autoescape=True),
                    Product.sku == text,
                    Product.gtin == text.zfill(14),
                )
            )
        if self.made is not None:
            found.append(Product.made == self.made)
        if self.active is not None:
            found.append(Product.active == self.active)
        return found


def products(session: Session, wanted: ProductFilter, *, after: str | None = None, limit: int = 25) -> Page[Product]:
    """A page of products with bill of material and routing, by age."""
    statement = select(Product).where(*wanted.conditions()).options(*whole_product())
    return Keyset(Product.id, Product.sku).page(session, statement, after=after, limit=limit)


def product(session: Session, sku: str, *, lock: bool = False) -> Product | None:
    """The product of this SKU with bill of material and routing; `lock` keeps other writers out."""
    statement = select(Product).where(Product.sku == sku).options(*whole_product())
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def products_by_sku(session: Session, skus: Collection[str]) -> Mapping[str, Product]:
    """The products of these SKUs with bill of material and routing."""
    statement = select(Product).where(Product.sku.in_(skus)).options(*whole_product())
    return {found.sku: found for found in session.scalars(statement)}


def taken_gtins(session: Session, gtins: Collection[str]) -> Mapping[str, str]:
    """Which of these GTINs are used, and by which SKU."""
    rows = session.execute(select(Product.gtin, Product.sku).where(Product.gtin.in_(gtins)))
    return {gtin: sku for gtin, sku in rows if gtin is not None}


def _below(starting: ColumnElement[bool]) -> CTE:
    """What these products take, what that takes, and so on down to the bottom; parts of choices among it."""
    below = select(BomLine.product_id, BomLine.component_id).where(starting).cte("below", recursive=True)
    # UNION drops what is known already, so that even a circle in the data would end.
    return below.union(
        select(BomLine.product_id, BomLine.component_id).join(below, BomLine.product_id == below.c.component_id)
    )


def edges_below(session: Session, product_ids: Collection[int]) -> Mapping[str, list[str]]:
    """What these products take, and what that takes, down to the bottom: SKUs by the SKU that takes them."""
    below = _below(BomLine.product_id.in_(product_ids))
    taker, taken = aliased(Product), aliased(Product)
    rows = session.execute(
        select(taker.sku, taken.sku)
        .join_from(below, taker, taker.id == below.c.product_id)
        .join(taken, taken.id == below.c.component_id)
    )
    edges: dict[str, list[str]] = defaultdict(list)
    for sku, component in rows:
        edges[sku].append(component)
    return edges


def with_everything_below(session: Session, skus: Collection[str]) -> Sequence[Product]:
    """These products and everything they take, down to the bottom, each with bill of material and routing."""
    if not skus:
        return []
    starting = select(Product.id).where(Product.sku.in_(skus))
    below = _below(BomLine.product_id.in_(starting))
    statement = (
        select(Product)
        .where(or_(Product.sku.in_(skus), Product.id.in_(select(below.c.component_id))))
        .options(*whole_product())
    )
    return session.scalars(statement).all()


# --- revisions ---


def revisions(session: Session, product_id: int) -> Sequence[ProductRevision]:
    """All revisions of a product, newest first."""
    statement = (
        select(ProductRevision).where(ProductRevision.product_id == product_id).order_by(ProductRevision.id.desc())
    )
    return session.scalars(statement).all()


def revision(session: Session, product_id: int, name: str, *, lock: bool = False) -> ProductRevision | None:
    """The revision of this name."""
    statement = select(ProductRevision).where(ProductRevision.product_id == product_id, ProductRevision.name == name)
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def draft_of(session: Session, product_id: int) -> ProductRevision | None:
    """The draft of a product, if it has one."""
    statement = select(ProductRevision).where(
        ProductRevision.product_id == product_id, ProductRevision.state == "draft"
    )
    return session.scalars(statement).first()
