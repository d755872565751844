"""Scans of locations and materials: receive, count, and take to hand at a station. Pure."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from server.tracking import words
from server.tracking.draft import Draft
from server.tracking.facts import FactKind, NewFact
from server.tracking.goods_rows import NOTHING, Booking, Load, Material, Need, Place, materials_in, units_in
from server.tracking.refusals import blocked
from server.tracking.states import Action, Context, GoodsAct, Reason, Signal, Status, UnitKind
from server.tracking.steps import ChoosePlace, GoodsStep, Read
from server.tracking.verdicts import Verdict, Words, because, quarantine, refusal
from server.tracking.world import Context as Remembered
from server.tracking.world import ReadPoint, Station, Unit, World

#: Command card or context of a read point -> what a scan of a material does there. Elsewhere it takes a lot to hand.
ACTS: Final[Mapping[str, GoodsAct]] = {
    "RECEIVE": GoodsAct.RECEIVE,
    "COUNT": GoodsAct.COUNT,
    Context.RECEIVE: GoodsAct.RECEIVE,
    Context.COUNT: GoodsAct.COUNT,
}
#: Where something is made of parts.
_MAKING: Final = frozenset({Context.START.value, Context.END.value, Context.TOGGLE.value})
#: Goods that one label says to be so many.
_ONE: Final = Decimal(1)


# --- what a scan means ---


def read_location(read: Read, world: World, station: Station) -> ChoosePlace | Verdict:
    """A location's code: from now on goods are received and counted there."""
    place = world.goods.places.get(read.named.values[0])
    if place is None:
        return quarantine(Reason.UNKNOWN_LOCATION, Words(words.UNKNOWN_LOCATION, {"code": read.named.shown}))
    return ChoosePlace(place, station)


def read_material(
    read: Read, world: World, station: Station, read_point: ReadPoint, armed: str | None
) -> GoodsStep | Verdict:
    """A material's label, with its lot and quantity where it says them."""
    gtin, lot, told = (*read.named.values, "", "")[:3]
    act = ACTS.get(armed or read_point.context)
    if act is None and (not lot or armed is not None):
        return refusal(Reason.NOT_A_UNIT, Words(words.PRODUCT_ONLY, {"code": read.named.shown}))
    material = world.goods.materials.get(gtin)
    if material is None:
        return quarantine(Reason.UNKNOWN_MATERIAL, Words(words.UNKNOWN_MATERIAL, {"code": read.named.shown}))
    if act is None:
        wrong = _stopped(world, lot) or _wrong_material(world, material, lot, (station, read_point))
        missing = _is_unreceived(world, material, lot)
        return wrong or GoodsStep(GoodsAct.LOAD, material, lot, _ONE, station, None, is_unreceived=missing)
    place = _place_at(world, station)
    if place is None:
        return refusal(Reason.NO_LOCATION, Words(words.NO_LOCATION, {"code": read.named.shown}))
    wrong = _wrong_quantity(act, told, read.named.shown, material)
    if wrong is not None:
        return wrong
    quantity = Decimal(told) if told else _ONE
    return GoodsStep(act, material, lot, quantity, station, place, disarm=armed is not None)


def read_part(world: World, unit: Unit, station: Station, read_point: ReadPoint) -> GoodsStep | Verdict | None:
    """A unit that lies in stock goes into what is made here; None where nothing here could take it."""
    part = world.goods.parts.get(unit.id)
    if part is None or unit.order_id is not None or read_point.context not in _MAKING:
        return None
    asked = _asked(world, station, read_point)
    if not asked:
        return None
    stopped = blocked(world, unit)
    if stopped is not None:
        return stopped
    values = {"unit": unit.number, "material": part.name, "station": station.name, "work": _named(asked)}
    if not any(part.sku in need.skus for need in asked):
        return refusal(Reason.WRONG_MATERIAL, Words(words.WRONG_PART, values), subject=unit.number)
    if unit.kind == UnitKind.LOT:
        # Of a lot each piece takes its share.
        return GoodsStep(GoodsAct.LOAD, part, unit.number, _ONE, station, None)
    context = world.contexts.get(station.id)
    if context is not None and any(one["unit_id"] == unit.id for one in units_in(context.stock)):
        return refusal(Reason.ALREADY_DONE, Words(words.PART_AT_HAND, values), subject=unit.number)
    return GoodsStep(GoodsAct.LOAD, part, "", _ONE, station, None, unit=unit)


