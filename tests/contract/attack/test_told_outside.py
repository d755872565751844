"""What a customer's documents hold: of every door he may read, the fields stand here, and no other leaves our house."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from server.erp.billing import service as billing
from server.erp.billing.schemas import InvoiceIn
from server.erp.changes import service as changes
from server.erp.changes.models import ChangeRequest
from server.erp.changes.repository import work_order as find_work_order
from server.erp.changes.rules import Origin
from server.erp.changes.schemas import ChangeIn
from server.erp.changes.schemas import Wanted as Wishes
from server.erp.logistics.models import Shipment
from server.erp.orders import service as orders
from server.erp.orders.schemas import OrderIn, OrderLineIn
from server.parties.models import Customer
from server.parties.repository import site
from server.settings.clock import utc_now

OURS = "Aurora Bikes"
WHO = (f"customer of {OURS}", f"visit of {OURS}")
#: Their names are chosen by us or by him, or are states: what stands below is not walked.
LEAVES = {"configuration", "chosen", "proposal", "units"}

ORDER = """number customer.number customer.name customer_reference lifecycle fulfilment billing on_hold currency
    promise_date prediction.label prediction.at prediction.late_at prediction.computed_at created_at confirmed_at
    released_at moved_at total_net total_tax total_gross units row_version lines.position lines.product lines.name
    lines.quantity lines.unit_price lines.discount_percent lines.tax_percent lines.net lines.configuration
    lines.configuration_summary lines.packaging"""
WORK = """number order product quantity state released_at started_at completed_at row_version operations.step
    operations.name operations.state operations.quantity operations.started operations.good operations.started_at
    operations.completed_at"""
UNIT = """number kind state step position of quantity order work_order product product_name parent held last_seen_at"""
PROOF = """identifiers.scheme identifiers.value identifiers.active inside facts.kind facts.subject facts.step
    facts.observed_at facts.recorded_at"""
BOX = "number sscc kind order state pallet handling_units units opened_at closed_at shipped_at row_version"
SHIPMENT = """number order state carrier tracking_reference created_at shipped_at delivered_at handling_units
    row_version"""
CHANGE = """number order work_order state effectivity origin difference.field difference.before difference.after reason
    created_at submitted_at decided_at decision_reason applied_at acknowledged_at acknowledgements.acknowledged_at
    row_version"""
INVOICE = """number customer.number customer.name state overdue currency net tax gross paid open issued_on due_on note
    orders shipments lines.position lines.product lines.name lines.uom lines.quantity lines.unit_price
    lines.discount_percent lines.tax_percent lines.net cancelled_at cancel_reason credit_note row_version"""
QUOTE = """number customer.number customer.name customer_reference state withdrawn currency total valid_until
    sent_version created_at moved_at order accepted_version accepted_at accepted_by declined_at withdrawn_at
    closing_reason row_version"""
VERSION = """version valid_until note created_at sent_at total lines.position lines.product lines.name lines.quantity
    lines.unit_price lines.discount_percent lines.net_price lines.amount lines.configuration lines.chosen
    lines.wished_date lines.note"""
CASE = "number customer order unit subject state created_at moved_at resolved_at closed_at row_version"
ESTIMATE = "number estimate.label estimate.at estimate.late_at estimate.computed_at"


def below(name: str, fields: str) -> str:
    """The fields of what another document holds under this name."""
    return " ".join(f"{name}.{field}" for field in fields.split())


ALLOWED = {
    "/api/v1/session": """kind actor name role customer_id station_key gateway language must_change_password""",
    "/api/v1/orders": below("items", ORDER),
    "/api/v1/orders/{number}": ORDER,
    "/api/v1/orders/{number}/estimate": ESTIMATE,
    "/api/v1/work-orders": below("items", WORK),
    "/api/v1/work-orders/{number}": WORK,
    "/api/v1/units": below("items", UNIT),
    "/api/v1/units/{reference:path}": f"{UNIT} {PROOF}",
    "/api/v1/handling-units": below("items", BOX),
    "/api/v1/handling-units/{number}": BOX,
    "/api/v1/shipments": below("items", SHIPMENT),
    "/api/v1/shipments/{number}": SHIPMENT,
    "/api/v1/change-requests": below("items", CHANGE),
    "/api/v1/change-requests/{number}": CHANGE,
    "/api/v1/invoices": below("items", INVOICE),
    "/api/v1/invoices/{number}": INVOICE,
    "/api/v1/search": below("items", "kind number title detail order"),
    "/api/v1/quotes": below("items", QUOTE),
    "/api/v1/quotes/{number}": f"{QUOTE} {below('version', VERSION)}",
    "/api/v1/quotes/{number}/versions": below("items", VERSION),
    "/api/v1/quotes/{number}/versions/{version}": VERSION,
    "/api/v1/quotes/{number}/difference": """from to lines valid_until.before valid_until.now total.before total.now""",
    "/api/v1/quotes/{number}/estimate": f"version {ESTIMATE}",
    "/api/v1/quotes/{number}/messages": below("items", "id version side author body proposal created_at"),
    "/api/v1/cases": below("items", CASE),
    "/api/v1/cases/{number}": f"{CASE} {below('messages', 'id side author body at')}",
}


@pytest.fixture(scope="module")
def house_url(sqlite_house_url: str) -> str:
    """What is told does not depend on the engine, so one is enough."""
    return sqlite_house_url


@pytest.fixture(scope="module")
def names(house: Any) -> dict[str, str]:
    """What the customer has, by the collection it stands in; besides: an order above his limit and a draft of ours."""
    values = house.belongings[OURS].values
    found = {
        "orders": values["order"], "work-orders": values["work_order"], "units": values["unit"],
        "handling-units": values["box"], "shipments": values["shipment"], "quotes": values["quote"],
        "cases": values["case"],
    }  # fmt: skip
    return found | house.database.write(lambda session: _more(session, values))


def _more(session: Any, values: dict[str, str]) -> dict[str, str]:
    now = utc_now()
    site(session).shows_balance = True
    session.scalars(select(Shipment).where(Shipment.number == values["shipment"])).one().state = "shipped"
    invoice = billing.create_invoice(session, InvoiceIn(shipments=[values["shipment"]]), actor="user:root", now=now)
    billing.issue_invoice(session, invoice, actor="user:root", now=now)
    session.scalars(select(Customer).where(Customer.number == values["customer"])).one().credit_limit = Decimal(1)
    line = OrderLineIn(product="FRAME-CITY", quantity=Decimal(1))
    held = orders.create_order(session, OrderIn(customer=values["customer"], lines=[line]), actor="user:root", now=now)
    orders.confirm_order(session, held, actor="user:root", now=now)
    work = find_work_order(session, values["work_order"])
    assert work is not None
    asked = []
    for origin in (Origin.CUSTOMER, Origin.SALES):
        body = ChangeIn(work_order=work.number, changes=Wishes(box="BIG"), reason="He is in a hurry.")
        asked.append(changes.create_change(session, work, body, origin=origin, actor="user:root", now=now))
    return {
        "invoices": invoice.number, "held": held.number, "change-requests": asked[0].number, "ours": asked[1].number,
    }  # fmt: skip


def paths(document: Any, before: str = "") -> Iterator[str]:
    """Every field of the document by its way; of lists, of any of their members."""
    if isinstance(document, list):
        for each in document:
            yield from paths(each, before)
    elif isinstance(document, dict):
        for name, value in document.items():
            way = f"{before}.{name}" if before else name
            inner = () if name in LEAVES else list(paths(value, way))
            yield from inner or (way,)


@pytest.mark.parametrize("who", WHO)
def test_a_customer_reads_the_fields_that_are_allowed_and_no_other(house: Any, names: dict[str, str], who: str) -> None:
    told, read = [], set()
    for door in house.endpoints:
        if door.method != "GET" or not door.is_api:
            continue
        number = names.get(door.path.split("/")[3], "nothing")
        address = door.at({"number": number, "reference": names["units"], "version": "1"})
        answer = house.callers[who].get(address, params={"text": names["orders"]} if "text" in door.query else {})
        if answer.status_code == 200:
            read.add(door.path)
            # A whole that may be empty is allowed as soon as a part of it is.
            allowed = {part for field in ALLOWED.get(door.path, "").split() for part in _heads(field)}
            told += [(door.path, way) for way in paths(answer.json()) if way not in allowed | {"items", "next"}]

    assert not told, "\n".join(map(str, told))
    # Whoever came by a link of an order sees neither quotes nor money.
    outside = () if who == WHO[0] else ("/api/v1/quotes/", "/api/v1/invoices")
    assert not {path for path in set(ALLOWED) - read if not path.startswith(outside)}


def _heads(field: str) -> Iterator[str]:
    parts = field.split(".")
    yield from (".".join(parts[: end + 1]) for end in range(len(parts)))


def test_that_his_credit_is_checked_is_told_to_our_own_people_alone(house: Any, names: dict[str, str]) -> None:
    # given an order that waits, for it is above the customer's limit
    address = f"/api/v1/orders/{names['held']}"
    customer, finance = house.callers[WHO[0]], house.callers["finance"]

    # then finance reads why, and the customer sees an order that is not yet promised, whatever he asks by
    assert finance.get(address).json()["lifecycle"] == "credit_hold"
    assert finance.get(address).json()["credit_hold"]
    assert customer.get(address).json()["lifecycle"] == "draft"
    assert "credit" not in customer.get(address).text

    def found_by(lifecycle: str) -> list[str]:
        items = customer.get("/api/v1/orders", params={"lifecycle": lifecycle, "limit": 200}).json()["items"]
        return [item["number"] for item in items]

    assert found_by("credit_hold") == []
    assert names["held"] in found_by("draft")


def test_what_we_think_about_among_ourselves_is_in_no_list_of_the_customer(house: Any, names: dict[str, str]) -> None:
    # given a draft of his own and one of ours, with our reason
    customer, sales = house.callers[WHO[0]], house.callers["sales"]

    def listed(caller: Any) -> set[str]:
        return {item["number"] for item in caller.get("/api/v1/change-requests").json()["items"]}

    # then he lists his own, and cannot page after ours; sales lists both
    assert listed(customer) == {names["change-requests"]}
    assert listed(sales) >= {names["change-requests"], names["ours"]}
    assert customer.get("/api/v1/change-requests", params={"after": names["ours"]}).status_code == 422

    # and when ours lies before whoever decides, he reads what changes and not what we say of it
    house.database.write(lambda session: _submit(session, names["ours"]))
    body = customer.get(f"/api/v1/change-requests/{names['ours']}").json()
    assert (body["state"], body["reason"]) == ("submitted", None)


def _submit(session: Any, number: str) -> None:
    change = session.scalars(select(ChangeRequest).where(ChangeRequest.number == number)).one()
    change.state, change.submitted_at = "submitted", utc_now() + timedelta(seconds=1)


def test_our_people_answer_a_case_without_their_names(house: Any, names: dict[str, str]) -> None:
    # given a case that one of us took down, and somebody outside who reads it
    api, page = f"/api/v1/cases/{names['cases']}", f"/cases/{names['cases']}"
    customer, service = house.callers[WHO[0]], house.callers["service"]

    # then he is told the side alone, as program and on the page; we read who it was
    assert [(each["side"], each["author"]) for each in customer.get(api).json()["messages"]] == [("service", None)]
    assert "<strong>Service</strong>" in customer.get(page).text
    assert "<strong>Root</strong>" not in customer.get(page).text
    assert service.get(api).json()["messages"][0]["author"] == "Root"
