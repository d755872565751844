"""orderlight-sim: the simulators' command line.

Exit codes: 0 done, 1 it could not be done (a sentence says why), 2 the command line itself is wrong.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from simulators.camera.commands import add_camera
from simulators.devices.commands import add_readers, add_wire, wire_of
from simulators.devices.trouble import EXAMPLES, add_trouble, trouble_of
from simulators.proxy_shell import add_proxy
from simulators.recording.commands import add_recording
from simulators.scenario.commands import add_scenario

if TYPE_CHECKING:
    from simulators.day.line import Broker

EXIT_FAILED = 1

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Usage(Exception):
    """The arguments do not fit together."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code."""
    arguments = build_parser().parse_args(argv)
    from simulators.api import ApiFault
    from simulators.demo.door import NoDemo
    from simulators.devices.transport import NotPlugged

    try:
        return int(arguments.command(arguments))
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` does.
        sys.stderr.close()
        return 0
    except (ApiFault, NoDemo, NotPlugged, Usage, OSError, ValueError) as error:
        print(str(error), file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    """Every command with its help."""
    parser = argparse.ArgumentParser(
        prog="orderlight-sim", description="Believable devices, a factory day, load and the demo."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_day(commands)
    _add_devices(commands)
    add_scenario(commands)
    add_recording(commands)
    _add_load(commands)
    add_proxy(commands)
    return parser


def _add_demo(commands: Commands) -> None:
    demo = commands.add_parser("demo", help="a whole factory on this machine, until Ctrl+C")
    demo.add_argument(
        "--data", type=Path, metavar="DIR", help="keep the data here instead of a fresh folder in var/demo"
    )
    demo.add_argument("--port", type=int, default=8000, help="first port to try (8000)")
    demo.add_argument("--speed", type=float, default=40.0, help="simulated seconds for each real one (40)")
    demo.add_argument("--seed", type=int, default=7, help="equal seeds give equal days (7)")
    demo.add_argument("--seconds", type=float, help="end by itself after so long")
    demo.add_argument("--no-crew", action="store_true", help="nobody works; only what you scan happens")
    demo.set_defaults(command=_demo)
    scan = commands.add_parser("scan", help="let a simulated reader of the running demo read a code")
    scan.add_argument("code", help="a printed code, a unit number or a GS1 element string; \\x1d is the separator")
    scan.add_argument("--at", metavar="PLACE", help="station or read point; else where the unit is due")
    scan.add_argument("--data", type=Path, metavar="DIR", help="the demo's folder; else the newest in var/demo")
    scan.set_defaults(command=_scan)


def _add_day(commands: Commands) -> None:
    day = commands.add_parser("day", help="operators at every station of a running server")
    day.add_argument("--server", required=True, metavar="URL")
    _add_key(day, "key", "of a program that may read the floor and place orders")
    _add_key(
        day,
        "gateway-key",
        "of the gateway that is started for the devices; without it start one yourself",
        required=False,
    )
    day.add_argument("--gateway", default="gw-sim", help="that gateway's name (gw-sim)")
    day.add_argument(
        "--data", type=Path, default=Path("var/day"), metavar="DIR", help="ports and gateway files (var/day)"
    )
    _add_broker(day)
    day.add_argument(
        "--wireless", action="store_true", help="everything publishes to the broker; its gateway is elsewhere"
    )
    day.add_argument("--speed", type=float, default=60.0, help="simulated seconds for each real one (60)")
    day.add_argument("--seed", type=int, default=7, help="equal seeds give equal days (7)")
    day.add_argument("--minutes", type=float, help="simulated minutes; else until Ctrl+C")
    day.add_argument("--mistakes", type=float, default=0.03, help="chance of a mistake with each piece (0.03)")
    day.set_defaults(command=_day)


def _add_key(parser: argparse.ArgumentParser, name: str, of: str, *, required: bool = True) -> None:
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument(f"--{name}", metavar="KEY", help=f"the key {of}")
    group.add_argument(f"--{name}-file", type=Path, metavar="FILE", help="the same, from a file")


def _add_broker(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--broker", metavar="HOST:PORT", help="the MQTT broker of wireless readers")
    parser.add_argument("--broker-user", default="", metavar="NAME")
    parser.add_argument("--broker-password-file", type=Path, metavar="FILE")


def _add_devices(commands: Commands) -> None:
    device = commands.add_parser("device", help="one device by hand: type a code, press Enter", epilog=EXAMPLES)
    device.formatter_class = argparse.RawDescriptionHelpFormatter
    kinds = device.add_subparsers(required=True, metavar="KIND")
    scanner = kinds.add_parser("scanner", help="a barcode scanner on a serial port")
    add_wire(scanner, connect=True)
    scanner.add_argument("--suffix", default="crlf", help="cr, lf, crlf, tab, etx or none (crlf)")
    scanner.add_argument("--gs", default="\x1d", help="what is sent instead of the group separator")
    scanner.add_argument("--ack", action="store_true", help="wait for ACK, and send again without it")
    scanner.add_argument("--vendor", default="datalogic", help="whose tones it understands (datalogic)")
    add_trouble(scanner)
    scanner.set_defaults(command=_scanner)
    r200 = kinds.add_parser("r200", help="an R200 UHF module on a serial port")
    r200.add_argument("link", type=Path, help="path of the port to make")
    r200.add_argument("--dialect", choices=("bb", "aa"), default="bb")
    add_trouble(r200)
    r200.set_defaults(command=_r200)
    r700 = kinds.add_parser("r700", help="an R700 reader on an MQTT broker")
    r700.add_argument("topic", help="where it publishes, such as readers/gate-1")
    _add_broker(r700)
    r700.add_argument("--antennas", type=int, default=2)
    add_trouble(r700)
    r700.set_defaults(command=_r700)
    add_readers(kinds)
    add_camera(kinds)
    printer = kinds.add_parser("printer", help="a label printer that understands ZPL")
    printer.add_argument("--port", type=int, default=9100, help="where it listens on this machine (9100)")
    printer.set_defaults(command=_printer)


def _add_load(commands: Commands) -> None:
    load = commands.add_parser("load", help="a steady rate of scans, and how the server bears it")
    load.add_argument("--rate", type=float, default=100.0, help="scans per second (100)")
    load.add_argument("--seconds", type=float, default=30.0, help="for so long (30)")
    load.add_argument("--read-point", default="cut-1", metavar="KEY", help="where they are read (cut-1)")
    load.add_argument("--codes", type=Path, metavar="FILE", help="one code a line; else codes that no unit has")
    load.add_argument("--resend", type=float, default=0.0, help="share of requests sent twice, as after a lost answer")
    load.add_argument("--server", metavar="URL", help="post to this server, as a gateway does")
    _add_key(load, "key", "of the gateway", required=False)
    load.add_argument("--gateway", default="gw-load", help="the gateway's name (gw-load)")
    load.add_argument("--port", type=Path, metavar="LINK", help="scan into this port of a gateway instead")
    load.add_argument("--vendor", default="datalogic", help="the feedback of that port in gateway.toml (datalogic)")
    load.set_defaults(command=_load)


# --- the commands ---


def _demo(arguments: argparse.Namespace) -> int:
    from simulators.demo.run import DemoOptions, run_demo, say_line

    options = DemoOptions(
        data=arguments.data,
        port=arguments.port,
        speed=arguments.speed,
        seed=arguments.seed,
        seconds=arguments.seconds,
        crew=not arguments.no_crew,
    )
    return run_demo(options, say_line)


def _scan(arguments: argparse.Namespace) -> int:
    from simulators.demo.door import ask, newest_demo
    from simulators.shell import typed_code

    print(ask(arguments.data or newest_demo(), {"code": typed_code(arguments.code), "at": arguments.at}))
    return 0


def _day(arguments: argparse.Namespace) -> int:
    from simulators.day.run import DayOptions, run_day

    options = DayOptions(
        server=arguments.server,
        key=_key(arguments.key, arguments.key_file) or "",
        gateway=arguments.gateway,
        gateway_key=_key(arguments.gateway_key, arguments.gateway_key_file),
        data=None if arguments.wireless else arguments.data,
        broker=_broker(arguments),
        speed=arguments.speed,
        seed=arguments.seed,
        minutes=arguments.minutes,
        mistakes=arguments.mistakes,
    )
    return run_day(options, lambda text: print(text, flush=True))


def _scanner(arguments: argparse.Namespace) -> int:
    from simulators.devices.scanner import ScannerSettings
    from simulators.shell import run_scanner

    settings = ScannerSettings(suffix=arguments.suffix, gs=arguments.gs, ack=arguments.ack, vendor=arguments.vendor)
    run_scanner(wire_of(arguments), settings, trouble=trouble_of(arguments))
    return 0


def _r200(arguments: argparse.Namespace) -> int:
    from simulators.devices.r200 import R200Settings
    from simulators.shell import run_r200

    head = {"bb": 0xBB, "aa": 0xAA}[arguments.dialect]
    run_r200(arguments.link, R200Settings(head=head), trouble=trouble_of(arguments))
    return 0


def _r700(arguments: argparse.Namespace) -> int:
    from simulators.devices.r700 import MqttPublisher
    from simulators.shell import run_r700

    broker = _broker(arguments)
    if broker is None:
        raise Usage("An R700 needs a broker: --broker 127.0.0.1:1883")
    publisher = MqttPublisher(broker.port, arguments.topic, host=broker.host, client_id="orderlight-sim-r700")
    if broker.username:
        publisher.sign_in(broker.username, broker.password)
    run_r700(publisher, arguments.antennas, trouble=trouble_of(arguments))
    return 0


def _printer(arguments: argparse.Namespace) -> int:
    from simulators.shell import run_printer

    run_printer(arguments.port)
    return 0


def _load(arguments: argparse.Namespace) -> int:
    from simulators.api import Api
    from simulators.load import HttpLoad, LoadPlan, load_through_port

    plan = LoadPlan(
        rate=arguments.rate,
        seconds=arguments.seconds,
        codes=_codes(arguments),
        read_point=arguments.read_point,
        resend=arguments.resend,
    )
    if arguments.port is not None:
        report = load_through_port(arguments.port, plan, vendor=arguments.vendor)
    else:
        key = _key(arguments.key, arguments.key_file)
        if arguments.server is None or key is None:
            raise Usage("Load needs --server with --key or --key-file, or a --port of a gateway.")
        report = HttpLoad(Api(arguments.server, key), arguments.gateway, plan).run()
    print("\n".join(report.lines()))
    return 0


def _codes(arguments: argparse.Namespace) -> list[str]:
    if arguments.codes is not None:
        found = [line for line in arguments.codes.read_text(encoding="utf-8").splitlines() if line]
        if not found:
            raise Usage(f"{arguments.codes} holds no codes; expected one a line.")
        return found
    count = max(1, round(arguments.rate * arguments.seconds))
    return [f"LOAD{number:08}" for number in itertools.islice(itertools.count(1), count)]


def _key(given: str | None, path: Path | None) -> str | None:
    return path.read_text(encoding="ascii").strip() if path is not None else given


def _broker(arguments: argparse.Namespace) -> "Broker | None":
    from simulators.day.line import Broker

    if arguments.broker is None:
        return None
    host, _colon, port = arguments.broker.rpartition(":")
    if not host or not port.isdigit():
        raise Usage(f"--broker: expected HOST:PORT such as 127.0.0.1:1883, got {arguments.broker!r}.")
    password = _key(None, arguments.broker_password_file) or ""
    return Broker(host, int(port), arguments.broker_user, password)


if __name__ == "__main__":
    sys.exit(main())
