"""How a work order is made, as it was known at its release; and what has changed in the products since. Pure."""

from collections.abc import Mapping
from typing import Any

from server.catalog.configuration import Configured
from server.catalog.design import explode
from server.catalog.difference import Change, of_fields, of_rows
from server.catalog.models import PackagingSpec
from server.erp.orders.models import OrderLine
from server.http.fields import plain
from server.messages import translate as _


def snapshot_of(line: OrderLine, configured: Configured, packaging: PackagingSpec | None) -> dict[str, Any]:
    """How the line is to be made, as it is known now; later changes of the product do not touch it."""
    product = line.product
    return {
        "sku": product.sku,
        "name": product.name,
        "gtin": product.gtin,
        "revision": product.revision,
        "uom": product.uom,
        "tracking": product.tracking,
        "bom": [
            {
                "sku": part.component,
                "name": part.name,
                "quantity": plain(part.quantity),
                "uom": part.uom,
                "scrap_percent": plain(part.scrap_percent),
            }
            for part in explode(configured.bom)
        ],
        "routing": [
            {
                "step": step.step,
                "name": step.name,
                "work_center": step.work_center,
                "setup_minutes": plain(step.setup_minutes),
                "run_minutes": plain(step.run_minutes),
                "transfer_quantity": step.transfer_quantity,
                "instructions": step.instructions,
            }
            for step in configured.routing
        ],
        "configuration": dict(configured.choices or line.configuration),
        "configuration_summary": configured.summary or line.configuration_summary,
        "packaging": line.packaging,
        "packaging_spec": packaging_in_json(packaging),
    }


def packaging_in_json(spec: PackagingSpec | None) -> dict[str, Any] | None:
    """A packaging specification as snapshots keep it, with its version."""
    if spec is None:
        return None
    names = (
        "number",
        "version",
        "box",
        "per_box",
        "inner_material",
        "label_text",
        "label_template",
        "notes",
        "picture",
    )
    return {name: getattr(spec, name) for name in names}


def pieces_per_box(snapshot: Mapping[str, Any]) -> int | None:
    """How many pieces a box holds at most, where the snapshot says it."""
    count = (snapshot.get("packaging_spec") or {}).get("per_box")
    return None if count is None else int(count)


def label_text(snapshot: Mapping[str, Any]) -> str | None:
    """What stands on every label beside what we print there."""
    text: str | None = (snapshot.get("packaging_spec") or {}).get("label_text")
    return text


def packaging_picture(snapshot: Mapping[str, Any]) -> str | None:
    """The hash of the picture that shows how units are packed."""
    name: str | None = (snapshot.get("packaging_spec") or {}).get("picture")
    return name


def packaging_in_words(snapshot: Mapping[str, Any]) -> str | None:
    """How a snapshot says that its units are packed, for whoever packs; None where it says nothing.

    >>> packaging_in_words({"packaging": "Foam.", "packaging_spec": {"box": "Carton 120", "per_box": 4}})
    'Foam. Carton 120: 4 in a box.'
    >>> packaging_in_words({"packaging_spec": {"box": "Crate"}})  # A change may name the box alone.
    'Crate.'
    >>> packaging_in_words({"packaging_spec": {"label_text": "No foil"}})
    'Label: No foil.'
    """
    said = [snapshot.get("packaging")]
    spec = snapshot.get("packaging_spec") or {}
    if spec:
        inside = spec.get("inner_material")
        label = spec.get("label_text")
        said += [_box_in_words(spec), inside and f"{inside}.", spec.get("notes")]
        said.append(_("Label: {text}").format(text=label) + "." if label else None)
    return " ".join(text for text in said if text) or None


def _box_in_words(spec: Mapping[str, Any]) -> str | None:
    box, count = spec.get("box"), spec.get("per_box")
    if box and count:
        return _("{box}: {count} in a box").format(box=box, count=count) + "."
    if count:
        return _("{count} in a box").format(count=count) + "."
    return f"{box}." if box else None


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What differs between two snapshots, or a snapshot and the present truth, one thing a line."""
    return [
        *of_fields("product", before, after, ("name", "gtin", "revision", "uom", "tracking")),
        *of_rows("bom", before.get("bom") or (), after.get("bom") or (), key="sku"),
        *of_rows("routing", before.get("routing") or (), after.get("routing") or (), key="step"),
        *of_fields("configuration", before.get("configuration") or {}, after.get("configuration") or {}),
        *of_fields("packaging", before, after, ("packaging",)),
        *of_fields("packaging", before.get("packaging_spec") or {}, after.get("packaging_spec") or {}),
    ]
