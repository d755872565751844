"""Commands to gateways: audited when they are given and when they are answered."""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from concurrent.futures import Future

from sqlalchemy.orm import Session

from orderlight.events.commands import Command, CommandResult
from server.auth.gateways import get_gateway
from server.broker.door import BrokerDoor
from server.db import Database, touch
from server.errors import OrderlightError
from server.journal.audit import write_audit
from server.settings.clock import utc_now

log = logging.getLogger("server.broker")


async def give_command(
    database: Database, broker: BrokerDoor, gateway: str, command: Command, *, actor: str
) -> CommandResult:
    """Send the command and give what became of it; raises NotFound, Conflict or Unavailable in words.

    The audit has it before it is sent, so that one whose answer was lost is there, too.
    """
    number = secrets.token_hex(8)
    told = {"command": command.verb.value, "device": command.device, "number": number}
    await _audit(database, gateway, "gateway_command_given", told, actor)
    try:
        result = await broker.command(gateway, command)
    except OrderlightError as error:
        await _audit(database, gateway, "gateway_command_failed", {"number": number, "say": error.detail}, actor)
        raise
    ended = {"number": number, "done": result.done, "say": result.say}
    await _audit(database, gateway, "gateway_command_answered", ended, actor)
    return result


async def _audit(database: Database, gateway: str, action: str, detail: Mapping[str, object], actor: str) -> None:
    def work(session: Session) -> None:
        get_gateway(session, gateway)
        write_audit(session, at=utc_now(), actor=actor, action=action, subject=f"gateway:{gateway}", detail=detail)

    await asyncio.wrap_future(database.submit(work))


def touch_gateways(database: Database) -> None:
    """Let the page of the gateways be drawn anew; nobody waits for it."""
    database.submit(lambda session: touch(session, "gateways")).add_done_callback(_tell_fault)


def _tell_fault(future: "Future[None]") -> None:
    if (error := future.exception()) is not None:
        log.warning("The page of the gateways was not told of a change: %s", type(error).__name__)
