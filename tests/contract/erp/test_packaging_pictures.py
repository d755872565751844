"""Pictures of packaging from the form to the hands that pack: who may send them, who sees them, and what is refused."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from server.catalog.models import PackagingPicture
from server.catalog.picture_bytes import MAX_BYTES, read_picture
from server.db import Database
from server.erp.orders.models import SalesOrder
from server.erp.seed import DemoWorld
from server.erp.seed_picture import packed_frames
from server.parties.models import Customer

HTML = {"Accept": "text/html"}
PATH = "/api/v1/packaging-pictures"
#: The smallest picture there is, as we write it: one dot, grey.
DOT = read_picture(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
        "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
    )
).content


@pytest.fixture
def work(planner: httpx.Client, world: DemoWorld) -> dict[str, Any]:
    """A work order for frames that is in work for a customer; it was released with a picture."""
    items = planner.get("/api/v1/work-orders", params={"limit": 200}).json()["items"]
    found: dict[str, Any] = next(
        each
        for each in items
        if each["product"] == "FRAME-CITY" and each["order"] and each["state"] in ("released", "in_progress")
    )
    return found


@pytest.fixture
def buyers(
    database: Database, work: dict[str, Any], signed_in: Callable[..., httpx.Client]
) -> tuple[httpx.Client, httpx.Client]:
    """A login of the customer whose order it is, and one of another."""
    with database.read() as session:
        owner = session.scalars(select(SalesOrder.customer_id).where(SalesOrder.number == work["order"])).one()
        other = session.scalars(select(Customer.id).where(Customer.id != owner).limit(1)).one()
    return signed_in("customer", customer_id=owner), signed_in("customer", customer_id=other)


def spec_of(planner: httpx.Client) -> dict[str, Any]:
    """The specification of frames for whoever has none of his own."""
    items = planner.get("/api/v1/packaging-specs", params={"product": "FRAME-CITY"}).json()["items"]
    found: dict[str, Any] = next(each for each in items if each["customer"] is None)
    return found


def typed(spec: dict[str, Any], **more: str) -> dict[str, str]:
    """The form of the specification as it is shown."""
    names = ("box", "per_box", "inner_material", "label_text", "label_template", "notes", "row_version")
    return {name: str(spec[name] or "") for name in names} | more


def sent(data: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {"picture_file": ("carton.svg", data, "image/svg+xml")}


def asked(client: httpx.Client, work: dict[str, Any], data: bytes, **more: str) -> httpx.Response:
    form = {"order": work["order"], "work_order": work["number"], "effectivity": "remaining"} | more
    return client.post("/changes/new", data=form, files=sent(data))


def test_a_picture_comes_with_the_next_version_and_is_told_by_its_bytes_alone(
    planner: httpx.Client, world: DemoWorld
) -> None:
    # Given a specification with a picture
    spec = spec_of(planner)
    page = f"/setup/products/FRAME-CITY/packaging/{spec['number']}"
    assert spec["picture"] == packed_frames().hash

    # When another is sent, under a name and a type that are not true
    saved = planner.post(page, data=typed(spec), files=sent(DOT))

    # Then the next version shows it, and the bytes come with a type of ours, to be kept for ever
    assert saved.status_code == 303
    now = spec_of(planner)
    assert (now["version"], now["state"], now["picture"] != spec["picture"]) == (spec["version"] + 1, "draft", True)
    assert f'src="/packaging-pictures/{now["picture"]}"' in planner.get(page).text
    assert f'src="/packaging-pictures/{spec["picture"]}"' in planner.get("/setup/products/FRAME-CITY").text
    got = planner.get(f"/packaging-pictures/{now['picture']}")
    assert (got.content, got.headers["content-type"], got.headers["x-content-type-options"]) == (
        DOT, "image/png", "nosniff",
    )  # fmt: skip
    assert got.headers["cache-control"] == "private, max-age=31536000, immutable"
    difference = planner.get(f"/api/v1/packaging-specs/{spec['number']}/difference").json()["changes"]
    assert [(each["what"], each["before"], each["after"]) for each in difference] == [
        ("picture", spec["picture"], now["picture"])
    ]

    # And it is taken away again by a tick
    planner.post(page, data=typed(now, without_picture="1"))
    assert (spec_of(planner)["picture"], spec_of(planner)["version"]) == (None, now["version"])


def test_what_is_no_picture_is_refused_beside_its_field_and_nothing_is_stored(
    planner: httpx.Client, world: DemoWorld, database: Database
) -> None:
    spec = spec_of(planner)
    page = f"/setup/products/FRAME-CITY/packaging/{spec['number']}"

    script = planner.post(page, data=typed(spec, box="Crate"), files=sent(b"<svg onload='alert(1)'/>"))
    large = planner.post(page, data=typed(spec, box="Crate"), files=sent(DOT + bytes(MAX_BYTES)))
    program = planner.post(PATH, content=b"GIF89a")
    unknown = planner.patch(
        f"/api/v1/packaging-specs/{spec['number']}", json={"picture": "0" * 64}, headers={"If-Match": '"1"'}
    )

    assert (script.status_code, "this file is neither" in script.text, "Crate" in script.text) == (422, True, True)
    assert (large.status_code, "2 MB at most" in large.text) == (422, True)
    assert (program.status_code, program.json()["errors"][0]["reason"]) == (422, "no_picture")
    assert unknown.status_code in (409, 422)
    assert spec_of(planner) == spec
    with database.read() as session:
        assert session.scalars(select(PackagingPicture.hash)).all() == [packed_frames().hash]


def test_a_program_sends_a_picture_once_and_names_it_by_its_hash(planner: httpx.Client, world: DemoWorld) -> None:
    first, again = (planner.post(PATH, content=DOT, headers={"Idempotency-Key": key}) for key in ("one", "two"))
    made = planner.post(
        "/api/v1/packaging-specs",
        json={"product": "RACK-REAR", "box": "Crate", "per_box": 4, "picture": first.json()["hash"]},
    )

    assert (first.status_code, first.json() == again.json()) == (201, True)
    assert first.json() | {"hash": "", "href": ""} == {
        "hash": "", "href": "", "kind": "image/png", "width": 1, "height": 1, "size": len(DOT),
    }  # fmt: skip
    assert first.headers["location"] == first.json()["href"]
    assert planner.get(first.json()["href"]).content == DOT
    assert (made.status_code, made.json()["picture"]) == (201, first.json()["hash"])


def test_a_change_shows_the_old_picture_beside_the_new_and_the_packing_station_shows_the_new(
    planner: httpx.Client, work: dict[str, Any], buyers: tuple[httpx.Client, httpx.Client]
) -> None:
    # Given a wish for another picture and nothing else
    old = packed_frames().hash
    number = asked(planner, work, DOT).headers["location"].rpartition("/")[2]
    wish = planner.get(f"/api/v1/change-requests/{number}").json()
    new = wish["difference"][0]["after"]
    assert [(each["field"], each["before"]) for each in wish["difference"]] == [("picture", old)]
    page = planner.get(f"/changes/{number}").text
    assert page.index(f'src="/packaging-pictures/{old}"') < page.index(f'src="/packaging-pictures/{new}"')
    assert f'src="/packaging-pictures/{old}"' in planner.get(f"/work-orders/{work['number']}").text

    # When it is approved, the station that packs is stopped with both of them
    assert planner.post(f"/changes/{number}/approve").status_code == 303
    stopped = planner.get("/station/pack").text
    assert (f"/packaging-pictures/{old}" in stopped, f"/packaging-pictures/{new}" in stopped) == (True, True)
    # Nothing there leads away from the screen, for a kiosk has no way back.
    assert 'href="/packaging-pictures' not in stopped
    planner.post(f"/api/v1/change-requests/{number}/acknowledge", json={"station": "pack"})

    # Then the unit and the traveller show the new one, and so does the customer's own page
    unit = planner.get("/api/v1/units", params={"order": work["order"]}).json()["items"][0]["number"]
    assert f"/packaging-pictures/{new}" in planner.get(f"/orders/{work['order']}/units/{unit}").text
    assert "data:image/png;base64," in planner.get(f"/work-orders/{work['number']}/traveller").text
    own = f"/orders/{work['order']}/pictures/{new}"
    assert own in buyers[0].get(f"/orders/{work['order']}", headers=HTML).text
    assert own in buyers[0].get(f"/orders/{work['order']}/changes/new", headers=HTML).text
    assert buyers[0].get(own).content == DOT


def test_a_customer_sees_pictures_of_his_own_orders_and_of_no_other(
    planner: httpx.Client, work: dict[str, Any], buyers: tuple[httpx.Client, httpx.Client]
) -> None:
    # Given a picture of his order, one that only a draft wants, and one of nothing of his
    owner, stranger = buyers
    pictured = packed_frames().hash
    dot = planner.post(PATH, content=DOT).json()["hash"]
    draft = {"work_order": work["number"], "changes": {"picture": dot}}
    assert planner.post("/api/v1/change-requests", json=draft).status_code == 201

    answers = {
        name: client.get(f"/orders/{order}/pictures/{picture}")
        for name, client, order, picture in (
            ("his", owner, work["order"], pictured), ("a draft's", owner, work["order"], dot),
            ("foreign", stranger, work["order"], pictured), ("missing", stranger, "SO-9999", pictured),
        )
    }  # fmt: skip

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "his": 200, "a draft's": 404, "foreign": 404, "missing": 404,
    }  # fmt: skip
    assert answers["foreign"].json() | {"instance": ""} == answers["missing"].json() | {"instance": ""}
    for path in (f"/packaging-pictures/{pictured}", f"{PATH}/{pictured}"):
        assert owner.get(path).status_code == 403
    # A customer asks in words: which pictures there are is not his to try out.
    for picture in (dot, "0" * 64):
        wish = owner.post("/api/v1/change-requests", json=draft | {"changes": {"picture": picture}})
        assert (wish.status_code, wish.json()["errors"][0]["reason"]) == (422, "not_yours")


def test_who_may_not_describe_products_sends_no_picture(
    signed_in: Callable[..., httpx.Client], work: dict[str, Any], database: Database
) -> None:
    operator, sales = signed_in("operator"), signed_in("sales")

    assert operator.post(PATH, content=DOT).status_code == 403
    assert sales.post(PATH, content=DOT).status_code == 403
    assert operator.get(f"/packaging-pictures/{packed_frames().hash}").status_code == 200
    assert operator.get(f"/packaging-pictures/{'0' * 64}").status_code == 404
    # What sales asks for with a picture is asked for as all changes are.
    assert asked(sales, work, DOT).status_code == 303
