"""Every command with its help. docs/reference/server-commands.md says the same, and a test sees to it."""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from server.auth.permissions import KEY_SCOPES, Role
from server.messages import translate as _
from server.settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


Command = Callable[[argparse.Namespace, Settings], int]


def _later(module: str, name: str) -> Command:
    """A command that is imported when it runs: `serve` needs the whole web, `user list` does not."""

    def run(arguments: argparse.Namespace, settings: Settings) -> int:
        command: Command = getattr(import_module(f"server.cli.{module}"), name)
        return command(arguments, settings)

    return run


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="orderlight-server",
        description=_("Takes in what gateways read, moves the orders, and shows them live."),
        epilog=_("Settings come from the environment (ORDERLIGHT_...), then from server.toml."),
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help=_("server.toml; else ./ or /etc/orderlight/"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_running(commands)
    _add_people(commands)
    _add_keys(commands)
    _add_devices(commands)
    _add_files(commands)
    _take_config_anywhere(commands)
    return parser


def _take_config_anywhere(commands: "Commands") -> None:
    """Behind the command, too, as orderlight-gateway takes it; what is not given there leaves the one before it."""
    for command in commands.choices.values():
        command.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        for action in command._actions:
            if isinstance(action, argparse._SubParsersAction):
                _take_config_anywhere(action)


def _add_running(commands: "Commands") -> None:
    serve = commands.add_parser("serve", help=_("run the server until SIGTERM or Ctrl+C"))
    serve.add_argument("--host", help=_("listen on this address instead of the setting"))
    serve.add_argument("--port", type=int, help=_("listen on this port instead of the setting"))
    serve.set_defaults(command=_later("running", "serve"))
    init = commands.add_parser("init", help=_("create the database, the site and the first administrator"))
    init.add_argument("--name", help=_("the name of the factory"))
    init.add_argument("--time-zone", metavar="ZONE", help=_("its time zone, such as Europe/Berlin"))
    init.add_argument("--admin", default="admin", metavar="LOGIN", help=_("the administrator's login (admin)"))
    init.set_defaults(command=_later("setup", "init"))
    demo = commands.add_parser("demo-data", help=_("fill an empty database with an example factory"))
    demo.set_defaults(command=_later("setup", "demo_data"))
    migrate = commands.add_parser("migrate", help=_("bring the database to this program's version"))
    migrate.set_defaults(command=_later("setup", "migrate"))
    rebuild = commands.add_parser("rebuild", help=_("fold all facts again and compare or repair what is stored"))
    rebuild.set_defaults(command=_later("setup", "rebuild"))
    check = commands.add_parser("doctor", help=_("look for what is wrong and name the cure of each"))
    check.set_defaults(command=_later("doctor", "doctor"))


def _add_people(commands: "Commands") -> None:
    user = commands.add_parser("user", help=_("people: add, list, reset, disable, enable"))
    found = user.add_subparsers(required=True, metavar="ACTION")
    add = found.add_parser("add", help=_("add a person and print the link for a password"))
    add.add_argument("login")
    add.add_argument("--name", required=True)
    add.add_argument("--role", required=True, choices=[role.value for role in Role])
    add.add_argument("--customer", metavar="NUMBER", help=_("the customer of a person with the role customer"))
    add.add_argument("--badge", help=_("the body of the badge's code: letters and digits"))
    add.add_argument("--language", default="en")
    add.set_defaults(command=_later("people", "add"))
    found.add_parser("list", help=_("list everybody")).set_defaults(command=_later("people", "show"))
    for name, says in (
        ("reset", _("print a new link for a password")),
        ("disable", _("sign a person out everywhere and let him in no more")),
        ("enable", _("let a person in again")),
    ):
        action = found.add_parser(name, help=says)
        action.add_argument("login")
        action.set_defaults(command=_later("people", name))


def _add_keys(commands: "Commands") -> None:
    key = commands.add_parser("key", help=_("keys of gateways and programs: add, list, revoke"))
    found = key.add_subparsers(required=True, metavar="ACTION")
    add = found.add_parser("add", help=_("make a key; it is shown once"))
    kind = add.add_mutually_exclusive_group(required=True)
    kind.add_argument("--gateway", metavar="KEY", help=_("for this gateway, which is made when it is new"))
    kind.add_argument("--program", metavar="NAME", help=_("for another program"))
    scopes = sorted(scope.value for scope in KEY_SCOPES)
    add.add_argument("--scope", action="append", default=[], choices=scopes, help=_("a right of the program; repeat"))
    add.add_argument(
        "--output", type=Path, metavar="FILE", help=_("write the key there; a live key found there is kept as it is")
    )
    add.set_defaults(command=_later("keys", "add"))
    found.add_parser("list", help=_("list all keys, without their secrets")).set_defaults(
        command=_later("keys", "show")
    )
    revoke = found.add_parser("revoke", help=_("end a key at once"))
    revoke.add_argument("prefix", help=_("the part after ol_"))
    revoke.set_defaults(command=_later("keys", "revoke"))


def _add_devices(commands: "Commands") -> None:
    device = commands.add_parser("device", help=_("station screens: add, list, revoke"))
    found = device.add_subparsers(required=True, metavar="ACTION")
    add = found.add_parser("add", help=_("expect a screen and print the code to type in there"))
    add.add_argument("name")
    add.add_argument("--station", metavar="KEY", help=_("its station; without one it shows the board"))
    add.set_defaults(command=_later("keys", "add_device"))
    found.add_parser("list", help=_("list all screens")).set_defaults(command=_later("keys", "show_devices"))
    revoke = found.add_parser("revoke", help=_("end a screen at once"))
    revoke.add_argument("id", type=int)
    revoke.set_defaults(command=_later("keys", "revoke_device"))


def _add_files(commands: "Commands") -> None:
    load = commands.add_parser("import", help=_("read products, customers or orders from a CSV file"))
    load.add_argument("kind", choices=["products", "customers", "orders"])
    load.add_argument("file", type=Path)
    load.add_argument("--dry-run", action="store_true", help=_("only say what would happen"))
    load.set_defaults(command=_later("files", "import_file"))
    backup = commands.add_parser("backup", help=_("write the whole database into one file, while the server runs"))
    backup.add_argument("file", type=Path)
    backup.set_defaults(command=_later("files", "backup"))
    restore = commands.add_parser("restore", help=_("replace the database by a backup; stop the server first"))
    restore.add_argument("file", type=Path)
    restore.add_argument("--force", action="store_true", help=_("even if the database holds data; that is kept aside"))
    restore.set_defaults(command=_later("files", "restore"))
