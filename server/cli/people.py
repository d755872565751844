"""orderlight-server user."""

import argparse

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth import repository, users
from server.auth.models import User
from server.auth.users import NewUser
from server.cli.context import ACTOR, CommandFailed, open_database, password_link, print_table
from server.parties.models import Customer
from server.settings import Settings
from server.settings.clock import utc_now


def add(arguments: argparse.Namespace, settings: Settings) -> int:
    """Add a person and print his link."""

    def work(session: Session) -> str:
        new = NewUser(
            login=arguments.login,
            name=arguments.name,
            role=arguments.role,
            customer_id=_customer_id(session, arguments.customer),
            badge=arguments.badge,
            language=arguments.language,
        )
        return password_link(session, users.add_user(session, new, actor=ACTOR, now=utc_now()), settings)

    with open_database(settings) as database:
        print(database.write(work))
    return 0


def show(_arguments: argparse.Namespace, settings: Settings) -> int:
    """List everybody."""
    with open_database(settings) as database, database.read() as session:
        rows = [
            (user.login, user.name, user.role, user.badge, "yes" if user.active else "no", user.last_login_at)
            for user in repository.users(session)
        ]
    print_table(("login", "name", "role", "badge", "active", "last sign-in"), rows)
    return 0


def reset(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print a new link for a password."""
    with open_database(settings) as database:
        print(database.write(lambda session: password_link(session, _user(session, arguments.login), settings)))
    return 0


def disable(arguments: argparse.Namespace, settings: Settings) -> int:
    """Let a person in no more."""
    return _set_active(arguments, settings, active=False)


def enable(arguments: argparse.Namespace, settings: Settings) -> int:
    """Let a person in again."""
    return _set_active(arguments, settings, active=True)


def _set_active(arguments: argparse.Namespace, settings: Settings, *, active: bool) -> int:
    def work(session: Session) -> None:
        user = _user(session, arguments.login)
        users.change_user(session, user, {"active": active}, actor=ACTOR, now=utc_now())

    with open_database(settings) as database:
        database.write(work)
    print(f"{arguments.login} is {'enabled' if active else 'disabled; open pages end within a minute'}.")
    return 0


def _user(session: Session, login: str) -> User:
    user = repository.user_by_login(session, login)
    if user is None:
        raise CommandFailed(f"There is no user {login}. `orderlight-server user list` shows everybody.")
    return user


def _customer_id(session: Session, number: str | None) -> int | None:
    if number is None:
        return None
    customer_id = session.scalar(select(Customer.id).where(Customer.number == number))
    if customer_id is None:
        raise CommandFailed(f"There is no customer {number}.")
    return customer_id
