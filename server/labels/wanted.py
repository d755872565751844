"""Which labels somebody asks for, by kind and number, and the labels themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session

from orderlight.autoid.digital_link import make_link
from orderlight.autoid.elements import Elements
from server.catalog.measures import measure
from server.errors import NotFound
from server.labels import repository, sheets
from server.labels.designs import ID_CARD, LARGE, SMALL, box_label, card_label, goods_label, product_label, unit_label
from server.labels.goods import lot_label, require_lot
from server.labels.layout import Label
from server.messages import translate as _
from server.parties.repository import site


class LabelKind(StrEnum):
    """What a label is for; `work_order` asks for those of all its units."""

    UNIT = "unit"
    WORK_ORDER = "work_order"
    BOX = "box"
    PRODUCT = "product"
    LOT = "lot"
    STATION = "station"
    COMMAND = "command"
    REASON = "reason"
    LOCATION = "location"
    BADGE = "badge"


#: Cards may be asked for all at once.
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Asked:
    """Labels asked for: `reference` is a number, a sku, sku/lot, what a card's code says, or `all` cards of a kind."""

    kind: LabelKind
    reference: str
    #: Where the Digital Links of our products lead.
    stem: str
    #: The name of a command in the reader's language.
    command_name: Callable[[str], str] = str
    #: Of a lot, how much is in what its label is put on.
    quantity: Decimal | None = None


def make_labels(session: Session, asked: Asked) -> list[Label]:
    """The labels, at least one; raises NotFound."""
    makers = {
        LabelKind.UNIT: _unit,
        LabelKind.WORK_ORDER: _work_order,
        LabelKind.BOX: _box,
        LabelKind.PRODUCT: _product,
        LabelKind.LOT: _lot,
    }
    found = makers.get(asked.kind, _cards)(session, asked)
    if not found:
        raise NotFound
    return found


def _unit(session: Session, asked: Asked) -> list[Label]:
    work_order = repository.find_work_order_of(session, asked.reference)
    if work_order is None:
        raise NotFound
    return _units(sheets.make_unit_labels(session, work_order, only=asked.reference), asked.stem)


def _work_order(session: Session, asked: Asked) -> list[Label]:
    return _units(sheets.make_unit_labels(session, asked.reference), asked.stem)


def _units(found: sheets.UnitLabels, stem: str) -> list[Label]:
    links = [make_link(Elements(label.elements), stem=stem) for label in found.labels]
    return [unit_label(found.head, label, link) for label, link in zip(found.labels, links, strict=True)]


def _box(session: Session, asked: Asked) -> list[Label]:
    return [box_label(sheets.make_box_label(session, asked.reference), site(session).name)]


def _product(session: Session, asked: Asked) -> list[Label]:
    product = repository.find_product(session, asked.reference)
    if product is None:
        raise NotFound
    elements = Elements((("01", product.gtin),) if product.gtin else ())
    return [product_label(product.name, product.sku, product.gtin, make_link(elements, stem=asked.stem))]


def _lot(session: Session, asked: Asked) -> list[Label]:
    sku, _stroke, lot = asked.reference.partition("/")
    product = repository.find_product(session, sku)
    if product is None:
        raise NotFound
    require_lot(lot)
    label = lot_label(name=product.name, sku=product.sku, gtin=product.gtin, lot=lot, quantity=asked.quantity)
    return [goods_label(label, _(measure(product.uom)))]


def _cards(session: Session, asked: Asked) -> list[Label]:
    is_badge = asked.kind is LabelKind.BADGE
    cards = sheets.make_badges(session) if is_badge else sheets.make_station_cards(session)
    wanted = [card for card in cards if card.kind == asked.kind and asked.reference in (ALL, card.symbol.text)]
    fits = all(card.symbol.width_mm <= SMALL[0] for card in wanted)
    size = ID_CARD if is_badge else SMALL if fits else LARGE
    names = [asked.command_name(card.name) if card.kind == LabelKind.COMMAND else card.name for card in wanted]
    return [card_label(card, name, size) for card, name in zip(wanted, names, strict=True)]
