"""Invoices from what was shipped, payments, and what an order shows of them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from orderlight.autoid import Sscc
from server.db import Database
from server.erp.billing.models import Invoice
from server.erp.logistics.models import HandlingUnit, Shipment
from server.erp.orders.models import OrderLine, SalesOrder
from server.erp.orders.pricing import price_order
from server.erp.orders.repository import order as find_order
from server.erp.production.models import Unit
from server.erp.seed import DemoWorld
from server.journal.models import Fact
from server.parties.models import Site
from server.parties.repository import site
from server.settings.clock import utc_now

CALLERS = 4


def ship(session: Session, order: SalesOrder, number: str, units: slice) -> None:
    """A box with these units of the order has left with a shipment, as scans leave it."""
    box = Unit(number=f"HU-{number}", kind="container", state="shipped")
    shipment = Shipment(
        number=f"SH-{number}", order_id=order.id, state="shipped", created_at=utc_now(), shipped_at=utc_now()
    )
    session.add_all([box, shipment])
    session.flush()
    sscc = Sscc.make(site(session).gs1_company_prefix, box.id).value
    session.add(
        HandlingUnit(
            id=box.id, number=box.number, sscc=sscc, order_id=order.id, state="shipped",
            opened_at=utc_now(), shipment_id=shipment.id,
        )
    )  # fmt: skip
    ids = session.scalars(select(Unit.id).where(Unit.order_line_id.is_not(None), Unit.order_id == order.id)).all()
    moved = {"state": "shipped", "step": None, "parent_id": box.id}
    session.execute(update(Unit).where(Unit.id.in_(sorted(ids)[units])).values(moved))


@pytest.fixture
def finance(signed_in: Callable[..., httpx.Client]) -> httpx.Client:
    """Somebody who asks for money."""
    return signed_in("finance")


@pytest.fixture
def order(world: DemoWorld, database: Database) -> SalesOrder:
    """Eight boarding steps for 240.00 each and 19 % tax: five have left with SH-1, three with SH-2."""
    found = world.orders[2]

    def work(session: Session) -> None:
        known = find_order(session, found.number)
        assert known is not None
        known.lines[0].unit_price, known.lines[0].tax_percent = Decimal(240), Decimal(19)
        price_order(known)
        ship(session, found, "1", slice(0, 5))
        ship(session, found, "2", slice(5, 8))

    database.write(work)
    return found


def make(finance: httpx.Client, *shipments: str) -> str:
    """The number of an issued invoice."""
    made = finance.post("/api/v1/invoices", json={"shipments": list(shipments)})
    assert made.status_code == 201, made.text
    number: str = made.json()["number"]
    assert finance.post(f"/api/v1/invoices/{number}/issue").status_code == 200
    return number


def pay(finance: httpx.Client, world: DemoWorld, amount: str, **more: object) -> httpx.Response:
    customer = world.customers["Kestrel Rail"].number
    return finance.post("/api/v1/payments", json={"customer": customer, "amount": amount, **more})


def billing(client: httpx.Client, order: SalesOrder) -> str:
    return str(client.get(f"/api/v1/orders/{order.number}").json()["billing"])


def test_an_invoice_holds_what_left_with_its_shipment_and_the_order_follows(
    finance: httpx.Client, order: SalesOrder, world: DemoWorld, database: Database
) -> None:
    draft = finance.post("/api/v1/invoices", json={"shipments": ["SH-1"], "note": "Thank you."}).json()
    before = billing(finance, order)
    issued = finance.post(f"/api/v1/invoices/{draft['number']}/issue").json()

    assert (draft["state"], draft["net"], draft["tax"], draft["gross"]) == ("draft", "1200", "228", "1428")
    assert [(line["product"], line["quantity"], line["net"]) for line in draft["lines"]] == [("STEP-RAIL", "5", "1200")]
    assert before == "none"
    assert (issued["state"], issued["open"], issued["orders"]) == ("issued", "1428", [order.number])
    assert billing(finance, order) == "partial"
    make(finance, "SH-2")
    assert billing(finance, order) == "invoiced"
    with database.read() as session:
        told = session.scalars(select(Fact.kind).where(Fact.order_id == order.id).order_by(Fact.id)).all()
    assert told[-2:] == ["invoice_issued", "invoice_issued"]


def test_the_due_day_follows_the_terms_and_overdue_follows_the_clock(
    finance: httpx.Client, order: SalesOrder, database: Database
) -> None:
    number = make(finance, "SH-1", "SH-2")
    on_time = finance.get(f"/api/v1/invoices/{number}").json()

    late = timedelta(days=46)
    database.write(
        lambda session: session.execute(
            update(Invoice).values(due_on=session.scalars(select(Invoice)).one().due_on - late)  # type: ignore[operator]
        )
    )
    overdue = finance.get(f"/api/v1/invoices/{number}").json()

    assert (on_time["overdue"], on_time["orders"]) == (False, [order.number])
    assert overdue["overdue"] is True
    assert billing(finance, order) == "overdue"
    assert [each["number"] for each in finance.get("/api/v1/invoices?overdue=true").json()["items"]] == [number]
    assert finance.get("/api/v1/invoices?overdue=false").json()["items"] == []


def test_payments_are_spread_and_what_is_too_much_is_credit(
    finance: httpx.Client, order: SalesOrder, world: DemoWorld
) -> None:
    customer = world.customers["Kestrel Rail"].number
    before = finance.get(f"/api/v1/customers/{customer}/credit").json()
    first, second = make(finance, "SH-1"), make(finance, "SH-2")
    asked = finance.get(f"/api/v1/customers/{customer}/credit").json()

    partly = pay(finance, world, "1000.00", reference="Transfer 1").json()
    more = pay(finance, world, "1500", allocations=[{"invoice": first, "amount": "428"}]).json()
    states = {each["number"]: each["state"] for each in finance.get("/api/v1/invoices").json()["items"]}
    used = finance.post(f"/api/v1/invoices/{second}/use-credit").json()

    assert (partly["allocations"], partly["unallocated"]) == ([{"invoice": first, "amount": "1000"}], "0")
    assert more["unallocated"] == "1072"
    assert states == {first: "paid", second: "issued"}
    assert (used["state"], used["open"]) == ("paid", "0")
    assert billing(finance, order) == "paid"
    # What is invoiced moves from one part of the exposure to the other.
    assert asked["open_invoices"] == "2284.8"
    assert asked["exposure"] == before["exposure"]
    after = finance.get(f"/api/v1/customers/{customer}/credit").json()
    assert (after["unallocated"], after["open_invoices"]) == ("215.2", "0")


def test_a_reversal_is_a_new_row_and_opens_the_invoice_again(
    finance: httpx.Client, order: SalesOrder, world: DemoWorld
) -> None:
    number = make(finance, "SH-1", "SH-2")
    payment = pay(finance, world, "2284.80").json()["number"]
    paid = billing(finance, order)

    reversal = finance.post(f"/api/v1/payments/{payment}/reverse", json={"reason": "The bank took it back."})
    twice = finance.post(f"/api/v1/payments/{payment}/reverse", json={"reason": "Again."})
    of_reversal = finance.post(f"/api/v1/payments/{reversal.json()['number']}/reverse", json={"reason": "No."})

    assert paid == "paid"
    assert (reversal.json()["amount"], reversal.json()["reverses"]) == ("-2284.8", payment)
    assert finance.get(f"/api/v1/invoices/{number}").json()["open"] == "2284.8"
    assert billing(finance, order) == "invoiced"
    assert finance.get(f"/api/v1/payments/{payment}").json()["reversed_by"] == reversal.json()["number"]
    assert (twice.status_code, of_reversal.status_code) == (409, 409)


def test_a_cancelled_invoice_frees_its_shipment_and_gives_back_what_was_paid(
    finance: httpx.Client, order: SalesOrder, world: DemoWorld
) -> None:
    number = make(finance, "SH-1")
    pay(finance, world, "100")

    cancelled = finance.post(f"/api/v1/invoices/{number}/cancel", json={"reason": "Wrong price."}).json()
    again = make(finance, "SH-1")

    assert (cancelled["state"], cancelled["credit_note"], cancelled["paid"]) == ("cancelled", "CN-1000", "0")
    assert again != number
    used = finance.post(f"/api/v1/invoices/{again}/use-credit").json()
    assert (used["state"], used["paid"]) == ("partially_paid", "100")
    refused = finance.post(f"/api/v1/invoices/{number}/issue")
    assert (refused.status_code, refused.json()["reason"]) == (409, "is_cancelled")


def test_one_shipment_is_invoiced_once_whoever_is_first(
    finance: httpx.Client, order: SalesOrder, database: Database
) -> None:
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(
            pool.map(lambda _: finance.post("/api/v1/invoices", json={"shipments": ["SH-1"]}), range(CALLERS))
        )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (CALLERS - 1)
    assert {answer.json()["reason"] for answer in answers if answer.status_code == 409} == {"already_invoiced"}
    with database.read() as session:
        assert len(session.scalars(select(Invoice.id)).all()) == 1


def test_two_payments_at_once_do_not_pay_one_invoice_twice(
    finance: httpx.Client, order: SalesOrder, world: DemoWorld
) -> None:
    number = make(finance, "SH-1")
    wanted = [{"invoice": number, "amount": "1428"}]

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(lambda _: pay(finance, world, "1428", allocations=wanted), range(CALLERS)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (CALLERS - 1)
    assert finance.get(f"/api/v1/invoices/{number}").json()["paid"] == "1428"


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"amount": "0"}, 422, "amount"),
        ({"amount": "-5"}, 422, "amount"),
        ({"amount": "1e30"}, 422, "amount"),
        ({"amount": "NaN"}, 422, "amount"),
        ({"amount": "0.001"}, 422, "not_in_coins"),
        ({"amount": "10", "currency": "XXQ"}, 422, "currency"),
        ({"amount": "10", "currency": "USD"}, 422, "wrong_currency"),
        ({"amount": "10", "received_on": "2099-01-01"}, 422, "in_future"),
        ({"amount": "10", "allocations": [{"invoice": "INV-1000", "amount": "11"}]}, 422, "too_much"),
        ({"amount": "9999", "allocations": [{"invoice": "INV-1000", "amount": "1428.01"}]}, 409, "more_than_open"),
        ({"amount": "10", "allocations": [{"invoice": "INV-9999", "amount": "1"}]}, 422, "unknown"),
        ({"amount": "10", "customer": "C-999"}, 422, "unknown"),
    ],
)
def test_a_payment_that_cannot_be_is_refused_and_nothing_is_half_done(
    finance: httpx.Client, order: SalesOrder, world: DemoWorld, body: dict[str, object], status: int, told: str
) -> None:
    make(finance, "SH-1")

    answer = pay(finance, world, **body)  # type: ignore[arg-type]

    assert answer.status_code == status, answer.text
    assert told in answer.text
    assert finance.get("/api/v1/payments").json()["items"] == []
    assert finance.get("/api/v1/invoices/INV-1000").json()["open"] == "1428"


def test_what_has_not_left_or_goes_to_somebody_else_is_not_invoiced(
    finance: httpx.Client, order: SalesOrder, world: DemoWorld, database: Database
) -> None:
    def prepare(session: Session) -> None:
        ship(session, world.orders[0], "3", slice(0, 2))
        session.add(Shipment(number="SH-4", order_id=order.id, state="packed", created_at=utc_now()))
        session.add(Shipment(number="SH-5", order_id=order.id, state="shipped", created_at=utc_now()))

    database.write(prepare)

    def ask(*shipments: str) -> tuple[int, str]:
        answer = finance.post("/api/v1/invoices", json={"shipments": list(shipments)})
        return answer.status_code, answer.text

    for shipments, status, told in (
        (("SH-4",), 409, "not_shipped"),
        (("SH-5",), 409, "nothing_shipped"),
        (("SH-1", "SH-3"), 422, "mixed"),
        (("SH-404",), 422, "unknown"),
        ((), 422, "shipments"),
    ):
        got = ask(*shipments)
        assert got[0] == status, got
        assert told in got[1]


def test_a_line_without_a_price_gets_one_before_the_invoice_goes_out(
    finance: httpx.Client, world: DemoWorld, order: SalesOrder, database: Database
) -> None:
    database.write(lambda session: session.execute(update(OrderLine).values(unit_price=None)))
    draft = finance.post("/api/v1/invoices", json={"shipments": ["SH-1"]}).json()
    refused = finance.post(f"/api/v1/invoices/{draft['number']}/issue")
    change = {"lines": [{"position": 1, "unit_price": "10", "discount_percent": "5"}]}
    stale = finance.patch(f"/api/v1/invoices/{draft['number']}", json=change, headers={"If-Match": '"9"'})
    huge = {"lines": [{"position": 1, "unit_price": "999999999999"}]}

    assert (refused.status_code, refused.json()["reason"]) == (409, "no_price")
    assert stale.status_code == 409
    path = f"/api/v1/invoices/{draft['number']}"
    assert finance.patch(path, json=huge, headers={"If-Match": "*"}).status_code == 422
    assert finance.patch(path, json=change, headers={"If-Match": "*"}).json()["gross"] == "56.53"
    assert finance.post(f"{path}/issue").json()["state"] == "issued"


def test_a_retried_request_makes_one_invoice_and_one_payment(
    finance: httpx.Client, order: SalesOrder, world: DemoWorld
) -> None:
    key = {"Idempotency-Key": "once"}
    invoices = [finance.post("/api/v1/invoices", json={"shipments": ["SH-1"]}, headers=key) for _ in range(2)]
    body = {"customer": world.customers["Kestrel Rail"].number, "amount": "5"}
    payments = [finance.post("/api/v1/payments", json=body, headers={"Idempotency-Key": "paid"}) for _ in range(2)]

    assert invoices[0].json() == invoices[1].json()
    assert payments[0].json() == payments[1].json()
    assert len(finance.get("/api/v1/payments").json()["items"]) == 1


def test_a_customer_sees_his_own_invoices_only_where_the_company_shows_them(
    finance: httpx.Client,
    signed_in: Callable[..., httpx.Client],
    order: SalesOrder,
    world: DemoWorld,
    database: Database,
) -> None:
    number = make(finance, "SH-1")
    draft = finance.post("/api/v1/invoices", json={"shipments": ["SH-2"]}).json()["number"]
    owner = signed_in("customer", customer_id=world.customers["Kestrel Rail"].id)
    other = signed_in("customer", customer_id=world.customers["Aurora Bikes"].id)

    def statuses(*who: httpx.Client) -> list[int]:
        return [each.get(f"/api/v1/invoices/{number}").status_code for each in who]

    hidden = statuses(owner, other)
    database.write(lambda session: session.execute(update(Site).values(shows_balance=True)))

    assert hidden == [404, 404]
    assert statuses(owner, other) == [200, 404]
    assert other.get(f"/api/v1/invoices/{number}").json() == other.get("/api/v1/invoices/INV-9999").json()
    assert owner.get(f"/api/v1/invoices/{draft}").status_code == 404
    assert [each["number"] for each in owner.get("/api/v1/invoices").json()["items"]] == [number]
    assert other.get("/api/v1/invoices").json()["items"] == []
    assert owner.post("/api/v1/invoices", json={"shipments": ["SH-2"]}).status_code == 403


@pytest.mark.parametrize(
    ("role", "reads", "writes"), [("sales", 200, 403), ("planner", 403, 403), ("operator", 403, 403)]
)
def test_sales_reads_invoices_and_others_do_not(
    signed_in: Callable[..., httpx.Client], order: SalesOrder, role: str, reads: int, writes: int
) -> None:
    client = signed_in(role)

    assert client.get("/api/v1/invoices").status_code == reads
    assert client.get("/api/v1/payments").status_code == reads
    assert client.post("/api/v1/invoices", json={"shipments": ["SH-1"]}).status_code == writes


def test_a_list_of_invoices_costs_the_same_few_statements(
    finance: httpx.Client, order: SalesOrder, counted: Callable[[], object]
) -> None:
    make(finance, "SH-1")
    with counted() as one:  # type: ignore[attr-defined]
        finance.get("/api/v1/invoices")
    make(finance, "SH-2")
    with counted() as two:  # type: ignore[attr-defined]
        finance.get("/api/v1/invoices")

    assert len(two) == len(one) <= 12
