"""`orderlight-sim device`: readers that stand on a port of their own or in the network, by hand."""

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from simulators.devices.device import Wired
from simulators.devices.tcp import TcpClientTransport, TcpTransport
from simulators.devices.transport import NotPlugged, PtyTransport, Transport
from simulators.devices.trouble import HELP, NO_TROUBLE, Trouble, add_trouble, obeying, trouble_of

if TYPE_CHECKING:
    from simulators.radio import RadioField

Kinds: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Say = Callable[[str], None]
#: A reader tells a tag that passes several times; the gateway takes one read alone for a stray one.
_ROUNDS, _ROUND_SECONDS = 3, 0.1


def add_wire(parser: argparse.ArgumentParser, *, connect: bool = False) -> None:
    """Where the device stands: on a port to make, or in the network of this machine."""
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("link", type=Path, nargs="?", help="path of the port to make")
    place.add_argument("--listen", type=int, metavar="PORT", help="be in the network at this port instead")
    if connect:
        place.add_argument("--connect", type=int, metavar="PORT", help="connect to a gateway at this port instead")


def wire_of(arguments: argparse.Namespace) -> PtyTransport | TcpTransport:
    """The wire that was asked for."""
    if arguments.listen is not None:
        return TcpTransport(arguments.listen)
    return PtyTransport(arguments.link) if arguments.link is not None else TcpClientTransport(arguments.connect)


def add_readers(kinds: Kinds) -> None:
    """The readers that are talked to, and the one that posts."""
    chafon = kinds.add_parser("chafon", help="a Chafon UHF reader on a serial port or in the network")
    add_wire(chafon)
    chafon.add_argument("--model", choices=("288", "18"), default="288")
    chafon.add_argument("--antennas", type=int, default=1)
    add_trouble(chafon)
    chafon.set_defaults(command=_chafon)
    llrp = kinds.add_parser("llrp", help="a fixed UHF reader that speaks LLRP")
    llrp.add_argument("--listen", type=int, default=5084, metavar="PORT", help="its port on this machine (5084)")
    llrp.add_argument("--antennas", type=int, default=2)
    llrp.add_argument("--clock-2000", action="store_true", help="its clock runs from the year 2000")
    add_trouble(llrp)
    llrp.set_defaults(command=_llrp)
    ssi = kinds.add_parser("zebra-ssi", help="a Zebra scanner in SSI on a serial port")
    ssi.add_argument("link", type=Path, help="path of the port to make")
    add_trouble(ssi)
    ssi.set_defaults(command=_zebra_ssi)
    keyboard = kinds.add_parser("keyboard", help="a scanner that types, at a path of its own")
    keyboard.add_argument("path", type=Path, help="path of the input device to make")
    keyboard.add_argument("--alt", action="store_true", help="type each character by its number")
    add_trouble(keyboard)
    keyboard.set_defaults(command=_keyboard)
    poster = kinds.add_parser("poster", help="a reader that posts its tags to a gateway")
    poster.add_argument("port", type=int, help="the gateway's http_port on this machine")
    poster.add_argument("--path", default="/")
    poster.add_argument("--token-file", type=Path, metavar="FILE")
    poster.add_argument("--maker", choices=("impinj", "zebra"), default="impinj")
    add_trouble(poster)
    poster.set_defaults(command=_poster)


def _chafon(arguments: argparse.Namespace) -> int:
    from simulators.devices.chafon import Chafon, ChafonSettings
    from simulators.radio import RadioField, RadioSettings

    trouble = trouble_of(arguments)
    field = RadioField(RadioSettings(antennas=arguments.antennas), seed=trouble.seed)
    reader = Chafon(wire_of(arguments), field, ChafonSettings(model=arguments.model), seed=trouble.seed)
    trouble.befall(reader)
    run_reader(reader, field, f'Chafon reader: driver = "chafon", model = "{arguments.model}".')
    return 0


def _llrp(arguments: argparse.Namespace) -> int:
    from simulators.devices.llrp import LlrpReader, LlrpSettings
    from simulators.radio import RadioField, RadioSettings

    trouble = trouble_of(arguments)
    field = RadioField(RadioSettings(antennas=arguments.antennas), seed=trouble.seed)
    settings = LlrpSettings(clock_2000=arguments.clock_2000)
    reader = LlrpReader(TcpTransport(arguments.listen), field, settings, seed=trouble.seed)
    trouble.befall(reader)
    hello = f'LLRP reader: driver = "llrp", host = "127.0.0.1", tcp_port = {arguments.listen}.'
    run_reader(reader, field, hello, change_input=reader.set_input)
    return 0


