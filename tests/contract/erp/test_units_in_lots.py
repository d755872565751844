"""A lot that holds units with numbers is taken apart: whoever does it scans those that go along."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from orderlight.events import Answer
from server.db import Database
from server.erp.production.models import Unit
from server.erp.seed import DemoWorld
from server.ingest.rebuild import rebuild

Scan = Callable[[str, str], Answer]


def made_for_stock(manager: httpx.Client, sku: str, quantity: int) -> list[str]:
    """The numbers of the units of a new work order for stock."""
    work = manager.post("/api/v1/work-orders", json={"product": sku, "quantity": quantity})
    assert work.status_code == 201, work.text
    found = manager.get("/api/v1/units", params={"work_order": work.json()["number"]}).json()["items"]
    return [unit["number"] for unit in found]


@pytest.fixture
def cores(manager: httpx.Client, world: DemoWorld, scan: Scan) -> list[str]:
    """Four cores with numbers of their own, which lie in stock."""
    manager.post("/api/v1/locations", json={"key": "bulk", "name": "Bulk store"})
    body = {"sku": "CORE", "name": "Core", "gtin": "09506000300993"}
    manager.post("/api/v1/products", json=body | {"routing": [{"name": "Cut", "work_center": "cut"}]})
    numbers = made_for_stock(manager, "CORE", 4)
    assert [scan(number, "cut-1").status for number in numbers] == ["applied"] * 4
    return numbers


@pytest.fixture
def lot(manager: httpx.Client, world: DemoWorld, scan: Scan, cores: list[str]) -> str:
    """A lot of four rollers, made for stock, into which the four cores are built; painting is still to come."""
    steps = [{"name": "Assemble", "work_center": "assemble"}, {"name": "Paint", "work_center": "paint"}]
    body = {"sku": "ROLLER", "name": "Roller", "tracking": "lot", "routing": steps}
    manager.post("/api/v1/products", json=body | {"bom": [{"component": "CORE", "quantity": 1}]})
    (number,) = made_for_stock(manager, "ROLLER", 4)
    for core in cores:
        assert scan(core, "assemble-1").action == "material_loaded"
    assert scan(number, "assemble-1").status == "applied"
    return number


def inside(database: Database, number: str) -> list[str]:
    """The units that are built into this one."""
    with database.read() as session:
        whole = session.scalar(select(Unit.id).where(Unit.number == number))
        return list(session.scalars(select(Unit.number).where(Unit.parent_id == whole).order_by(Unit.id)))


def test_units_that_are_scanned_go_along_with_the_part(
    manager: httpx.Client, database: Database, scan: Scan, cores: list[str], lot: str
) -> None:
    # Given a code as the label has it, and a number as somebody types it
    serial = cores[1].removeprefix("U-")
    codes = [cores[3].lower(), f"]C1010950600030099321{serial}"]

    # When two of the four are taken apart with these
    part = manager.post(f"/api/v1/units/{lot}/split", json={"quantity": 2, "units": codes})

    # Then they are in the new lot, the others in the old one, and facts, rows and balances agree
    assert part.status_code == 200, part.text
    number = part.json()["number"]
    assert (part.json()["quantity"], part.json()["state"], part.json()["step"]) == ("2", "queued", 20)
    assert inside(database, number) == [cores[1], cores[3]]
    assert inside(database, lot) == [cores[0], cores[2]]
    told = [manager.get(f"/api/v1/units/{each}").json()["materials"][0]["quantity"] for each in (lot, number)]
    assert told == ["2", "2"]
    assert database.write(rebuild).differences == ()

    # And each goes its own way, and the scan that built them in is not taken back any more
    assert scan(number, "paint-gate").status == "applied"
    assert cores[1] in manager.get(f"/units/{number}").text
    assert database.write(rebuild).differences == ()


def test_what_does_not_fit_the_part_is_refused_and_nothing_is_half_done(
    manager: httpx.Client, database: Database, cores: list[str], lot: str
) -> None:
    def split(quantity: float, units: list[str] | None) -> tuple[int, str]:
        body: dict[str, Any] = {"quantity": quantity} | ({} if units is None else {"units": units})
        answer = manager.post(f"/api/v1/units/{lot}/split", json=body)
        return answer.status_code, answer.json()["detail"]

    refused = [
        split(2, None), split(2, []), split(1, cores[:2]), split(2, [cores[0], "U-1000"]), split(4, cores),
        split(9, cores),
    ]  # fmt: skip

    assert [status for status, _say in refused] == [409] * 6
    assert [say for _status, say in refused] == [
        f"{lot} holds units with numbers of their own. Scan those that go along with the 2 on its page.",
        f"2 of {lot} take 2 to 2 of Core along; 0 were named. Scan each that goes.",
        f"1 of {lot} take 1 to 1 of Core along; 2 were named. Scan each that goes.",
        f"U-1000 is not built into {lot}. Scan what goes along with the part, nothing else.",
        f"{lot} is 4 pieces, all of it. Take fewer of it apart.",
        f"9 pieces of {lot} cannot be taken: it is 4.",
    ]
    assert split(0, [])[0] == 422
    assert manager.get(f"/api/v1/units/{lot}").json()["quantity"] == "4"
    assert inside(database, lot) == cores
    assert database.write(rebuild).differences == ()


def test_a_part_is_scrapped_held_or_sent_back_with_what_is_inside(
    manager: httpx.Client, database: Database, cores: list[str], lot: str
) -> None:
    def act(deed: str, core: str, **body: Any) -> dict[str, Any]:
        answer = manager.post(f"/api/v1/units/{lot}/{deed}", json=body | {"quantity": 1, "units": [core]})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    lost = act("scrap", cores[0], reason="DAMAGED")
    held = act("hold", cores[1], reason="Scratch")
    back = act("rework", cores[2], reason="SURFACE")

    assert [(each["state"], each["held"], each["rework"]) for each in (lost, held, back)] == [
        ("scrapped", False, 0), ("queued", True, 0), ("queued", False, 1),
    ]  # fmt: skip
    assert [inside(database, each["number"]) for each in (lost, held, back)] == [[core] for core in cores[:3]]
    assert inside(database, lot) == [cores[3]]
    assert database.write(rebuild).differences == ()


def test_the_page_of_the_lot_takes_codes_one_below_the_other(
    manager: httpx.Client, database: Database, cores: list[str], lot: str
) -> None:
    work = manager.get(f"/api/v1/units/{lot}").json()["work_order"]

    def send(**form: str) -> httpx.Response:
        fields = {f"pick.{lot}": "1", "why": "split:", "from": "unit", **form}
        return manager.post(f"/work-orders/{work}/pieces", data=fields, follow_redirects=True)

    assert 'name="inside"' in manager.get(f"/units/{lot}").text
    assert "Say how many pieces are taken apart." in send().text
    assert "holds units with numbers of their own" in send(quantity="1").text
    assert "take 1 to 1 of Core along; 0 were named" in send(quantity="1", none_inside="1").text
    done = send(quantity="2", inside=f"{cores[0]}\r\n  ol:{cores[1].replace('-', '')}\r\n\r\n")

    assert "A lot of its own from now on: U-" in done.text
    assert inside(database, lot) == cores[2:]
    assert cores[0] not in manager.get(f"/units/{lot}").text
    # What holds nothing with a number asks for nothing
    plain = made_for_stock(manager, "ROLLER", 3)[0]
    assert 'name="inside"' not in manager.get(f"/units/{plain}").text
    assert manager.post(f"/api/v1/units/{plain}/split", json={"quantity": 1}).json()["quantity"] == "1"
    single = manager.post(f"/api/v1/units/{cores[0]}/split", json={"quantity": 1})
    assert (single.status_code, single.json()["reason"]) == (409, "not_whole")


def test_only_some_of_the_pieces_have_numbers_inside_and_none_of_those_goes_along(
    manager: httpx.Client, database: Database, scan: Scan, cores: list[str], lot: str
) -> None:
    # Given a second lot of four, of which one core alone had a number
    (spare,) = made_for_stock(manager, "CORE", 1)
    scan(spare, "cut-1")
    manager.post("/api/v1/stock-moves", json={"product": "CORE", "kind": "receipt", "target": "bulk", "quantity": 10})
    (second,) = made_for_stock(manager, "ROLLER", 4)
    scan(spare, "assemble-1")
    scan(second, "assemble-1")
    assert inside(database, second) == [spare]

    part = manager.post(f"/api/v1/units/{second}/split", json={"quantity": 3, "units": []})

    assert part.status_code == 200, part.text
    assert inside(database, part.json()["number"]) == []
    assert inside(database, second) == [spare]
    assert database.write(rebuild).differences == ()
