"""orderlight-server key and device."""

import argparse
import os
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.auth import devices, gateways, keys, repository
from server.auth.keys import MadeKey
from server.auth.tokens import KeyText
from server.cli.context import ACTOR, CommandFailed, open_database, print_table
from server.erp.floor.models import Station
from server.errors import NotFound
from server.settings import Settings
from server.settings.clock import utc_now


def add(arguments: argparse.Namespace, settings: Settings) -> int:
    """Make a key and show it, or write it into a file."""
    if arguments.gateway and arguments.scope:
        raise CommandFailed("A gateway's key has the right to post events and no other; leave --scope out.")
    with open_database(settings) as database:
        if arguments.output is not None and arguments.output.exists():
            with database.read() as session:
                _check_present(session, arguments.output)
            print(f"{arguments.output} holds a live key; nothing was changed.")
            return 0
        made = database.write(lambda session: _make(session, arguments))
    if arguments.output is None:
        print(f"{made.text}\nThis is shown once. Keep it where only its user can read it.")
    else:
        _write_secret(arguments.output, made.text)
        print(f"The key ol_{made.key.prefix}_... is in {arguments.output}.")
    return 0


def show(_arguments: argparse.Namespace, settings: Settings) -> int:
    """List all keys."""
    with open_database(settings) as database, database.read() as session:
        rows = [
            (f"ol_{key.prefix}", key.gateway or key.name, " ".join(key.scopes), key.last_used_at, key.revoked_at)
            for key in repository.keys(session)
        ]
    print_table(("key", "of", "scopes", "last used", "revoked"), rows)
    return 0


def revoke(arguments: argparse.Namespace, settings: Settings) -> int:
    """End a key."""

    def work(session: Session) -> None:
        try:
            key = keys.get_key(session, arguments.prefix)
        except NotFound as missing:
            raise CommandFailed(f"There is no key {arguments.prefix}. `key list` shows them.") from missing
        keys.revoke_key(session, key, actor=ACTOR, now=utc_now())

    with open_database(settings) as database:
        database.write(work)
    print(f"{arguments.prefix} is revoked; a running server knows within five seconds.")
    return 0


def add_device(arguments: argparse.Namespace, settings: Settings) -> int:
    """Expect a screen and print its code."""

    def work(session: Session) -> str:
        if arguments.station is not None and not _station_exists(session, arguments.station):
            raise CommandFailed(f"There is no station {arguments.station}. Make it first, at /admin or by the API.")
        pairing = devices.add_device(
            session, name=arguments.name, station_key=arguments.station, actor=ACTOR, now=utc_now()
        )
        return pairing.code

    with open_database(settings) as database:
        code = database.write(work)
    print(f"At the screen open {settings.base_url}/pair and type {code}, within {devices.PAIRING_MINUTES} minutes.")
    return 0


def show_devices(_arguments: argparse.Namespace, settings: Settings) -> int:
    """List all screens."""
    with open_database(settings) as database, database.read() as session:
        rows = [
            (device.id, device.name, device.station_key or "board", device.last_seen_at, device.revoked_at)
            for device in repository.devices(session)
        ]
    print_table(("id", "name", "station", "last seen", "revoked"), rows)
    return 0


def revoke_device(arguments: argparse.Namespace, settings: Settings) -> int:
    """End a screen."""

    def work(session: Session) -> None:
        try:
            device = devices.get_device(session, arguments.id)
        except NotFound as missing:
            raise CommandFailed(f"There is no screen {arguments.id}. `device list` shows them.") from missing
        devices.revoke_device(session, device, actor=ACTOR, now=utc_now())

    with open_database(settings) as database:
        database.write(work)
    print(f"Screen {arguments.id} is revoked; a running server knows within five seconds.")
    return 0


def _make(session: Session, arguments: argparse.Namespace) -> MadeKey:
    now = utc_now()
    if arguments.program:
        return keys.create_key(session, name=arguments.program, scopes=arguments.scope, actor=ACTOR, now=now)
    try:
        gateway = gateways.get_gateway(session, arguments.gateway)
    except NotFound:
        return gateways.create_gateway(session, key=arguments.gateway, name=arguments.gateway, actor=ACTOR, now=now)
    return keys.create_gateway_key(session, gateway.key, actor=ACTOR, now=now)


def _station_exists(session: Session, key: str) -> bool:
    return session.scalar(select(Station.id).where(Station.key == key, Station.active)) is not None


def _check_present(session: Session, path: Path) -> None:
    text = KeyText.parse(path.read_text(encoding="ascii", errors="replace").strip())
    key = repository.key_by_prefix(session, text.prefix) if text is not None else None
    if key is None or key.revoked_at is not None:
        raise CommandFailed(f"{path} is there but holds no live key. Move it away, then run this again.")


def _write_secret(path: Path, text: str) -> None:
    # Written under another name first, so that nobody ever reads half a key.
    fresh = path.with_name(f"{path.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(f"{text}\n", encoding="ascii")
    os.replace(fresh, path)