def run_reader(
    reader: Wired,
    field: "RadioField",
    hello: str,
    lines: Iterable[str] = sys.stdin,
    *,
    change_input: Callable[[int, bool], None] | None = None,
) -> None:
    """Offer a reader until the input ends; tags pass and inputs change as they are typed."""
    from simulators.shell import INPUT_HELP, READER_HELP, change_inputs, pass_tags

    reader.plug()
    print(f"{hello}\n{READER_HELP}{INPUT_HELP if change_input else ''}\n{HELP}")
    lines = obeying(reader, lines, print)
    try:
        pass_tags(field, change_inputs(lines, change_input, print) if change_input else lines, print)
    finally:
        reader.unplug()


def _zebra_ssi(arguments: argparse.Namespace) -> int:
    run_zebra_ssi(PtyTransport(arguments.link), trouble=trouble_of(arguments))
    return 0


def run_zebra_ssi(
    wire: Transport, lines: Iterable[str] = sys.stdin, say: Say = print, *, trouble: Trouble = NO_TROUBLE
) -> None:
    """Offer an SSI scanner until the input ends."""
    from simulators.devices.zebra_ssi import ZebraSsi
    from simulators.shell import typed_code

    scanner = ZebraSsi(wire, seed=trouble.seed)
    scanner.tell = say
    trouble.befall(scanner)
    scanner.plug()
    say(f'SSI scanner: driver = "zebra_ssi".\nType a code and press Enter.  /deaf loses the next answer  /quit\n{HELP}')
    try:
        for line in obeying(scanner, lines, say):
            code = typed_code(line.strip())
            if code == "/quit":
                return
            if code == "/deaf":
                scanner.deaf = 1
            elif code:
                _scan(scanner.wait_for_host, scanner.scan, code, say)
    finally:
        scanner.unplug()


def _scan(there: Callable[[float], bool], scan: Callable[[str], bool], code: str, say: Say) -> None:
    try:
        if not there(2.0):
            say("Nothing was sent: no gateway has the port open.")
        else:
            say("sent" if scan(code) else "sent, but the host never acknowledged it")
    except NotPlugged as error:
        say(str(error))


def _keyboard(arguments: argparse.Namespace) -> int:
    from simulators.devices.keyboard import Keyboard
    from simulators.devices.transport import PipeTransport
    from simulators.shell import typed_code

    trouble = trouble_of(arguments)
    scanner = Keyboard(PipeTransport(arguments.path), seed=trouble.seed)
    trouble.befall(scanner)
    scanner.plug()
    print(f'Scanner that types: driver = "hid", port = "{arguments.path.resolve()}".')
    print(f"Type a code and press Enter.  /quit\n{HELP}")
    try:
        for line in obeying(scanner, sys.stdin, print):
            if line.strip() == "/quit":
                break
            try:
                scanner.scan(typed_code(line.strip()), alt=arguments.alt)
                print("typed")
            except (NotPlugged, ValueError) as error:
                print(f"Nothing was typed: {error}")
    finally:
        scanner.unplug()
    return 0


def _poster(arguments: argparse.Namespace) -> int:
    from simulators.devices.poster import Poster, impinj_body, zebra_body
    from simulators.radio import TagSeen
    from simulators.shell import INPUT_HELP, change_inputs

    token = arguments.token_file.read_text(encoding="utf-8").strip() if arguments.token_file else ""
    body = {"impinj": impinj_body, "zebra": zebra_body}[arguments.maker]
    trouble = trouble_of(arguments)
    poster = Poster(arguments.port, path=arguments.path, token=token, body=body, seed=trouble.seed)
    trouble.befall(poster)
    poster.plug()
    print(f"Type an EPC (hex) and press Enter: the tag passes, and is posted three times.{INPUT_HELP}  /quit\n{HELP}")
    try:
        for line in change_inputs(obeying(poster, sys.stdin, print), poster.set_input, print):
            epc = line.strip().upper()
            if epc == "/QUIT":
                break
            if not _is_hex(epc):
                print("That is no tag: an EPC is written in hex digits, two for each byte.")
                continue
            for _round in range(_ROUNDS):
                poster.read(TagSeen(epc, 1, -55.0))
                time.sleep(_ROUND_SECONDS)
            print("stored" if poster.wait_until_answered(5.0) else f"not answered with 200 yet: {poster.answers[-3:]}")
    finally:
        poster.unplug()
    return 0


def _is_hex(epc: str) -> bool:
    return bool(epc) and len(epc) % 2 == 0 and set(epc) <= set("0123456789ABCDEF")
