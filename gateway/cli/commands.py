"""What each command does."""

import argparse
import contextlib
import dataclasses
import json
import logging
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from gettext import gettext as _
from pathlib import Path
from typing import Any, TextIO

from gateway import pipeline
from gateway.cli import discovery, logs, words
from gateway.cli.systemd import Systemd
from gateway.config import ConfigError, Mistake, load, survey

EXIT_FAILED = 1
EXIT_BROKEN = 70
EXIT_CONFIG = 78


def run(arguments: argparse.Namespace) -> int:
    """`run`: until a signal."""
    logs.set_up(level=logging.DEBUG if arguments.verbose else logging.INFO)
    plan = pipeline.plan(arguments.config)
    # What was scanned is nobody's business but the gateway's.
    os.umask(0o077)
    gateway = pipeline.Gateway(plan)
    gateway.asked.hear(signal.SIGTERM, signal.SIGINT)
    if sys.stdin is not None and sys.stdin.isatty():
        # The person who watches it has closed the terminal.
        gateway.asked.hear(signal.SIGHUP)
    else:
        # Woken, the gateway looks at gateway.toml at once.
        gateway.asked.stir(signal.SIGHUP)
    systemd = Systemd()
    return 0 if gateway.run(on_ready=systemd.ready, on_well=systemd.well, on_stop=systemd.stopping) else EXIT_BROKEN


def check(arguments: argparse.Namespace) -> int:
    """`check`: all mistakes at once."""
    mistakes = pipeline.check(arguments.config)
    wrong = any(not mistake.warning for mistake in mistakes)
    if arguments.json:
        print(json.dumps([_as_json(mistake) for mistake in mistakes], indent=2))
    elif mistakes:
        print_mistakes(mistakes, sys.stdout)
    else:
        print(_("gateway.toml is fine."))
    return EXIT_CONFIG if wrong else 0


def print_mistakes(mistakes: Iterable[Mistake], stream: TextIO) -> None:
    """One line each."""
    for mistake in mistakes:
        kind = _("warning: ") if mistake.warning else ""
        print(logs.escaped(f"{kind}{mistake}"), file=stream)


def _as_json(mistake: Mistake) -> dict[str, object]:
    return {
        "line": mistake.line,
        "section": mistake.section,
        "sentence": mistake.sentence,
        "warning": mistake.warning,
    }


def status(arguments: argparse.Namespace) -> int:
    """`status`: from the running gateway, else what its outbox holds."""
    try:
        found = next(pipeline.ask(running_folder(arguments.config), "status"))
    except (OSError, StopIteration):
        found = pipeline.status_at_rest(load(arguments.config))
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        print(logs_safe(words.status(found)))
    return 0 if found["running"] else EXIT_FAILED


def running_folder(path: Path | None) -> Path:
    """Where a running gateway is met: a mistake in gateway.toml hinders its start, and no question to it."""
    draft = survey(path)
    if draft.data_dir is None:
        raise ConfigError(draft.mistakes)
    return draft.data_dir


def logs_safe(text: str) -> str:
    """Several lines, each without control characters."""
    return "\n".join(logs.escaped(line) for line in text.split("\n"))


def set_aside(arguments: argparse.Namespace) -> int:
    """`set-aside`: look, send again, or forget."""
    wanted = _wanted(arguments)
    if wanted is None:
        sentence = _("Expected EPOCH/SEQUENCE as `set-aside --list` shows it, or all; got {got}.")
        print(logs.escaped(sentence.format(got=arguments.retry or arguments.discard)), file=sys.stderr)
        return EXIT_FAILED
    try:
        found = next(pipeline.ask(running_folder(arguments.config), "set_aside", **wanted))
    except (FileNotFoundError, ConnectionRefusedError, StopIteration):
        found = pipeline.set_aside(load(arguments.config), wanted)
    if "error" in found:
        print(logs.escaped(str(found["error"])), file=sys.stderr)
        return EXIT_FAILED
    events: list[dict[str, Any]] = list(found["events"])  # type: ignore[call-overload]
    print(json.dumps(events, indent=2) if arguments.json else logs_safe(words.set_aside(events, str(wanted["do"]))))
    one_was_meant = wanted["do"] != pipeline.LIST and not wanted["all"]
    return EXIT_FAILED if any(event.get("done") is False for event in events) or (one_was_meant and not events) else 0


