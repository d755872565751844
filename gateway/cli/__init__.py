"""orderlight-gateway: the gateway's command line.

Exit codes: 0 done, 1 it could not be done (a sentence says why), 2 the command line itself is wrong,
70 a part of the gateway broke (start again: a damaged outbox file is set aside), 78 gateway.toml has mistakes.
"""

import argparse
import sys
from collections.abc import Sequence
from gettext import gettext as _
from pathlib import Path

from gateway.cli import commands, enrolment
from gateway.config import ConfigError
from gateway.outbox import OutboxError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.command(arguments))
    except ConfigError as error:
        commands.print_mistakes(error.mistakes, sys.stderr)
        return commands.EXIT_CONFIG
    except OutboxError as error:
        print(str(error), file=sys.stderr)
        return commands.EXIT_FAILED
    except BrokenPipeError:
        # The reader of our output has seen enough, as `head` does.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    parser = argparse.ArgumentParser(
        prog="orderlight-gateway", description=_("Reads scanners and RFID readers, and tells the server, durably.")
    )
    # Before the command, too, as orderlight-server takes it.
    parser.add_argument("--config", type=Path, help=argparse.SUPPRESS)
    found = parser.add_subparsers(required=True, metavar="COMMAND")
    config = argparse.ArgumentParser(add_help=False)
    config.add_argument(
        "--config", type=Path, metavar="FILE", default=argparse.SUPPRESS,
        help=_("gateway.toml; else ./ or /etc/orderlight/ is searched"),
    )  # fmt: skip
    _add_running(found, config)
    _add_keys(found, config)
    _add_looking(found, config)
    return parser


def _add_running(found: "argparse._SubParsersAction[argparse.ArgumentParser]", config: argparse.ArgumentParser) -> None:
    run = found.add_parser("run", parents=[config], help=_("run the gateway until SIGTERM or Ctrl+C"))
    run.add_argument("--verbose", action="store_true", help=_("log details too"))
    run.set_defaults(command=commands.run)

    replay = found.add_parser(
        "replay", parents=[config], help=_("feed recorded bytes through the pipeline, and deliver the events")
    )
    replay.add_argument(
        "file", type=Path, metavar="FILE", help=_('JSON lines {"device", "bytes"}; - is standard input')
    )
    replay.add_argument("--dry-run", action="store_true", help=_("print the events instead of storing them"))
    replay.add_argument("--seconds", type=float, default=30.0, help=_("how long to try to deliver (30)"))
    replay.set_defaults(command=commands.replay)

    identify = found.add_parser("identify", help=_("say what codes mean: one a line in, one JSON object a line out"))
    identify.add_argument("code", nargs="*", help=_("a code; without one, a code a line from standard input"))
    identify.add_argument("--gcp-length", type=int, metavar="N", help=_("length of the GS1 company prefix"))
    identify.set_defaults(command=commands.identify)


def _add_keys(found: "argparse._SubParsersAction[argparse.ArgumentParser]", config: argparse.ArgumentParser) -> None:
    enrol = found.add_parser(
        "enrol",
        parents=[config],
        help=_("get a name and a key from the server, by a one-time code of its administrator"),
    )
    enrol.add_argument("--server", required=True, metavar="URL", help=_("address of the server"))
    enrol.add_argument("--code", required=True, help=_("the code, from Admin, Gateways, the gateway's page"))
    enrol.add_argument("--ca", metavar="FILE", help=_("certificate authority to trust beside the usual ones"))
    enrol.add_argument(
        "--key-file", type=Path, metavar="FILE", help=_("where to keep the key; gateway.key beside gateway.toml")
    )
    enrol.set_defaults(command=enrolment.enrol_gateway)

    rotate = found.add_parser(
        "rotate-key", parents=[config], help=_("bring the server a new key, and use it from now on")
    )
    rotate.set_defaults(command=enrolment.rotate_key)


def _add_looking(found: "argparse._SubParsersAction[argparse.ArgumentParser]", config: argparse.ArgumentParser) -> None:
    check = found.add_parser("check", parents=[config], help=_("find every mistake in gateway.toml"))
    check.add_argument("--json", action="store_true", help=_("as JSON"))
    check.set_defaults(command=commands.check)

    status = found.add_parser("status", parents=[config], help=_("how the running gateway is"))
    status.add_argument("--json", action="store_true", help=_("as JSON"))
    status.set_defaults(command=commands.status)

    aside = found.add_parser(
        "set-aside",
        parents=[config],
        help=_("list events that the server would not take; send them again or forget them"),
    )
    wish = aside.add_mutually_exclusive_group()
    wish.add_argument("--list", action="store_true", help=_("list them with what the server said (the default)"))
    wish.add_argument("--retry", metavar="EVENT", help=_("send EPOCH/SEQUENCE, or all, again under a new number"))
    wish.add_argument("--discard", metavar="EVENT", help=_("forget EPOCH/SEQUENCE, or all, for good"))
    aside.add_argument("--json", action="store_true", help=_("as JSON"))
    aside.set_defaults(command=commands.set_aside)

    tail = found.add_parser("tail", parents=[config], help=_("show each read and event as it happens, as JSON lines"))
    tail.set_defaults(command=commands.tail)

    discover = found.add_parser("discover", help=_("list what is plugged in, under the names gateway.toml should use"))
    discover.add_argument("--json", action="store_true", help=_("as JSON"))
    discover.set_defaults(command=commands.discover)

    drivers = found.add_parser("drivers", help=_("list the drivers with their options"))
    drivers.add_argument("--json", action="store_true", help=_("as JSON"))
    drivers.set_defaults(command=commands.drivers)
