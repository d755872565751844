"""Goods by scan: received, counted, taken to hand, used by what is made, taken back, and found again."""

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from orderlight.autoid import OwnCode, check_digit
from server.catalog.models import Product
from server.catalog.schemas import BomLineBody, ProductIn, RoutingStepBody
from server.catalog.service import create_product
from server.erp.floor.schemas import ReadPointIn
from server.erp.floor.service import create_read_point
from server.erp.orders.models import SalesOrder
from server.erp.orders.release import release_order
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.erp.orders.service import confirm_order, create_order
from server.erp.production.for_stock import make_for_stock
from server.erp.production.models import Identifier, Unit
from server.erp.production.schemas import StockWorkIn
from server.erp.stock import genealogy, service
from server.erp.stock.came import unreceived
from server.erp.stock.models import StockBalance, StockItem, StockLocation, StockMove
from server.erp.stock.schemas import LocationIn, MoveIn
from server.ingest.door import Door
from server.ingest.inbox import Repair, resolve
from server.ingest.rebuild import rebuild
from server.journal.models import Fact
from server.tracking.states import Context

STORE = str(OwnCode("L", "STOREA"))


def gtin(item: int) -> str:
    """A GTIN of a supplier."""
    digits = f"0061414{item:06d}"
    return digits + check_digit(digits)


TUBE, BOLT, GLUE = gtin(1), gtin(2), gtin(3)


def label(code: str, lot: str = "", quantity: str = "") -> str:
    """The element string of a material's label."""
    text = f"]C101{code}" + (f"10{lot}" if lot else "")
    return text + (("\x1d" if lot else "") + f"37{quantity}" if quantity else "")


@pytest.fixture
def hall(plant: Any, tools: Any) -> Any:
    """The plant with two materials, places for them, and an order whose three units take both."""

    def work(session: Session) -> list[str]:
        about: dict[str, Any] = {"actor": "test", "now": tools.start}
        for key in ("store-a", "line"):
            service.create_location(session, LocationIn(key=key, name=key.title()), **about)
        for sku, code in (("TUBE", TUBE), ("BOLT", BOLT), ("GLUE", GLUE)):
            body = ProductIn(sku=sku, name=sku.title(), gtin=code, tracking="none", made=False)
            create_product(session, body, **about)
        steps = [RoutingStepBody(name=key.title(), work_center=key, run_minutes=Decimal(1)) for key in ("cut", "weld")]
        parts = [
            BomLineBody(component="TUBE", quantity=Decimal(4), scrap_percent=Decimal(5)),
            BomLineBody(component="BOLT", quantity=Decimal(2)),
        ]
        create_product(session, ProductIn(sku="RACK", name="Rack", routing=steps, bom=parts), **about)
        for context in (Context.RECEIVE, Context.COUNT):
            point = ReadPointIn(key=f"cut-{context.value}", name="Goods", station="cut", context=context)
            create_read_point(session, point, **about)
        customer = plant.customers["Aurora Bikes"]
        line = OrderLineIn(product="RACK", quantity=Decimal(3))
        order = create_order(session, OrderIn(customer=customer, lines=[line]), **about)
        confirm_order(session, order, **about)
        release_order(session, order, **about)
        return list(session.scalars(select(Unit.number).where(Unit.order_id == order.id).order_by(Unit.id)))

    plant.racks = plant.database.write(work)
    return plant


def receive(hall: Any, sku: str, lot: str, quantity: int, place: str = "store-a") -> None:
    """Goods that came in before."""
    body = MoveIn(product=sku, kind="receipt", quantity=Decimal(quantity), target=place, lot=lot or None)
    hall.database.write(lambda session: service.move_stock(session, body, actor="test", now=hall.now) and None)


def lying(hall: Any) -> dict[tuple[str, str], str]:
    """What lies where, by place and lot."""
    statement = select(StockLocation.key, StockBalance.lot, StockBalance.quantity).join(
        StockLocation, StockLocation.id == StockBalance.location_id
    )
    return {(row[0], row[1]): f"{row[2].normalize():f}" for row in hall.rows(statement)}


