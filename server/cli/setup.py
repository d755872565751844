"""orderlight-server init, demo-data, migrate, rebuild."""

import argparse
from datetime import timedelta
from pathlib import Path
from zoneinfo import available_timezones

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.auth import repository, users
from server.auth.models import User
from server.auth.users import NewUser
from server.catalog.models import Product
from server.cli.context import ACTOR, CommandFailed, make_folder, open_database, password_link
from server.crm.cases.seed import seed_cases
from server.crm.quotes.seed import seed_quotes
from server.crm.seed import seed_relations
from server.db import Base, Database
from server.erp.billing.seed import seed_past
from server.erp.changes.seed import seed_changes, seed_packing_anew
from server.erp.floor.models import Station
from server.erp.logistics.seed import seed_dock
from server.erp.orders.models import SalesOrder
from server.erp.production.seed import seed_production
from server.erp.reservations.seed import seed_reservations
from server.erp.seed import seed_demo
from server.erp.stock.seed import seed_stock
from server.ingest.rebuild import Report
from server.ingest.rebuild import rebuild as rebuild_projections
from server.journal.audit import write_audit
from server.migrations import pending, upgrade
from server.parties import repository as parties
from server.parties.models import Customer
from server.settings import Settings
from server.settings.clock import utc_now


def init(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make what a new server needs; a second run changes nothing that is there."""
    zone = arguments.time_zone or _system_zone()
    if zone not in available_timezones():
        raise CommandFailed(f"There is no time zone {zone!r}. Give one such as Europe/Berlin.")
    make_folder(settings.data_dir)
    with open_database(settings, migrated=False) as database:
        upgrade(database.engine)
        name = database.write(lambda session: _make_site(session, arguments.name, zone))
        print(f"Site: {name}")
        link = database.write(lambda session: _first_admin(session, arguments.admin, settings))
    print(link or "There is an administrator already; nothing was changed. `user reset LOGIN` prints a new link.")
    print("Next: orderlight-server serve")
    return 0


def demo_data(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Fill a database that holds no products yet with the demo factory; a second run changes nothing."""
    with open_database(settings) as database:
        made = database.write(_fill_with_demo)
    print(made or "The database holds products already; nothing was changed.")
    return 0


def migrate(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Apply every migration that is missing."""
    make_folder(settings.data_dir)
    with open_database(settings, migrated=False) as database:
        was_behind = pending(database.engine)
        upgrade(database.engine)
    print("The database is now at this program's version." if was_behind else "The database was up to date.")
    return 0


def rebuild(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Fold all facts again and repair what does not stand where they say."""
    with open_database(settings) as database:
        report = fold_again(database)
    for difference in report.differences:
        print(f"{difference.row}: {difference.column} was {difference.was}, is now {difference.now}")
    print(
        f"{report.facts} facts folded into {report.rows} rows: {report.created} rows made anew, "
        f"{len(report.differences)} values repaired."
    )
    return 0


def fold_again(database: Database) -> Report:
    """The rebuild in one transaction, with a line in the audit when it repaired anything."""

    def work(session: Session) -> Report:
        report = rebuild_projections(session)
        if report.created or report.differences:
            write_audit(
                session,
                at=utc_now(),
                actor=ACTOR,
                action="rebuilt",
                subject="projections",
                detail={"facts": report.facts, "created": report.created, "repaired": len(report.differences)},
            )
        return report

    return database.write(work)


def _fill_with_demo(session: Session) -> str | None:
    if session.scalar(select(Product.id).limit(1)) is not None:
        return None
    now = utc_now()
    # The factory was released before anybody asked for a change of it.
    world = seed_demo(session, now - timedelta(hours=2))
    seed_past(session, now)
    seed_dock(session, world, now)
    seed_relations(session, world, now)
    seed_quotes(session, world, now)
    seed_changes(session, world, now)
    seed_packing_anew(session, world, now)
    seed_stock(session, now)
    seed_cases(session, now)
    seed_production(session, world, now)
    seed_reservations(session, world, now)
    stations, customers, orders = (_count(session, model) for model in (Station, Customer, SalesOrder))
    return f"Made {stations} stations, {customers} customers and {orders} orders."


def _count(session: Session, model: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def _make_site(session: Session, name: str | None, zone: str) -> str:
    site = parties.site(session)
    if site.id is None:
        site.name, site.time_zone = name or site.name, zone
        session.add(site)
        session.flush()
    return f"{site.name}, {site.time_zone}"


def _first_admin(session: Session, login: str, settings: Settings) -> str | None:
    admins = [user for user in repository.users(session) if user.role == "admin" and user.active]
    if any(user.password_hash for user in admins):
        return None
    # An administrator who never set a password cannot let anybody in: the first link was lost.
    user = admins[0] if admins else _make_admin(session, login)
    return f"Administrator: {password_link(session, user, settings)}"


def _make_admin(session: Session, login: str) -> User:
    now = utc_now()
    user = repository.user_by_login(session, login)
    if user is None:
        new = NewUser(login=login, name="Administrator", role="admin")
        return users.add_user(session, new, actor=ACTOR, now=now)
    users.change_user(session, user, {"role": "admin", "active": True, "customer_id": None}, actor=ACTOR, now=now)
    return user


def _system_zone() -> str:
    try:
        named = Path("/etc/timezone").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return "UTC"
    return named if named in available_timezones() else "UTC"
