"""A simulated device by hand: what is typed, the device sends; what its host answers is shown."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from simulators.devices.r200 import R200, R200Settings
from simulators.devices.r700 import R700, MqttPublisher
from simulators.devices.scanner import GS, Scanner, ScannerSettings
from simulators.devices.tcp import TcpClientTransport, TcpTransport
from simulators.devices.transport import NotPlugged, PtyTransport
from simulators.devices.trouble import HELP, NO_TROUBLE, Trouble, obeying
from simulators.devices.zebra import ZebraPrinter
from simulators.devices.zpl import Printed
from simulators.radio import RadioField, RadioSettings

SCANNER_HELP = (
    "Type a code and press Enter. \\x1d or {GS} is the group separator.\n"
    "/unplug /plug /noise /garbage /half CODE /twice CODE /burst N CODE /quit"
)
READER_HELP = "Type an EPC (hex) and press Enter: the tag passes.  EPC@2 is antenna 2.  /stay EPC /leave EPC /quit"
INPUT_HELP = "  /input 1 on  /input 1 off"
PRINTER_HELP = "/off /on, /empty /paper, /open /close, /cut breaks the line within the next label, /quit"
_DWELL_SECONDS = 1.5
_CUT_BYTES = 100

Say = Callable[[str], None]


def run_scanner(
    wire: PtyTransport | TcpTransport,
    settings: ScannerSettings,
    lines: Iterable[str] = sys.stdin,
    say: Say = print,
    *,
    trouble: Trouble = NO_TROUBLE,
) -> None:
    """Offer a scanner on this wire until the input ends."""
    scanner = Scanner(wire, settings, seed=trouble.seed)
    trouble.befall(scanner)
    scanner.plug()
    say(f'Scanner: {_table(wire)}, feedback = "{settings.vendor}".\n{SCANNER_HELP}\n{HELP}')
    listener = _Listener(scanner, say)
    listener.start()
    try:
        for line in obeying(scanner, lines, say):
            if line.strip() == "/quit":
                return
            _obey(scanner, line.rstrip("\n"), say)
    finally:
        listener.stop()
        scanner.unplug()


def _table(wire: PtyTransport | TcpTransport) -> str:
    """How gateway.toml names the wire."""
    if isinstance(wire, PtyTransport):
        return f'port = "{wire.link}"'
    mode = ', mode = "server"' if isinstance(wire, TcpClientTransport) else ""
    return f'host = "127.0.0.1", tcp_port = {wire.port}{mode}'


def _obey(scanner: Scanner, line: str, say: Say) -> None:
    word, _space, rest = line.partition(" ")
    rest = typed_code(rest)
    acts: dict[str, Callable[[], object]] = {
        "/unplug": scanner.unplug,
        "/plug": scanner.plug,
        "/noise": scanner.noise,
        "/garbage": scanner.garbage,
        "/half": lambda: scanner.half_frame(rest),
        "/twice": lambda: scanner.duplicate(rest),
        "/burst": lambda: scanner.burst([rest.partition(" ")[2]] * int(rest.partition(" ")[0])),
    }
    try:
        if word in acts:
            acts[word]()
        elif line.startswith("/"):
            say(f"{SCANNER_HELP}\n{HELP}")
        elif line and scanner.wait_for_host(2.0):
            taken = scanner.scan(typed_code(line))
            say("sent" if taken else "sent, but the host never acknowledged it")
        elif line:
            say("Nothing was sent: no gateway has the port open.")
    except (NotPlugged, ValueError) as error:
        say(str(error))


def typed_code(text: str) -> str:
    r"""The code meant by what was typed.

    >>> typed_code("]C110A{GS}21B") == typed_code(r"]C110A\x1d21B") == "]C110A\x1d21B"
    True
    """
    return text.replace("{GS}", GS).replace("\\x1d", GS)


class _Listener:
    """Says each signal that the scanner hears, as soon as it hears it."""

    def __init__(self, scanner: Scanner, say: Say) -> None:
        self._scanner, self._say = scanner, say
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        told = 0
        while not self._stop.is_set():
            for signal in self._scanner.wait_for_signals(told + 1, 0.2)[told:]:
                self._say(f"  heard: {signal}")
                told += 1


def run_r200(
    link: Path,
    settings: R200Settings,
    lines: Iterable[str] = sys.stdin,
    say: Say = print,
    *,
    trouble: Trouble = NO_TROUBLE,
) -> None:
    """Offer an R200 module at `link` until the input ends."""
    field = RadioField(RadioSettings(), seed=trouble.seed)
    module = R200(PtyTransport(link), field, settings, seed=trouble.seed)
    trouble.befall(module)
    module.plug()
    say(f'R200 module on {link}: driver = "r200", port = "{link}".\n{READER_HELP}\n{HELP}')
    try:
        pass_tags(field, obeying(module, lines, say), say)
    finally:
        module.unplug()


def run_r700(
    publisher: MqttPublisher,
    antennas: int,
    lines: Iterable[str] = sys.stdin,
    say: Say = print,
    *,
    trouble: Trouble = NO_TROUBLE,
) -> None:
    """Publish as an R700 until the input ends."""
    field = RadioField(RadioSettings(antennas=antennas), seed=trouble.seed)
    reader = R700(publisher, field, seed=trouble.seed)
    trouble.befall(reader)
    publisher.start()
    if not publisher.wait_until_connected(5.0):
        say("The broker does not answer; what is read now is sent when it does.")
    reader.plug()
    say(f"{READER_HELP}\n{HELP}")
    try:
        pass_tags(field, obeying(reader, lines, say), say)
    finally:
        reader.unplug()
        publisher.stop()


def run_printer(port: int, lines: Iterable[str] = sys.stdin, say: Say = print) -> None:
    """Be a label printer on this port until the input ends; what comes out is told."""
    with ZebraPrinter(port=port, came_out=lambda label: say(_told(label))) as printer:
        say(f"Label printer on port {printer.port}.\n{PRINTER_HELP}")
        now = printer.condition
        acts: dict[str, Callable[[], object]] = {
            "/off": printer.turn_off,
            "/on": printer.turn_on,
            "/empty": lambda: setattr(now, "paper", 0),
            "/paper": lambda: printer.add_paper(None),
            "/open": lambda: setattr(now, "head_open", True),
            "/close": lambda: setattr(now, "head_open", False),
            "/cut": lambda: setattr(now, "cut_after", _CUT_BYTES),
        }
        for line in lines:
            word = line.strip()
            if word == "/quit":
                return
            acts.get(word, lambda: say(PRINTER_HELP))()


def _told(label: Printed) -> str:
    codes = ", ".join(f"{code.carrier} {code.data}" for code in label.codes)
    return f"  came out: {' | '.join(label.texts)} [{codes}]" + (f" × {label.copies}" if label.copies > 1 else "")


def change_inputs(lines: Iterable[str], change: Callable[[int, bool], None], say: Say) -> Iterator[str]:
    """Obey the lines that change an input of the reader, and hand on the others."""
    for line in lines:
        word, *about = line.split() or [""]
        if word != "/input":
            yield line
        elif len(about) == 2 and about[0].isdecimal() and about[1] in ("on", "off"):
            change(int(about[0]), about[1] == "on")
        else:
            say("Write /input 1 on or /input 1 off.")


def pass_tags(field: RadioField, lines: Iterable[str], say: Say) -> None:
    """Tags enter and leave the field as they are typed."""
    for line in lines:
        word, _space, rest = line.strip().rpartition(" ")
        if rest == "/quit":
            return
        epc, _at, antenna = rest.upper().partition("@")
        try:
            bytes.fromhex(epc)
            if word == "/leave":
                field.leave(epc)
            elif epc:
                dwell = 1e9 if word == "/stay" else _DWELL_SECONDS
                field.enter(epc, antenna=int(antenna or 1), now=time.monotonic(), dwell=dwell)
        except ValueError as error:
            say(f"That is no tag: {error}")
    time.sleep(_DWELL_SECONDS)