def moves(hall: Any) -> list[tuple[str, str, str]]:
    """Kind, lot and quantity of each move."""
    statement = select(StockMove.kind, StockMove.lot, StockMove.quantity).order_by(StockMove.id)
    return [(row[0], row[1], f"{row[2].normalize():f}") for row in hall.rows(statement)]


def test_goods_are_received_and_counted_where_the_location_was_scanned(hall: Any, tools: Any) -> None:
    # Given a location, scanned at the station
    there = hall.scan(STORE)

    # When two labels are received, one by card and one at a receiving reader, and one lot is counted
    hall.scan(tools.card("RECEIVE"))
    first = hall.scan(label(TUBE, "T1", "24"))
    second = hall.scan(label(TUBE, "T1", "6"), "cut-receive")
    counted = hall.scan(label(TUBE, "T1", "28"), "cut-count")

    # Then each is said in words, and the lot lies there as it was counted
    assert there.say.startswith("Goods scanned at Cut lie at Store-A from now on.")
    assert first.say == "24 of Tube received at Store-A, T1."
    assert (first.action, first.subject, first.undo) == ("material_received", "TUBE", True)
    assert (second.action, counted.action) == ("material_received", "material_counted")
    assert lying(hall) == {("store-a", "T1"): "28"}
    assert [kind for kind, _, _ in moves(hall)] == ["receipt", "receipt", "count"]
    move = hall.one(StockMove, kind="count")
    assert hall.one(Fact, id=move.fact_id).kind == "material_counted"


def test_goods_that_cannot_be_booked_are_answered_and_kept(hall: Any) -> None:
    hall.scan(STORE)

    answers = [
        hall.scan(label(gtin(9), "T1", "3"), "cut-receive"),
        hall.scan(label(TUBE, "T1", "0"), "cut-receive"),
        hall.scan(str(OwnCode("L", "NOWHERE")), "cut-receive"),
        hall.scan(label(TUBE, "T1"), "cut-count"),
    ]

    kept = ["unknown_material", "impossible_quantity", "unknown_location"]
    assert [answer.reason for answer in answers] == [*kept, "no_quantity"]
    assert [answer.status.value for answer in answers] == ["quarantined"] * 3 + ["refused"]
    assert [entry.reason for entry in hall.inbox()] == kept
    assert moves(hall) == []


def test_an_unknown_material_is_received_once_it_exists_and_the_read_is_judged_again(hall: Any, tools: Any) -> None:
    hall.scan(STORE)
    hall.scan(label(gtin(9), "N1", "3"), "cut-receive")
    (waiting,) = hall.inbox()

    def add(session: Session) -> None:
        body = ProductIn(sku="NEW", name="New", gtin=gtin(9), tracking="none", made=False)
        create_product(session, body, actor="test", now=tools.start)

    hall.database.write(add)
    door = Door(actor="user:anna")
    answer = hall.database.write(lambda session: resolve(session, waiting.id, Repair(), door=door, now=hall.now))

    assert answer.action == "material_received"
    assert lying(hall) == {("store-a", "N1"): "3"}


def test_without_a_location_nothing_is_booked_and_a_unit_is_no_material(hall: Any, tools: Any) -> None:
    nowhere = hall.scan(label(TUBE, "T1", "3"), "cut-receive")
    unit = hall.scan(tools.code(hall.racks[0]), "cut-receive")

    assert (nowhere.reason, unit.reason) == ("no_location", "not_a_material")
    assert moves(hall) == []


