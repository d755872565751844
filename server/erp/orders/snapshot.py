"""How a work order is made, as it was known at its release; and what has changed in the products since. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.catalog.configuration import Configured
from server.catalog.design import explode
from server.catalog.models import PackagingSpec
from server.erp.orders.models import OrderLine
from server.http.fields import plain


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
    names = ("number", "version", "box", "per_box", "inner_material", "label_text", "label_template", "notes")
    return {name: getattr(spec, name) for name in names}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. `area` is product, bom, routing, configuration or packaging; None stands for nothing."""

    area: str
    what: str
    before: str | None
    after: str | None

    def as_json(self) -> dict[str, Any]:
        """The change for programs."""
        return {"area": self.area, "what": self.what, "before": self.before, "after": self.after}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What differs between two snapshots, or a snapshot and the present truth, one thing a line."""
    return [
        *_fields("product", before, after, ("name", "gtin", "revision", "uom", "tracking")),
        *_rows("bom", before.get("bom") or (), after.get("bom") or (), key="sku"),
        *_rows("routing", before.get("routing") or (), after.get("routing") or (), key="step"),
        *_fields("configuration", before.get("configuration") or {}, after.get("configuration") or {}),
        *_fields("packaging", before, after, ("packaging",)),
        *_fields("packaging", before.get("packaging_spec") or {}, after.get("packaging_spec") or {}),
    ]


def _fields(
    area: str, before: Mapping[str, Any], after: Mapping[str, Any], names: Sequence[str] | None = None
) -> list[Change]:
    wanted = names if names is not None else list(dict.fromkeys((*before, *after)))
    return [
        Change(area, name, _text(before.get(name)), _text(after.get(name)))
        for name in wanted
        if _text(before.get(name)) != _text(after.get(name))
    ]


def _rows(
    area: str, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], *, key: str
) -> list[Change]:
    old, new = ({row[key]: row for row in rows} for rows in (before, after))
    found = []
    for name in dict.fromkeys((*old, *new)):
        was, is_now = old.get(name), new.get(name)
        if was is None or is_now is None:
            found.append(Change(area, str(name), _row(was, key), _row(is_now, key)))
            continue
        found += [
            Change(area, f"{name} {change.what}", change.before, change.after) for change in _fields(area, was, is_now)
        ]
    return found


def _row(row: Mapping[str, Any] | None, key: str) -> str | None:
    if row is None:
        return None
    return ", ".join(str(value) for name, value in row.items() if name != key and value not in (None, "", "0"))


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
