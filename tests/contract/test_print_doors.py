"""Labels and printers through their doors and pages: who may, what comes out, and what is said when it cannot."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select

from orderlight.autoid import identify
from server.app.rights import watching_rights
from server.auth.principal import Principal
from server.db import Database
from server.erp.production.models import Unit, WorkOrder
from server.labels.queue import repository
from simulators.devices.zebra import ZebraPrinter

PRINTER = {"key": "dock", "name": "Dock", "host": "127.0.0.1", "width_mm": "70", "height_mm": "37"}
SignedIn = Callable[..., httpx.Client]


@pytest.fixture
def database(sqlite_factory: Database) -> Database:
    """A copy of the demo factory; what holds of doors does not depend on the engine."""
    return sqlite_factory


@pytest.fixture
def unit(database: Database) -> str:
    """A unit of a product with a GTIN."""
    with database.read() as session:
        return (
            session.scalars(select(Unit.number).where(Unit.work_order_id.is_not(None)).order_by(Unit.id)).first() or ""
        )


@pytest.fixture
def zebra() -> Iterator[ZebraPrinter]:
    with ZebraPrinter() as printer:
        yield printer


def add_printer(admin: httpx.Client, port: int, **more: Any) -> None:
    answer = admin.post("/api/v1/printers", json=PRINTER | {"port": port} | more)
    assert answer.status_code == 201, answer.text


def ended(client: httpx.Client, database: Database, job_id: int) -> dict[str, Any]:
    """The job once the worker is through with it; each look waits for the writer's next commit."""
    for _ in range(400):
        job: dict[str, Any] = client.get(f"/api/v1/print-jobs/{job_id}").json()
        if job["state"] not in ("queued", "printing"):
            return job
        database.write(lambda _session: None)
    raise AssertionError(job)


def test_a_label_goes_from_the_door_to_the_paper(
    signed_in: SignedIn, database: Database, unit: str, zebra: ZebraPrinter
) -> None:
    add_printer(signed_in("admin"), zebra.port)
    operator = signed_in("operator")

    answer = operator.post("/api/v1/print-jobs", json={"printer": "dock", "kind": "unit", "reference": unit})

    assert answer.status_code == 202, answer.text
    assert ended(operator, database, answer.json()["items"][0]["id"])["state"] == "done"
    assert zebra.printed[0].texts[0] == unit
    assert {code.carrier for code in zebra.printed[0].codes} == {"code_128", "data_matrix"}


def test_a_lot_is_printed_from_its_page_with_what_is_inside(
    signed_in: SignedIn, database: Database, zebra: ZebraPrinter
) -> None:
    add_printer(signed_in("admin"), zebra.port, width_mm="105", height_mm="74")
    planner = signed_in("planner")
    gtin = planner.get("/api/v1/products/TUBE-34").json()["gtin"]

    page = planner.get("/stock/TUBE-34/lots/labels?lot=L%2F1&quantity=50").text
    hidden = dict(re.findall(r'<input type="hidden" name="(what|quantity|once)" value="([^"]*)">', page))
    sent = planner.post("/print/labels", data=hidden | {"printer": "dock", "copies": "1"})

    assert (hidden["what"], hidden["quantity"]) == ("lot TUBE-34/L/1", "50")
    assert sent.headers["location"] == "/printers"
    job = planner.get("/api/v1/print-jobs").json()["items"][0]
    assert (job["kind"], job["reference"]) == ("lot", "TUBE-34/L/1")
    assert ended(planner, database, job["id"])["state"] == "done"
    assert f"(01){gtin}(10)L/1(37)50" in zebra.printed[0].texts
    body = {"printer": "dock", "kind": "lot", "reference": "TUBE-34/L1", "quantity": "2.5"}
    other = planner.post("/api/v1/print-jobs", json=body).json()["items"][0]["id"]
    assert ended(planner, database, other)["state"] == "done"
    assert "2.5 m" in zebra.printed[1].texts


def test_a_repeated_request_prints_once(signed_in: SignedIn, unit: str, zebra: ZebraPrinter) -> None:
    add_printer(signed_in("admin"), zebra.port)
    planner = signed_in("planner")
    body, header = {"printer": "dock", "kind": "unit", "reference": unit}, {"Idempotency-Key": "once"}

    first, second = (planner.post("/api/v1/print-jobs", json=body, headers=header) for _ in range(2))

    assert first.json() == second.json()
    assert len(planner.get("/api/v1/print-jobs").json()["items"]) == 1