def test_a_lot_at_hand_goes_into_what_is_made_there_and_the_rest_with_the_last_step(hall: Any, tools: Any) -> None:
    # Given tubes in two lots, bolts without any, and the first lot at hand at the saw
    receive(hall, "TUBE", "T1", 100)
    receive(hall, "TUBE", "T2", 100)
    receive(hall, "BOLT", "", 50, "line")
    hall.through(hall.racks[0], "cut-start")
    loaded = hall.scan(label(TUBE, "T1"))

    # When two racks are cut, the lot changes, and one more is; then the first is welded
    batch = [hall.event(tools.code(number)) for number in hall.racks[:2]]
    hall.send(*batch, hall.event(label(TUBE, "T2")), hall.event(tools.code(hall.racks[2])))
    hall.through(hall.racks[0], "weld-end")

    # Then each took its share of the lot of its moment, with what is lost on the way, and bolts came at the end
    assert loaded.say == "Tube, lot T1, is at hand at Cut. What is made here uses it from now on."
    assert lying(hall) == {("store-a", "T1"): "91.6", ("store-a", "T2"): "95.8", ("line", ""): "48"}
    first = hall.unit(hall.racks[0])
    with hall.database.read() as session:
        used = [(one.sku, one.lot, one.station) for one in genealogy.materials_of(session, first.id)]
        product = session.scalars(select(StockMove.product_id).where(StockMove.lot == "T1")).first() or 0
        held = genealogy.holders(session, product, "T1")[0]
        orders = genealogy.orders_holding(session, product, "T1")
    assert used == [("BOLT", "", "Weld"), ("TUBE", "T1", "Cut")]
    assert [(one.unit, one.where) for one in held] == [(hall.racks[0], "made"), (hall.racks[1], "in_work")]
    assert [(one.customer_name, one.units) for one in orders] == [("Aurora Bikes", {"made": 1, "in_work": 1})]
    assert hall.database.write(rebuild).differences == ()


def test_a_lot_that_was_never_received_is_taken_to_hand_with_a_warning_and_listed(hall: Any, tools: Any) -> None:
    # Given tubes that are counted, and another lot that somebody brought past the warehouse
    receive(hall, "TUBE", "T1", 100)
    hall.through(hall.racks[0], "cut-start")

    # When that lot is taken to hand and used, and taken to hand once more
    first = hall.scan(label(TUBE, "T9"))
    hall.scan(tools.code(hall.racks[0]))
    second = hall.scan(label(TUBE, "T9"))

    # Then work goes on, with a warning in words, in the journal, and where stock is listed
    said = "Tube, lot T9, is at hand at Cut, but nothing of this lot was received. Go on, tell the warehouse."
    assert (first.say, first.signal.value, first.status.value) == (said, "warn", "applied")
    assert (first.action, first.undo, second.say) == ("material_loaded", True, said)
    assert lying(hall)["store-a", "T9"] == "-4.2"
    assert hall.rows(select(Fact.detail).where(Fact.kind == "material_loaded"))[0][0]["received"] is False
    with hall.database.read() as session:
        (listed,) = unreceived(session)
    assert (listed.sku, listed.lot, listed.station) == ("TUBE", "T9", "Cut")

    # And once its receipt is booked it is listed no longer, and taken without a word about it
    receive(hall, "TUBE", "T9", 10)
    with hall.database.read() as session:
        assert unreceived(session) == []
    assert (hall.scan(label(TUBE, "T9")).signal.value, hall.station("cut").stock["materials"][0]["lot"]) == ("ok", "T9")
    assert hall.database.write(rebuild).differences == ()


def test_what_was_used_and_given_back_is_not_received(hall: Any, tools: Any) -> None:
    receive(hall, "TUBE", "T1", 100)
    hall.through(hall.racks[0], "cut-start")
    hall.scan(label(TUBE, "T9"))
    hall.scan(tools.code(hall.racks[0]))

    hall.scan(tools.card("UNDO"))

    assert lying(hall)["store-a", "T9"] == "0"
    assert hall.scan(label(TUBE, "T9")).signal.value == "warn"


