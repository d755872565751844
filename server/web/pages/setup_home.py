"""The first steps: what a newcomer sets up, in order, with the next one lit."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from server.auth.http import require
from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.crm.first_steps import Step, first_steps
from server.messages import N_
from server.web.page import PageDep
from server.web.sections import SETUP, show_in

router = APIRouter(prefix="/setup", include_in_schema=False)

Reader = Annotated[Principal, Depends(require(Permission.CATALOG_READ))]


@dataclass(frozen=True, slots=True)
class Advice:
    """What a step is for, and where it is taken."""

    title: str
    text: str
    href: str
    permission: Permission


ADVICE = {
    "site": Advice(
        N_("Name your site"),
        N_("Its name, time zone and working hours stand behind every page and estimate."),
        "/admin/site",
        Permission.ADMIN,
    ),
    "work_center": Advice(
        N_("List the kinds of work"),
        N_("A work center is a kind of work: Cut, Weld, Paint."),
        "/setup/work-centers/new",
        Permission.FLOOR_WRITE,
    ),
    "product": Advice(
        N_("Describe a product"),
        N_("Its routing says through which work centers it goes, and how long it takes there."),
        "/setup/products/new",
        Permission.CATALOG_WRITE,
    ),
    "station": Advice(
        N_("Set up a station"),
        N_("A station is a place where one kind of work is done; its screen is a page of its own."),
        "/setup/stations/new",
        Permission.FLOOR_WRITE,
    ),
    "read_point": Advice(
        N_("Say what a scan there means"),
        N_("A read point ties a scanner or an antenna to a station: work begun, done, packed, shipped."),
        "/setup/read-points/new",
        Permission.FLOOR_WRITE,
    ),
    "gateway": Advice(
        N_("Register a gateway"),
        N_(
            "The small computer beside the scanners gets a key of its own. To begin "
            "without one, scan or type at the station's page."
        ),
        "/admin/gateways/new",
        Permission.ADMIN,
    ),
    "customer": Advice(
        N_("Add a customer"),
        N_("Whoever ordered follows the order on a page of his own."),
        "/customers/new",
        Permission.CUSTOMERS_WRITE,
    ),
    "order": Advice(
        N_("Enter an order"),
        N_("A customer, what and how many, and the date he was promised."),
        "/setup/orders/new",
        Permission.ORDERS_WRITE,
    ),
    "release": Advice(
        N_("Release it to the floor"),
        N_("Confirm the order, then release it: its units get their numbers and labels to print."),
        "/orders",
        Permission.ORDERS_RELEASE,
    ),
    "scan": Advice(
        N_("Scan the first unit"),
        N_("At the station's page, or with a scanner at the gateway: the order moves before your eyes."),
        "/station",
        Permission.FLOOR_READ,
    ),
}


@router.get("")
def show_steps(page: PageDep, principal: Reader) -> Response:
    """The list; the first step that was not taken is the next one."""
    with page.database.read() as session:
        steps = first_steps(session)
    return show_in(SETUP, page, "setup/home.html", steps=steps, advice=ADVICE, next_step=_next(steps), me=principal)


def _next(steps: list[Step]) -> str | None:
    # Who scans at the station's page needs no gateway.
    scanned = any(step.key == "scan" and step.done for step in steps)
    left = [step.key for step in steps if not step.done and not (scanned and step.key == "gateway")]
    return left[0] if left else None