def _wrong_quantity(act: GoodsAct, told: str, shown: str, material: Material) -> Verdict | None:
    if act is GoodsAct.COUNT and not told:
        return refusal(Reason.NO_QUANTITY, Words(words.NO_QUANTITY, {"code": shown}), subject=material.sku)
    if act is GoodsAct.RECEIVE and told and Decimal(told) == 0:
        return quarantine(Reason.IMPOSSIBLE_QUANTITY, Words(words.IMPOSSIBLE_QUANTITY, {"code": shown, "got": told}))
    return None


def _stopped(world: World, lot: str) -> Verdict | None:
    """A lot of our own that is on hold goes into nothing."""
    if lot not in world.goods.stopped:
        return None
    said = Words(words.UNIT_ON_HOLD, {"unit": lot, "why": because(world.goods.stopped[lot])})
    return refusal(Reason.ON_HOLD, said, subject=lot)


def _is_unreceived(world: World, material: Material, lot: str) -> bool:
    """Whether nothing of a lot ever came in, neither before nor in this batch; what is not counted, nobody knows."""
    spot = (material.id, lot)
    booked = any((one.material.id, one.lot) == spot and one.quantity > 0 for one in world.goods.bookings)
    return material.counted and spot not in world.goods.came and not booked


def _wrong_material(world: World, material: Material, lot: str, where: tuple[Station, ReadPoint]) -> Verdict | None:
    """Why no work here takes the material."""
    station, read_point = where
    asked = _asked(world, station, read_point)
    if any(material.sku in need.skus for need in asked):
        return None
    values = {"material": material.sku, "lot": lot, "station": station.name, "work": _named(asked)}
    template = words.WRONG_MATERIAL if asked else words.NO_WORK_FOR
    return refusal(Reason.WRONG_MATERIAL, Words(template, values), subject=material.sku)


def _asked(world: World, station: Station, read_point: ReadPoint) -> list[Need]:
    """What may take a material here: what has begun decides, and where nothing has, what is ready.

    Where only the end of work is read, a piece begins by being done: what is ready asks there as what has begun does.
    """
    here = [need for need in world.goods.needs if need.work_center_id == station.work_center_id]
    if read_point.context == Context.END:
        return here
    return [need for need in here if need.begun] or here


def _named(needs: list[Need]) -> str:
    numbers = sorted({need.work_order for need in [need for need in needs if need.begun] or needs})
    return ", ".join(numbers[:3]) + (" …" if len(numbers) > 3 else "")


def _place_at(world: World, station: Station) -> Place | None:
    context = world.contexts.get(station.id)
    told = (context.stock or NOTHING).get("place") if context is not None else None
    return Place(told["id"], told["code"], told["key"], told["name"]) if told else None


# --- what it changes ---


def choose_place(draft: Draft, step: ChoosePlace) -> Verdict:
    """Goods that are scanned here from now on are meant for this location."""
    place, context = step.place, draft.context(step.station.id)
    draft.remember(context._replace(stock={**(context.stock or NOTHING), "place": place._asdict()}))
    draft.fact(FactKind.LOCATION_CHOSEN, step.station.key, detail={"location": place.key})
    said = Words(words.LOCATION_CHOSEN, {"place": place.name, "station": step.station.name})
    return Verdict(Status.APPLIED, said, Signal.OK, action=Action.LOCATION_CHOSEN, subject=place.key)


def receive(draft: Draft, step: GoodsStep) -> Verdict:
    """Goods came in."""
    _book(draft, step)
    _fact(draft, step, FactKind.MATERIAL_RECEIVED)
    return _applied(step, words.RECEIVED, Action.MATERIAL_RECEIVED)


def count(draft: Draft, step: GoodsStep) -> Verdict:
    """So much lies there; what was known is put right when the scan is saved."""
    _book(draft, step)
    _fact(draft, step, FactKind.MATERIAL_COUNTED)
    return _applied(step, words.COUNTED, Action.MATERIAL_COUNTED)