def test_a_receipt_that_was_undone_is_none(hall: Any, tools: Any) -> None:
    receive(hall, "TUBE", "T1", 100)
    hall.through(hall.racks[0], "cut-start")
    hall.scan(STORE)
    hall.scan(label(TUBE, "T9", "5"), "cut-receive")

    hall.scan(tools.card("UNDO"), "cut-receive")
    loaded = hall.scan(label(TUBE, "T9"))

    assert (loaded.action, loaded.signal.value) == ("material_loaded", "warn")
    with hall.database.read() as session:
        assert [(one.lot, one.station) for one in unreceived(session)] == [("T9", "Cut")]

    # And a receipt that is booked after it counts
    receive(hall, "TUBE", "T9", 5)
    with hall.database.read() as session:
        assert unreceived(session) == []


def test_a_lot_is_received_and_taken_to_hand_in_one_batch_without_a_warning(hall: Any) -> None:
    receive(hall, "TUBE", "T1", 100)
    hall.through(hall.racks[0], "cut-start")
    hall.scan(STORE)

    hall.send(hall.event(label(TUBE, "T9", "5"), "cut-receive"), hall.event(label(TUBE, "T9")))

    (entry,) = hall.station("cut").stock["materials"]
    assert (entry["lot"], "received" in entry) == ("T9", False)


def test_of_what_is_not_counted_nobody_says_that_it_was_not_received(hall: Any) -> None:
    hall.through(hall.racks[0], "cut-start")

    taken = hall.scan(label(TUBE, "T9"))

    assert (taken.signal.value, taken.say) == (
        "ok", "Tube, lot T9, is at hand at Cut. What is made here uses it from now on.",
    )  # fmt: skip


def test_material_for_the_next_order_is_taken_where_only_the_end_of_work_is_read(hall: Any, tools: Any) -> None:
    # Given a station where another order is in work, which takes no tube, and a lot for racks that nobody has begun
    receive(hall, "TUBE", "T7", 100)
    hall.through(next(iter(hall.orders.values()))[0], "cut-end")

    # When the lot is scanned there before the first rack is done
    taken = hall.scan(label(TUBE, "T7"))
    hall.through(hall.racks[0], "cut-end")

    # Then it goes into that rack with its lot
    assert taken.action == "material_loaded"
    assert ("backflush", "T7", "4.2") in moves(hall)

    # And where a start is read, what has begun decides
    hall.through(next(iter(hall.orders.values()))[1], "cut-start")
    assert hall.scan(label(GLUE, "G1"), "cut-start").reason == "wrong_material"


def test_what_the_work_here_does_not_take_is_refused(hall: Any) -> None:
    hall.through(hall.racks[0], "cut-start")

    wrong = hall.scan(label(GLUE, "G1"))
    idle = hall.scan(label(TUBE, "T1"), "ship-ship")

    number = hall.sql("SELECT number FROM work_order ORDER BY id DESC")[0][0]
    assert (wrong.reason, wrong.say) == (
        "wrong_material", f"GLUE, lot G1, is not used here: {number} takes no such material. Put it back.",
    )  # fmt: skip
    assert idle.reason == "wrong_material"
    assert hall.station("cut").stock is None


def test_undo_takes_the_moves_back_by_counter_moves(hall: Any, tools: Any) -> None:
    # Given a rack that took of a lot, and goods that were received
    receive(hall, "TUBE", "T1", 100)
    hall.through(hall.racks[0], "cut-start")
    hall.scan(label(TUBE, "T1"))
    hall.scan(tools.code(hall.racks[0]))
    hall.scan(STORE)
    hall.scan(label(TUBE, "T1", "7"), "cut-receive")

    # When both are taken back one after the other
    undone = [hall.scan(tools.card("UNDO")) for _ in range(2)]

    # Then the books stand where they stood, and every move is still there with its counter-move
    assert [answer.action for answer in undone] == ["reversed"] * 2
    assert lying(hall) == {("store-a", "T1"): "100"}
    assert moves(hall)[1:] == [
        ("backflush", "T1", "4.2"), ("receipt", "T1", "7"), ("receipt", "T1", "7"), ("backflush", "T1", "4.2"),
    ]  # fmt: skip
    with hall.database.read() as session:
        assert genealogy.materials_of(session, hall.unit(hall.racks[0]).id) == []
    # And the rack, done again, takes its share again; taken to hand can be taken back, too.
    hall.scan(tools.code(hall.racks[0]))
    assert lying(hall) == {("store-a", "T1"): "95.8"}


