"""`enrol` and `rotate-key`: how the gateway comes to its key, and to the next one."""

import argparse
import json
import sys
import time
from gettext import gettext as _
from pathlib import Path
from urllib.parse import urlsplit

from gateway import pipeline
from gateway.cli.commands import running_folder
from gateway.config import load
from gateway.uplink.http import HttpTransport
from gateway.uplink.keeper import KeyFault, KeyKeeper, enrol
from gateway.uplink.keyring import Keyring

_WAIT_SECONDS = 30.0


def enrol_gateway(arguments: argparse.Namespace) -> int:
    """`enrol`: trade a one-time code for a name and a key."""
    config: Path = arguments.config or Path("gateway.toml")
    key_file: Path = arguments.key_file or config.with_name("gateway.key")
    url = arguments.server.rstrip("/")
    if fault := _fault(url, arguments.ca):
        print(fault, file=sys.stderr)
        return 2
    try:
        transport = HttpTransport(url, "enrol", agent=_agent(), ca_file=arguments.ca)
        name = enrol(transport, Keyring(key_file, "", lambda _key: None), arguments.code)
    except (KeyFault, OSError, ValueError) as error:
        print(str(error), file=sys.stderr)
        return 1
    print(_("This gateway is {name}; its key is in {file}.").format(name=name, file=key_file))
    text = _settings(name, url, key_file.resolve(), arguments.ca)
    if config.exists():
        print(_("See that {file} says:").format(file=config), text, sep="\n")
    else:
        config.write_text(text, encoding="utf-8")
        print(
            _("{file} is begun; add a [[device]] for each reader, then run: orderlight-gateway check").format(
                file=config
            )
        )
    return 0


def _fault(url: str, ca_file: str | None) -> str:
    """What is wrong with the command line, before anybody is asked."""
    if urlsplit(url).scheme not in ("http", "https"):
        sentence = _('--server is "{url}": expected http:// or https:// and a host, such as "http://127.0.0.1:8000".')
        return sentence.format(url=url)
    if ca_file is not None and not Path(ca_file).is_file():
        return _("--ca {file} is not there. Save the authority's certificate there, as PEM.").format(file=ca_file)
    return ""


def _agent() -> str:
    return f"orderlight-gateway/{pipeline.version()}"


def _settings(name: str, url: str, key_file: Path, ca_file: str | None) -> str:
    """The beginning of gateway.toml; a JSON string is a TOML string, too."""
    server = {"url": url, "key_file": str(key_file)} | ({"ca_file": str(Path(ca_file).resolve())} if ca_file else {})
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in server.items()]
    return "\n".join(["[gateway]", f"name = {json.dumps(name)}", "", "[server]", *lines, ""])


def rotate_key(arguments: argparse.Namespace) -> int:
    """`rotate-key`: have the running gateway change its key, or change it where none runs."""
    folder = running_folder(arguments.config)
    try:
        before = next(pipeline.ask(folder, "rotate_key"))
    except (FileNotFoundError, ConnectionRefusedError, StopIteration):
        return _rotate_here(arguments)
    except OSError as error:
        print(str(error), file=sys.stderr)
        return 1
    return _await_change(folder, before.get("prefix"))


def _await_change(folder: Path, before: object) -> int:
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        key = next(pipeline.ask(folder, "status"))["key"]
        assert isinstance(key, dict)
        if key["prefix"] != before:
            print(_("The key is changed; it begins with ol_{prefix}.").format(prefix=key["prefix"]))
            return 0
        if key["detail"]:
            print(key["detail"], file=sys.stderr)
            return 1
        # A person waits for the next heartbeat.
        time.sleep(0.2)
    print(_("The server has not answered yet; the gateway changes the key as soon as it does."), file=sys.stderr)
    return 1


def _rotate_here(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    server = config.server
    try:
        with pipeline.opened_transport(config) as transport:
            keyring = Keyring(server.key_file, server.key, transport.use_key)
            KeyKeeper(keyring, transport, gateway=config.name, days=server.key_days).rotate()
    except (KeyFault, OSError) as error:
        print(str(error), file=sys.stderr)
        return 1
    print(_("The key is changed."))
    return 0