def load(draft: Draft, step: GoodsStep) -> Verdict:
    """From now on the work at this station uses this lot, or this unit once."""
    if step.unit is not None:
        return _load_unit(draft, step, step.unit)
    material, context = step.material, draft.context(step.station.id)
    place = draft.world.goods.lying.get((material.id, step.lot))
    others = [one for one in materials_in(context.stock) if one["product_id"] != material.id]
    entry = {
        "product_id": material.id,
        "sku": material.sku,
        "name": material.name,
        "lot": step.lot,
        "location_id": place.id if place is not None else None,
        "location": place.name if place is not None else None,
        "since": draft.cause.observed_at.isoformat(),
    }
    more: dict[str, Any] = {"received": False} if step.is_unreceived else {}
    entry |= more
    _set_stock(draft, context, "materials", [*others, entry])
    was = next((one for one in materials_in(context.stock) if one["product_id"] == material.id), None)
    _fact(draft, step, FactKind.MATERIAL_LOADED, product_id=material.id, was=was, **more)
    if step.is_unreceived:
        # The goods are there, so work goes on; what is missing is their receipt, and that is for others to book.
        return _applied(step, words.LOADED_UNRECEIVED, Action.MATERIAL_LOADED)._replace(signal=Signal.WARN)
    return _applied(step, words.LOADED, Action.MATERIAL_LOADED)


def _load_unit(draft: Draft, step: GoodsStep, unit: Unit) -> Verdict:
    material, context = step.material, draft.context(step.station.id)
    entry = {
        "unit_id": unit.id,
        "number": unit.number,
        "product_id": material.id,
        "sku": material.sku,
        "name": material.name,
    }
    _set_stock(draft, context, "units", [*units_in(context.stock), entry])
    detail = {"unit": unit.number, "product_id": material.id, "lot": None, "was": None}
    draft.fact(FactKind.MATERIAL_LOADED, unit.number, detail=detail)
    values = {"unit": unit.number, "material": material.name, "station": step.station.name}
    said = Words(words.PART_LOADED, values)
    return Verdict(Status.APPLIED, said, Signal.OK, action=Action.MATERIAL_LOADED, subject=unit.number, undo=True)


def _set_stock(draft: Draft, context: Remembered, name: str, entries: Sequence[Mapping[str, Any]]) -> None:
    stock = {**(context.stock or NOTHING), name: entries}
    draft.remember(context._replace(stock=stock))
    draft.booked.append(Load(len(draft.facts), context.station_id, stock))


GOODS_ACTS: Final[Mapping[GoodsAct, Callable[[Draft, GoodsStep], Verdict]]] = {
    GoodsAct.RECEIVE: receive,
    GoodsAct.COUNT: count,
    GoodsAct.LOAD: load,
}


def take_back_load(draft: Draft, fact: NewFact) -> None:
    """The lot that was at hand before is at hand again, unless another one came since."""
    if fact.kind is not FactKind.MATERIAL_LOADED or fact.station_id is None:
        return
    context, product_id = draft.context(fact.station_id), fact.told["product_id"]
    if "unit" in fact.told:
        left = [one for one in units_in(context.stock) if one["number"] != fact.told["unit"]]
        _set_stock(draft, context, "units", left)
        return
    before = list(materials_in(context.stock))
    present = next((one for one in before if one["product_id"] == product_id), None)
    if present is None or present["lot"] != (fact.told["lot"] or ""):
        return
    was = fact.told["was"]
    materials = [one for one in before if one["product_id"] != product_id] + ([was] if was is not None else [])
    _set_stock(draft, context, "materials", materials)


def _book(draft: Draft, step: GoodsStep) -> None:
    assert step.place is not None
    draft.booked.append(Booking(len(draft.facts), step.act, step.material, step.lot, step.place, step.quantity))


def _fact(draft: Draft, step: GoodsStep, kind: FactKind, **more: Any) -> None:
    detail = {"lot": step.lot or None, "uom": step.material.uom, **more}
    if step.place is not None:
        detail["location"] = step.place.key
    quantity = None if step.act is GoodsAct.LOAD else step.quantity
    draft.fact(kind, step.material.sku, quantity=quantity, detail=detail)


def _applied(step: GoodsStep, template: str, action: Action) -> Verdict:
    values = {
        "quantity": f"{step.quantity:f}",
        "material": step.material.name,
        "lot": step.lot or Words(words.NO_LOT),
        "place": step.place.name if step.place is not None else "",
        "station": step.station.name,
    }
    return Verdict(
        Status.APPLIED, Words(template, values), Signal.OK, action=action, subject=step.material.sku, undo=True
    )