def test_a_scan_and_its_undo_in_one_batch_book_nothing(hall: Any, tools: Any) -> None:
    receive(hall, "TUBE", "T1", 100)
    hall.through(hall.racks[0], "cut-start")
    hall.scan(label(TUBE, "T1"))

    hall.send(hall.event(tools.code(hall.racks[0])), hall.event(tools.card("UNDO")))

    assert lying(hall) == {("store-a", "T1"): "100"}
    taken = hall.scan(tools.card("UNDO"))
    assert (taken.action, taken.subject) == ("reversed", "TUBE")
    assert hall.station("cut").stock["materials"] == []


def test_a_unit_from_stock_is_built_into_the_next_piece_and_comes_out_with_undo(hall: Any, tools: Any) -> None:
    # Given a bolt of our own in stock
    receive(hall, "BOLT", "", 50, "line")
    hall.database.write(lambda session: in_stock(session, "9001"))
    hall.through(hall.racks[0], "cut-start")

    # When it is taken to hand, and a rack is cut
    loaded = hall.scan(tools.code("U-9001"), "cut-end")
    again = hall.scan(tools.code("U-9001"), "cut-end")
    hall.scan(tools.code(hall.racks[0]))

    # Then it is consumed by the rack, and found there; nothing is at hand any more
    rack = hall.unit(hall.racks[0])
    assert loaded.say == "U-9001, Bolt, is at hand at Cut. The next piece that is done here takes it in."
    assert again.reason == "already_done"
    assert (hall.unit("U-9001").state, hall.unit("U-9001").parent_id) == ("consumed", rack.id)
    assert hall.station("cut").stock["units"] == []
    with hall.database.read() as session:
        assert [part.number for part in genealogy.parts_in(session, rack.id)] == ["U-9001"]
    assert hall.database.write(rebuild).differences == ()

    # And when the scan is taken back, it lies in stock again
    assert hall.scan(tools.card("UNDO")).action == "reversed"
    assert (hall.unit("U-9001").state, hall.unit("U-9001").parent_id) == ("in_stock", None)
    assert lying(hall) == {("line", ""): "50"}
    assert hall.database.write(rebuild).differences == ()

    # And it can be taken to hand and built in once more
    assert hall.scan(tools.code("U-9001"), "cut-end").say == loaded.say
    hall.scan(tools.code(hall.racks[0]))
    assert (hall.unit("U-9001").state, hall.unit("U-9001").parent_id) == ("consumed", rack.id)