def test_a_label_that_does_not_fit_is_refused_in_words(signed_in: SignedIn) -> None:
    add_printer(signed_in("admin"), 9100, width_mm="50.5", height_mm="25")
    body = {"printer": "dock", "kind": "command", "reference": "all"}

    answer = signed_in("planner").post("/api/v1/print-jobs", json=body)

    assert answer.status_code == 422
    assert answer.json()["detail"] == "The label is 70 by 37 mm, and Dock holds labels of 50.5 by 25 mm."


@pytest.mark.parametrize(("role", "status"), [("operator", 403), ("planner", 403), ("sales", 403), ("admin", 201)])
def test_administrators_alone_say_where_a_printer_is(signed_in: SignedIn, role: str, status: int) -> None:
    assert signed_in(role).post("/api/v1/printers", json=PRINTER).status_code == status


@pytest.mark.parametrize(("role", "status"), [("sales", 403), ("finance", 403), ("operator", 202), ("service", 202)])
def test_whoever_handles_goods_prints_their_labels(signed_in: SignedIn, unit: str, role: str, status: int) -> None:
    add_printer(signed_in("admin"), 9100)

    answer = signed_in(role).post("/api/v1/print-jobs", json={"printer": "dock", "kind": "unit", "reference": unit})

    assert answer.status_code == status


def test_badges_are_for_administrators(signed_in: SignedIn) -> None:
    operator, admin = signed_in("operator"), signed_in("admin", badge="B17")
    for path in ("/api/v1/labels/badge/all?form=svg", "/print/labels?kind=badge&reference=all"):
        assert operator.get(path).status_code == 403
        assert admin.get(path).status_code == 200
    add_printer(admin, 9100, width_mm="90", height_mm="60")
    body = {"printer": "dock", "kind": "badge", "reference": "all"}
    assert operator.post("/api/v1/print-jobs", json=body).status_code == 403


@pytest.mark.parametrize("form", ["svg", "png", "pdf", "sheet", "zpl"])
def test_labels_are_given_out_in_every_form(signed_in: SignedIn, unit: str, form: str) -> None:
    answer = signed_in("operator").get(f"/api/v1/labels/unit/{unit}?form={form}&start=3")

    assert answer.status_code == 200
    if form in ("pdf", "sheet"):
        with pypdfium2.PdfDocument(answer.content) as pdf:
            picture = pdf[0].render(scale=300 / 72).to_pil()
    elif form == "png":
        picture = Image.open(io.BytesIO(answer.content))
    else:
        assert (b"<svg" if form == "svg" else b"^XA") in answer.content
        return
    assert {code.symbology_identifier for code in zxingcpp.read_barcodes(picture)} == {"]C0", "]d2"}


def test_a_traveller_as_pdf_reads_as_the_page_does(signed_in: SignedIn, database: Database) -> None:
    planner = signed_in("planner")
    with database.read() as session:
        number = session.scalars(select(WorkOrder.number).order_by(WorkOrder.id)).first()
    page = planner.get(f"/work-orders/{number}/traveller")
    codes = set(re.findall(r"<figcaption>(\w+)</figcaption>", page.text))

    with pypdfium2.PdfDocument(planner.get(f"/work-orders/{number}/traveller?form=pdf").content) as pdf:
        picture = pdf[0].render(scale=300 / 72).to_pil()
        text = pdf[0].get_textpage().get_text_range()

    assert "?form=pdf" in page.text
    assert {code.text for code in zxingcpp.read_barcodes(picture)} == codes
    assert len(codes) > 3
    assert "City bicycle frame" in text
    assert "Orderlight" not in text


def pages_of(answer: httpx.Response) -> list[list[str]]:
    """The codes on each page of a PDF, as a reader sees them."""
    with pypdfium2.PdfDocument(answer.content) as pdf:
        return [[code.text for code in zxingcpp.read_barcodes(sheet.render(scale=300 / 72).to_pil())] for sheet in pdf]


@pytest.mark.parametrize(
    ("kind", "key"), [("station", "station"), ("command", "command"), ("location", "location"), ("badge", "operator")]
)
def test_every_card_of_the_factory_reads_from_its_own_page(signed_in: SignedIn, kind: str, key: str) -> None:
    admin = signed_in("admin", badge="B17")
    admin.post("/api/v1/locations", json={"key": "rack-1", "name": "Rack 1"})

    found = pages_of(admin.get(f"/api/v1/labels/{kind}/all?form=pdf"))

    assert found
    assert all(len(codes) == 1 and list(identify(codes[0]).keys) == [key] for codes in found)


def test_what_is_not_there_has_no_label(signed_in: SignedIn) -> None:
    for path in ("unit/U-9999", "work_order/WO-9999", "box/HU-9999", "product/NONE", "station/OLSNONEX"):
        assert signed_in("admin").get(f"/api/v1/labels/{path}?form=svg").status_code == 404


