"""The site: its name, time zone, working hours, money, language and company prefix."""

from functools import cache
from zoneinfo import available_timezones

from babel.dates import get_day_names
from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.responses import Response

from server.auth.http import AdminPrincipal
from server.http.currencies import CURRENCIES
from server.messages import N_
from server.parties import repository, service
from server.parties.models import Site
from server.parties.schemas import SiteOut, SitePatch
from server.web.entry import Fault, FormDep, attempt, changed, checked
from server.web.forms import Form
from server.web.i18n import LANGUAGES, language_name
from server.web.page import Page, PageDep
from server.web.sections import ADMIN, show_in
from server.web.stale import require_fresh

router = APIRouter(prefix="/admin/site", include_in_schema=False)

_FIELDS = (
    "name", "time_zone", "currency", "language", "gs1_company_prefix",
    "address", "tax_number", "bank_account",
)  # fmt: skip
_EMPTYABLE = ("address", "tax_number", "bank_account")
_WORDS = {
    "gs1_company_prefix": N_("Write 6 to 12 digits, as GS1 gave them to you."),
    "currency": N_("Choose one of the list."),
    "language": N_("Choose one of the list."),
    "start": N_("Write a time such as 06:00."),
    "end": N_("Write a time such as 22:00."),
}
WEEK = range(7)


@router.get("")
def show_site(page: PageDep, _principal: AdminPrincipal) -> Response:
    """The form with what is set."""
    with page.database.read() as session:
        site = repository.site(session)
    return _show(page, _typed(site))


@router.post("")
def change_site(page: PageDep, form: FormDep, principal: AdminPrincipal) -> Response:
    """Change it; every page follows at once."""
    hours = {
        "days": [day for day in WEEK if form.checked(f"day.{day}")],
        "start": form.text("working_hours.start"),
        "end": form.text("working_hours.end"),
    }
    try:
        typed = changed(form, *_FIELDS, emptyable=_EMPTYABLE) | {"tax_percent": form.text("tax_percent", "0") or "0"}
        data = {**typed, "working_hours": hours, "shows_balance": form.checked("shows_balance")}
        patch = checked(page, form, model=SitePatch, data=data, words=_WORDS)

        def work(session: Session) -> None:
            site = repository.site(session)
            require_fresh(page, form, _typed(site), what=page.say(N_("The site")))
            service.update_site(session, patch, actor=principal.actor, now=page.now)

        attempt(page, form, work)
    except Fault as fault:
        return _show(page, fault.form, status=fault.status)
    return page.go("/admin/site", page.say(N_("The site is changed. Times on every page follow.")))


def _show(page: Page, form: Form, *, status: int = 200) -> Response:
    days = get_day_names("abbreviated", locale=page.formats.locale)
    return show_in(
        ADMIN,
        page,
        "admin/site.html",
        status=status,
        form=form,
        days=[(day, days[day]) for day in WEEK],
        zones=_zones(),
        currencies=[(code, code) for code in sorted(CURRENCIES)],
        languages=[(code, language_name(code)) for code in sorted(LANGUAGES)],
    )


@cache
def _zones() -> list[tuple[str, str]]:
    """The zones of places, without the aliases that nobody lives in."""
    named = (
        zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))
    )
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in sorted(named))]


def _typed(site: Site) -> Form:
    hours = site.working_hours
    stored = SiteOut.of(site).model_dump(mode="json")
    values = {name: "" if stored[name] is None else str(stored[name]) for name in (*_FIELDS, "tax_percent")}
    values |= {"shows_balance": "1"} if site.shows_balance else {}
    values |= {f"day.{day}": "1" for day in hours["days"]}
    values |= {"working_hours.start": hours["start"], "working_hours.end": hours["end"]}
    return Form(values | {"row_version": str(site.row_version)})