def test_a_unit_made_for_stock_is_booked_in_built_in_and_found_by_the_lot_in_it(hall: Any, tools: Any) -> None:
    # Given brackets made for stock of a lot of tube, and a stand of one bracket that somebody ordered
    receive(hall, "TUBE", "T1", 100)
    bracket, stand = hall.database.write(lambda session: brackets(session, hall, tools))
    hall.through(bracket, "cut-start")
    hall.scan(label(TUBE, "T1"))
    hall.scan(STORE)

    # When the bracket is made, taken to hand, and the stand is made
    made = hall.scan(tools.code(bracket))
    assert made.status.value == "applied", made
    assert lying(hall)["store-a", ""] == "1"
    hall.scan(tools.code(bracket), "weld-end")
    hall.scan(tools.code(stand), "weld-end")

    # Then the bracket is gone from the shelf, and whoever asks for the lot is led to the order of the stand
    assert lying(hall)["store-a", ""] == "0"
    with hall.database.read() as session:
        product = session.scalars(select(Product.id).where(Product.sku == "TUBE")).one()
        (held,) = genealogy.holders(session, product, "T1")[0]
        (order,) = genealogy.orders_holding(session, product, "T1")
    assert (held.unit, held.inside, held.where) == (bracket, stand, "made")
    assert (held.order, order.customer_name, order.units) == (order.order, "Aurora Bikes", {"made": 1})
    assert hall.database.write(rebuild).differences == ()

    # And where the stand was built into a unit, and that into another, the last of them says whose it is and where
    with hall.database.read() as session:
        whole = session.scalars(select(Unit).where(Unit.number == hall.racks[0])).one()
        middle = session.scalars(select(Unit).where(Unit.number == hall.racks[1])).one()
        at = session.scalars(select(Unit).where(Unit.number == stand)).one()
        at.state, at.parent_id = "consumed", middle.id
        middle.state, middle.parent_id = "consumed", whole.id
        session.flush()
        (held,) = genealogy.holders(session, product, "T1")[0]
        assert (held.inside, held.where) == (hall.racks[0], "in_work")
        whole.state, whole.parent_id = "consumed", at.id
        session.flush()
        (held,) = genealogy.holders(session, product, "T1")[0]
        assert (held.inside, held.where) == (None, "built_in")
        session.rollback()

    # And when the stand is taken back, the bracket lies there again
    assert hall.scan(tools.card("UNDO"), "weld-end").action == "reversed"
    assert lying(hall)["store-a", ""] == "1"


def brackets(session: Session, hall: Any, tools: Any) -> tuple[str, str]:
    """A bracket in the making for stock, and a stand that takes one."""
    about: dict[str, Any] = {"actor": "test", "now": tools.start}
    for sku, part, center in (("BRACKET", "TUBE", "cut"), ("STAND", "BRACKET", "weld")):
        steps = [RoutingStepBody(name=center.title(), work_center=center, run_minutes=Decimal(1))]
        bom = [BomLineBody(component=part, quantity=Decimal(1))]
        create_product(session, ProductIn(sku=sku, name=sku.title(), routing=steps, bom=bom), **about)
    work = make_for_stock(session, StockWorkIn(product="BRACKET", quantity=Decimal(1)), **about)
    line = OrderLineIn(product="STAND", quantity=Decimal(1))
    order = create_order(session, OrderIn(customer=hall.customers["Aurora Bikes"], lines=[line]), **about)
    confirm_order(session, order, **about)
    release_order(session, order, **about)
    bracket = session.scalars(select(Unit.number).where(Unit.work_order_id == work.id)).one()
    return bracket, session.scalars(select(Unit.number).where(Unit.order_id == order.id)).one()


def in_stock(session: Session, number: str) -> None:
    """A unit that nobody ordered."""
    product = session.scalars(select(Product).where(Product.sku == "BOLT")).one()
    unit = Unit(number=f"U-{number}", kind="serial", product_id=product.id, state="in_stock")
    session.add(unit)
    session.flush()
    session.add(Identifier(scheme="own", value=f"ol:U{number}", unit_id=unit.id, active=True))


def test_a_balance_may_fall_below_zero_and_then_asks_to_be_counted(hall: Any, tools: Any) -> None:
    receive(hall, "TUBE", "T1", 3)
    hall.through(hall.racks[0], "cut-start")
    hall.scan(label(TUBE, "T1"))

    done = hall.scan(tools.code(hall.racks[0]))

    assert done.status.value == "applied"
    assert lying(hall) == {("store-a", "T1"): "-1.2"}


def test_where_no_material_is_counted_nothing_is_booked(hall: Any, tools: Any) -> None:
    for number in hall.racks:
        hall.through(number, "cut-end", "weld-end")

    assert moves(hall) == []
    assert hall.count(StockItem) == 0
    assert [row[0] for row in hall.rows(select(Fact.kind).where(Fact.kind == "material_used"))] == []
    assert hall.one(SalesOrder, number=hall.sql("SELECT number FROM sales_order ORDER BY id DESC")[0][0]).fulfilment