def test_pages_print_without_scripts_and_lead_to_what_waits(
    signed_in: SignedIn, database: Database, zebra: ZebraPrinter
) -> None:
    add_printer(signed_in("admin"), zebra.port)
    zebra.condition.paper = 0
    planner = signed_in("planner")
    with database.read() as session:
        number = session.scalars(select(WorkOrder.number).order_by(WorkOrder.id)).first()
    assert 'action="/print/labels"' in planner.get(f"/work-orders/{number}/labels").text

    sent = planner.post("/print/labels", data={"what": f"work_order {number}", "printer": "dock", "copies": "2"})
    there = planner.get(sent.headers["location"])

    assert (sent.status_code, sent.headers["location"]) == (303, "/printers")
    assert "to print on Dock." in there.text
    with database.read() as session:
        printer = repository.printer(session, "dock")
        assert printer is not None
        waiting = repository.count_open(session)
    assert sum(waiting.values()) > 1

    assert planner.post("/printers/dock/cancel").status_code == 303
    assert "Taken back" in planner.get("/printers").text


def test_the_page_of_the_printers_watches_what_becomes_of_the_jobs(
    signed_in: SignedIn, database: Database, unit: str
) -> None:
    add_printer(signed_in("admin"), 9100)
    planner = signed_in("planner")

    def version() -> int:
        found = re.search(r'data-topic="printers" data-version="(\d+)" data-refetch', planner.get("/printers").text)
        assert found is not None
        return int(found[1])

    before = version()
    job = planner.post("/api/v1/print-jobs", json={"printer": "dock", "kind": "unit", "reference": unit}).json()
    asked = version()
    planner.post(f"/printers/jobs/{job['items'][0]['id']}/cancel")

    assert before < asked < version()
    may_watch = watching_rights(database)
    watching = [
        role
        for role in ("planner", "operator", "sales", "finance")
        if may_watch(Principal(kind="user", actor=f"user:{role}", name=role, role=role), "printers")
    ]
    assert watching == ["planner", "operator"]


def test_a_second_click_prints_no_second_label(signed_in: SignedIn, unit: str) -> None:
    add_printer(signed_in("admin"), 9100)
    planner = signed_in("planner")

    def jobs() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = planner.get("/api/v1/print-jobs").json()["items"]
        return found

    # When the form of the labels is sent twice
    shown = planner.get(f"/print/labels?kind=unit&reference={unit}").text
    label = {"what": f"unit {unit}", "printer": "dock", "copies": "1", "once": once_in(shown)}
    assert [planner.post("/print/labels", data=label).status_code for _ in range(2)] == [303, 303]
    assert len(jobs()) == 1

    # And so is the wish to have it again
    planner.post("/printers/dock/cancel")
    again = {"once": once_in(planner.get("/printers").text)}
    for _ in range(2):
        planner.post(f"/printers/jobs/{jobs()[-1]['id']}/reprint", data=again)
    assert len(jobs()) == 2


def once_in(page: str) -> str:
    found = re.search(r'name="once" value="([\w-]+)"', page)
    assert found is not None
    return found[1]


def test_a_wrong_number_of_copies_is_said_beside_the_labels(signed_in: SignedIn, unit: str) -> None:
    add_printer(signed_in("admin"), 9100)
    planner = signed_in("planner")

    sent = planner.post("/print/labels", data={"what": f"unit {unit}", "printer": "dock", "copies": "99"})

    assert sent.headers["location"] == f"/print/labels?kind=unit&reference={unit}"
    assert "50" in planner.get(sent.headers["location"]).text


def test_a_printer_is_set_up_and_changed_by_form(signed_in: SignedIn, database: Database) -> None:
    admin = signed_in("admin")
    form = PRINTER | {"port": "9100", "dpi": "300", "asks_status": "1", "width_mm": "100,5"}
    assert admin.post("/setup/printers/new", data=form).headers["location"] == "/printers"
    assert admin.post("/setup/printers/new", data=form).status_code == 409

    stored = admin.get("/api/v1/printers/dock").json()
    assert (stored["dpi"], stored["width_mm"], stored["asks_status"]) == (300, "100.5", True)
    changed = {**form, "row_version": str(stored["row_version"]), "name": "Dock, left", "host": "not a host!"}
    assert "address without a port" in admin.post("/setup/printers/dock", data=changed).text
    stale = admin.post("/setup/printers/dock", data=changed | {"host": "zebra-1", "row_version": "99"})
    assert (stale.status_code, "Stored now: 127.0.0.1" in stale.text) == (409, True)
    assert admin.post("/setup/printers/dock", data=changed | {"host": "zebra-1"}).status_code == 303
    assert admin.get("/api/v1/printers/dock").json()["active"] is False
