"""How each kind of label looks: what stands where on it, in millimetres."""

from dataclasses import replace

from server.labels.goods import LotLabel
from server.labels.layout import Draft, Label
from server.labels.matrix import data_matrix, qr
from server.labels.sheets import BoxLabel, Card, Head, UnitLabel
from server.labels.symbols import Symbol, ean_13, gs1_128
from server.messages import translate as _
from server.parties.states import LabelTemplate

#: Width and height in mm: 24 on A4, 8 on A4, an identity card (ISO/IEC 7810, ID-1), A6.
SMALL, LARGE, ID_CARD, A6 = (70.0, 37.0), (105.0, 74.0), (85.6, 54.0), (105.0, 148.0)
#: GS1 General Specifications 5.12.3.3: a module of a logistic label has 0.495 mm at least.
LOGISTIC_MODULE_MM = 0.5


def unit_label(head: Head, label: UnitLabel, link: str | None) -> Label:
    """The label of a unit in the customer's template; `link` is its Digital Link, None without a GTIN."""
    make = _large_unit if head.label_template == LabelTemplate.LARGE else _small_unit
    return make(head, label, link)


def _small_unit(head: Head, label: UnitLabel, _link: str | None) -> Label:
    draft = Draft(*SMALL, label.number)
    draft.say(label.number, 4.4, bold=True)
    draft.beside(_count(label), 3.0)
    draft.say(head.product, 2.5)
    draft.say(" · ".join(filter(None, (head.order, head.customer))), 2.5)
    draft.say(head.label_text or "", 2.8, bold=True)
    draft.y += 0.6
    draft.bars(label.symbol)
    if label.elements:
        code = data_matrix(label.elements)
        room = draft.width_mm - 2 * draft.left - code.width_mm
        draft.say(head.sku, 2.5, width=room)
        draft.say(code.text, 2.5, width=room, lines=2)
        draft.corner(code)
    return draft.done()


def _large_unit(head: Head, label: UnitLabel, link: str | None) -> Label:
    draft = Draft(*LARGE, label.number, left=6, top=5)
    draft.say(head.customer or _("For stock"), 4.4, bold=True, width=70)
    draft.beside(_count(label), 3.4)
    draft.say(label.number, 9, bold=True)
    about = (head.product, head.order or head.work_order, *map(str, head.configuration.values()))
    draft.say(" · ".join(about), 3.2, lines=2)
    draft.say(head.label_text or "", 3.6, bold=True, lines=2)
    draft.y += 1
    draft.bars(label.symbol)
    if label.gs1 is not None:
        draft.y += 0.6
        draft.bars(label.gs1)
    draft.say(head.packaging_rule or "", 3.0, lines=2, width=68)
    if link is not None:
        draft.corner(qr(link))
    return draft.done()


def _count(label: UnitLabel) -> str:
    place = _("%(position)s of %(of)s") % {"position": label.position, "of": label.of}
    if label.pieces is None:
        return place
    return _("%(count)s pieces") % {"count": f"{label.pieces.normalize():f}"} + " · " + place


def box_label(box: BoxLabel, sender: str) -> Label:
    """The logistic label of a box or pallet, A6: who sends, who gets, what is inside, the SSCC below."""
    draft = Draft(*A6, box.number, left=8, top=6)
    draft.say(_("From"), 2.8)
    draft.say(sender, 3.6)
    draft.y += 1
    draft.say(_("To"), 2.8)
    draft.say(box.customer, 7, bold=True, lines=2)
    draft.y += 2
    facts = [(_("Order"), box.order), (_("Your reference"), box.customer_reference), (_("Number"), box.number)]
    facts += [(_("Boxes"), str(len(box.boxes)) if box.boxes else None), (_("Units"), str(len(box.units)))]
    for name, value in facts:
        if value:
            draft.say(f"{name}: {value}", 4)
    for text in box.texts:
        draft.say(text, 5, bold=True, lines=2)
    draft.y += 1
    draft.say("  ".join((*box.boxes, *box.units)), 3, lines=8)
    sscc = replace(box.symbol, module_mm=LOGISTIC_MODULE_MM, height_mm=32.0)
    draft.y = draft.height_mm - draft.top - sscc.height_mm - 5
    draft.bars(sscc, text_mm=3.6)
    return draft.done()


def goods_label(goods: LotLabel, measure: str) -> Label:
    """The label of a lot, and how much of it is inside in this measure."""
    size, name_mm, lot_mm = (LARGE, 4.4, 9.0) if goods.is_large else (SMALL, 3.0, 4.4)
    draft = Draft(*size, goods.lot)
    draft.say(goods.lot, lot_mm, bold=True)
    if goods.quantity is not None:
        draft.beside(f"{goods.quantity} {measure}", name_mm)
    draft.say(f"{goods.name} · {goods.sku}", name_mm, lines=2)
    if goods.symbol is not None:
        draft.y = max(draft.y + 0.6, draft.height_mm - draft.top - goods.symbol.height_mm - 5)
        draft.bars(goods.symbol)
    return draft.done()


def card_label(card: Card, words: str, size: tuple[float, float] = SMALL) -> Label:
    """The card of a station, command, reason, location or person; `words` is what is written large on it."""
    draft = Draft(*size, words)
    draft.y = max(draft.height_mm / 6, draft.top)
    draft.say(words, 6, bold=True, lines=2)
    draft.y = max(draft.y, draft.height_mm - draft.top - card.symbol.height_mm - 5)
    draft.bars(card.symbol)
    return draft.done()


def product_label(name: str, sku: str, gtin: str | None, link: str | None) -> Label:
    """The label of a product as such: EAN-13 where its GTIN is one, else GS1-128, and its Digital Link."""
    draft = Draft(*SMALL, sku)
    draft.say(name, 3.6, bold=True, lines=2)
    draft.say(sku, 2.8)
    if gtin is None:
        return draft.done()
    bars: Symbol = ean_13(gtin, height_mm=11) or gs1_128((("01", gtin),), height_mm=11)
    draft.y = max(draft.y + 0.6, draft.height_mm - draft.top - bars.height_mm - 4)
    draft.bars(bars)
    code = qr(link) if link is not None else None
    if code is not None and draft.left + bars.width_mm + code.width_mm < draft.width_mm:
        draft.corner(code)
    return draft.done()