def _wanted(arguments: argparse.Namespace) -> dict[str, Any] | None:
    if arguments.retry is None and arguments.discard is None:
        return {"do": pipeline.LIST, "all": True}
    do, which = (
        (pipeline.RETRY, arguments.retry) if arguments.retry is not None else (pipeline.DISCARD, arguments.discard)
    )
    if which == "all":
        return {"do": do, "all": True}
    epoch, slash, sequence = which.partition("/")
    if not slash or not sequence.isascii() or not sequence.isdigit() or len(sequence) > 18:
        return None
    return {"do": do, "all": False, "epoch": epoch, "sequence": int(sequence)}


def tail(arguments: argparse.Namespace) -> int:
    """`tail`: until Ctrl+C, or until the gateway stops."""
    folder = running_folder(arguments.config)
    try:
        for line in pipeline.ask(folder, "tail"):
            print(json.dumps(line), flush=True)
    except (FileNotFoundError, ConnectionRefusedError):
        # The folder is the right one only where the file has no mistake.
        load(arguments.config)
        sentence = _("No gateway is running on {folder}. Start it with orderlight-gateway run.")
        print(sentence.format(folder=folder), file=sys.stderr)
        return EXIT_FAILED
    except PermissionError:
        sentence = _("The gateway on {folder} belongs to another user. Run this command as that user.")
        print(sentence.format(folder=folder), file=sys.stderr)
        return EXIT_FAILED
    return 0


def discover(arguments: argparse.Namespace) -> int:
    """`discover`: ports and scanners that type."""
    found = discovery.discover()
    if arguments.json:
        print(json.dumps([dataclasses.asdict(each) for each in found], indent=2))
    else:
        # What a device says of itself is foreign text on our terminal.
        print(logs_safe(discovery.describe(found)))
    return 0


def drivers(arguments: argparse.Namespace) -> int:
    """`drivers`: names, options, limitations."""
    described = pipeline.describe_drivers()
    print(json.dumps(described, indent=2) if arguments.json else words.drivers(described))
    return 0


def replay(arguments: argparse.Namespace) -> int:
    """`replay FILE`."""
    logs.set_up(level=logging.WARNING)
    plan = pipeline.plan(arguments.config)
    try:
        with _lines(arguments.file) as lines:
            write = print if arguments.dry_run else None
            result = pipeline.replay(plan, lines, seconds=arguments.seconds, write=write)
    except (pipeline.ReplayError, OSError) as error:
        print(str(error), file=sys.stderr)
        return EXIT_FAILED
    print(json.dumps(result), file=sys.stderr if arguments.dry_run else sys.stdout)
    return 0


@contextlib.contextmanager
def _lines(path: Path) -> Iterator[TextIO]:
    if str(path) == "-":
        yield sys.stdin
        return
    with path.open(encoding="utf-8") as file:
        yield file


def identify(arguments: argparse.Namespace) -> int:
    """`identify`: the codes of the command line, else one a line."""
    from gateway.identify import run as identify_lines
    from orderlight.autoid import AutoIdError

    lines = arguments.code
    if not lines:
        # Bytes that are no UTF-8 are an answer too, not a traceback.
        sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
        lines = sys.stdin
    try:
        identify_lines(lines, lambda line: print(line, flush=True), gcp_length=arguments.gcp_length)
    except AutoIdError as error:
        print(str(error), file=sys.stderr)
        return 2
    return 0
