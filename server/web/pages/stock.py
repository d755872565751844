"""Materials: what lies where and what is low, one material with its moves and lots, and its level."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.catalog.measures import measure
from server.db.topics import versions
from server.erp.stock import materials, repository, service
from server.erp.stock.came import unreceived
from server.erp.stock.materials import Material, MaterialFilter
from server.erp.stock.schemas import ItemPatch
from server.errors import NotFound
from server.http.fields import plain
from server.http.paging import Before, Number, Text
from server.messages import N_
from server.web.entry import Fault, FormDep, attempt, checked
from server.web.forms import Form
from server.web.page import Page, PageDep
from server.web.place_choice import one_place, place_choices
from server.web.stale import require_fresh

router = APIRouter(prefix="/stock", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.FLOOR_READ))]
Writer = Annotated[Principal, Depends(require(Permission.FLOOR_WRITE))]

#: Saved filters.
VIEWS: Final[Mapping[str, str]] = {"": N_("All"), "low": N_("Low"), "negative": N_("To be counted")}


@router.get("")
def show_stock(
    page: PageDep, _principal: Reader, q: Text = None, location: Text = None, show: Text = None, after: Text = None
) -> Response:
    """The materials with what lies where; the filters stand in the address."""
    chosen = {"q": q or "", "location": location or "", "show": show if show in VIEWS and show else ""}
    with page.database.read() as session:
        wanted = MaterialFilter(q or None, one_place(session, location), chosen["show"] or None)
        version = versions(session, "stock")["stock"]
        rows, more = materials.materials(session, wanted, after=after)
        where = materials.by_location(session, [row.product_id for row in rows])
        counts = materials.counts(session)
        locations = place_choices(session)
        missing = unreceived(session)
    return page.show(
        "stock/list.html",
        rows=rows,
        measure=measures(page),
        where=where,
        locations=locations,
        unreceived=missing,
        chosen=chosen,
        version=version,
        views=[
            (_list(chosen | {"show": key}), name, counts[key], key == chosen["show"]) for key, name in VIEWS.items()
        ],
        next_href=_list(chosen | {"after": rows[-1].sku}) if more else None,
        first_href=_list(chosen),
        is_first=after is None,
    )


def _list(values: Mapping[str, str]) -> str:
    kept = {name: value for name, value in values.items() if value}
    return "/stock?" + urlencode(kept) if kept else "/stock"


@router.get("/{sku}")
def show_material(
    page: PageDep, _principal: Reader, sku: Number, before: Before = None, labels: Text = None
) -> Response:
    """One material: where it lies, lot by lot, how it came and went; and `labels` to print of a lot that just came."""
    return _show(page, sku, Form({"labels": labels or ""}), before=before)


@router.post("/{sku}/level")
def set_level(page: PageDep, principal: Writer, sku: Number, form: FormDep) -> Response:
    """Set the level below which the material is low; an empty field takes it away."""
    try:
        data = {"reorder_level": form.get("reorder_level")}
        body = checked(page, form, model=ItemPatch, data=data)

        def work(session: Session) -> None:
            found = repository.item(session, sku)
            if found is None:
                raise NotFound
            item = found[0]
            level = "" if item.reorder_level is None else plain(item.reorder_level)
            stored = Form({"reorder_level": level, "row_version": str(item.row_version)})
            require_fresh(page, form, stored, what=sku)
            service.edit_item(session, item, body, sku=sku, actor=principal.actor, now=page.now)

        attempt(page, form, work)
    except Fault as fault:
        return _show(page, sku, fault.form, status=fault.status)
    return page.go(address(sku), page.say(N_("The level is set.")))


def measures(page: Page) -> Callable[[str], str]:
    """What writes a unit of measure in the reader's language."""
    return lambda code: page.say(measure(code))


def address(sku: str) -> str:
    """The page of a material."""
    return f"/stock/{quote(sku, safe='')}"


def _show(page: Page, sku: str, form: Form, *, before: int | None = None, status: int = 200) -> Response:
    with page.database.read() as session:
        version = versions(session, "stock")["stock"]
        found = materials.material(session, sku)
        if found is None:
            raise NotFound
        context = _around(session, found, before)
    return page.show(
        "stock/material.html", status=status, form=form, version=version, measure=measures(page), **context
    )


def _around(session: Session, found: Material, before: int | None) -> dict[str, Any]:
    moves, more = materials.newest_moves(session, found.product_id, before=before)
    base = address(found.sku)
    return {
        "material": found,
        "base": base,
        "level": "" if found.reorder_level is None else plain(found.reorder_level),
        "lying": materials.lying(session, found.product_id),
        "moves": moves,
        "next_href": f"{base}?before={moves[-1].id}#moves" if more else None,
        "first_href": f"{base}#moves",
        "is_first": before is None,
    }
