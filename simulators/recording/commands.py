"""`orderlight-sim record` and `orderlight-sim replay`."""

import argparse
import json
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulators.recording.format import Recorder, Recording, read_recording

if TYPE_CHECKING:
    from simulators.cli import Commands
    from simulators.recording.mqtt import BrokerLink

RECORD_EXAMPLES: Final = """examples:
  orderlight-sim record serial /dev/ttyUSB0 /run/tap/scanner-1 monday.rec --baud 9600
      and in gateway.toml: port = "/run/tap/scanner-1"
  orderlight-sim record keys /dev/input/by-id/usb-Honeywell-event-kbd /run/tap/wedge-1 wedge.rec
  orderlight-sim record tcp 10.0.0.40:5084 gate.rec --listen 5084
      and in gateway.toml: host = "127.0.0.1"
  orderlight-sim record mqtt gate.rec --broker 127.0.0.1:1883 --topic 'readers/#'
  orderlight-sim record http gate.rec --listen 8090 --to 127.0.0.1:8085
      and at the reader: the port 8090 of this machine"""
REPLAY_EXAMPLES: Final = """examples:
  orderlight-sim replay monday.rec ports/scanner-1 --speed 10
  orderlight-sim replay gate.rec --listen 5084
  orderlight-sim replay bus.rec --broker 127.0.0.1:1883 --fast
  orderlight-sim replay monday.rec --lines scanner-1 | orderlight-gateway replay --config gateway.toml -"""


def add_recording(commands: "Commands") -> None:
    """Both commands with their help."""
    raw = argparse.RawDescriptionHelpFormatter
    record = commands.add_parser(
        "record", help="write down what a real device and its gateway say", epilog=RECORD_EXAMPLES, formatter_class=raw
    )
    kinds = record.add_subparsers(required=True, metavar="KIND")
    serial = kinds.add_parser("serial", help="stand between a serial device and the gateway")
    serial.add_argument("device", type=Path, help="the device's port, such as /dev/ttyUSB0")
    serial.add_argument("link", type=Path, help="path of the port to make for the gateway")
    serial.add_argument("--baud", type=int, default=9600, help="the device's rate (9600)")
    _finish(serial, _record_serial)
    keys = kinds.add_parser("keys", help="stand between a scanner that types and the gateway")
    keys.add_argument("device", type=Path, help="its input device, such as /dev/input/by-id/usb-...-event-kbd")
    keys.add_argument("link", type=Path, help="path of the input device to make for the gateway")
    _finish(keys, _record_keys)
    tcp = kinds.add_parser("tcp", help="stand between a device in the network and the gateway")
    tcp.add_argument("device", metavar="HOST:PORT", help="where the device is")
    tcp.add_argument("--listen", type=int, required=True, metavar="PORT", help="where the gateway connects instead")
    tcp.add_argument("--host", default="127.0.0.1", help="address it listens on; 0.0.0.0 for others (127.0.0.1)")
    _finish(tcp, _record_tcp)
    mqtt = kinds.add_parser("mqtt", help="subscribe to what readers publish")
    mqtt.add_argument("--broker", required=True, metavar="HOST:PORT", help="the MQTT broker")
    _add_user(mqtt)
    mqtt.add_argument("--topic", required=True, metavar="FILTER", help="such as 'readers/#'")
    _finish(mqtt, _record_mqtt)
    http = kinds.add_parser("http", help="take a reader's posts and post them on to the gateway")
    http.add_argument("--listen", type=int, required=True, metavar="PORT", help="where the reader posts instead")
    http.add_argument("--host", default="0.0.0.0", help="address it listens on (0.0.0.0)")
    http.add_argument("--to", required=True, metavar="HOST:PORT", help="the gateway's http_port")
    _finish(http, _record_http)
    _add_replay(commands)


def _finish(parser: argparse.ArgumentParser, command: Callable[[argparse.Namespace], int]) -> None:
    parser.add_argument("file", type=Path, help="the recording to write; it must not be there yet")
    parser.add_argument("--seconds", type=float, help="end by itself after so long; else by Ctrl+C")
    parser.set_defaults(command=command)


def _add_user(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--broker-user", default="", metavar="NAME")
    parser.add_argument("--broker-password-file", type=Path, metavar="FILE")


def _add_replay(commands: "Commands") -> None:
    replay = commands.add_parser(
        "replay",
        help="let a recorded device speak again",
        epilog=REPLAY_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    replay.add_argument("file", type=Path, help="the recording")
    place = replay.add_mutually_exclusive_group(required=True)
    place.add_argument("link", type=Path, nargs="?", help="path of the port or input device to make")
    place.add_argument("--listen", type=int, metavar="PORT", help="be in the network at this port")
    place.add_argument("--connect", type=int, metavar="PORT", help="connect to a gateway at this port")
    place.add_argument("--post", type=int, metavar="PORT", help="post to the http_port of a gateway on this machine")
    place.add_argument("--lines", metavar="DEVICE", help="print it as `orderlight-gateway replay` reads it")
    place.add_argument("--broker", metavar="HOST:PORT", help="publish to this MQTT broker")
    _add_user(replay)
    replay.add_argument("--token-file", type=Path, metavar="FILE", help="what the posts show")
    pace = replay.add_mutually_exclusive_group()
    pace.add_argument("--speed", type=float, default=1.0, help="recorded seconds for each real one (1)")
    pace.add_argument("--fast", action="store_true", help="wait for nothing but the gateway's questions")
    replay.set_defaults(command=_replay)


# --- record ---


def _record(arguments: argparse.Namespace, kind: str, tap: Callable[[Recorder, threading.Event], object]) -> int:
    stop = threading.Event()
    head = {"begun": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    recorder = Recorder(arguments.file, kind, head=head)
    timer = threading.Timer(arguments.seconds, stop.set) if arguments.seconds else None
    try:
        with recorder:
            if timer is not None:
                timer.start()
            tap(recorder, stop)
    except KeyboardInterrupt:
        stop.set()
    finally:
        if timer is not None:
            timer.cancel()
    _say(f"{arguments.file}: {recorder.chunks} chunks.")
    return 0


def _record_serial(arguments: argparse.Namespace) -> int:
    from simulators.recording.taps import tap_serial

    def tap(recorder: Recorder, stop: threading.Event) -> None:
        tap_serial(arguments.device, arguments.link, recorder, stop, baud=arguments.baud, say=_say)

    return _record(arguments, "serial", tap)


def _record_keys(arguments: argparse.Namespace) -> int:
    from simulators.recording.taps import tap_keys

    def tap(recorder: Recorder, stop: threading.Event) -> None:
        tap_keys(arguments.device, arguments.link, recorder, stop, say=_say)

    return _record(arguments, "keys", tap)


def _record_tcp(arguments: argparse.Namespace) -> int:
    from simulators.recording.taps import tap_tcp

    device = _address("the device", arguments.device)
    with socket.create_server((arguments.host, arguments.listen)) as listener:
        _say(f'Have the gateway connect here: host = "{arguments.host}", tcp_port = {arguments.listen}.')
        return _record(arguments, "tcp", lambda recorder, stop: tap_tcp(listener, device, recorder, stop))


def _record_mqtt(arguments: argparse.Namespace) -> int:
    def tap(recorder: Recorder, stop: threading.Event) -> None:
        link = _broker(arguments)
        link.record(arguments.topic, recorder)
        with link:
            _say(f"Recording {arguments.topic}.")
            stop.wait()

    return _record(arguments, "mqtt", tap)


def _record_http(arguments: argparse.Namespace) -> int:
    from simulators.recording.taps import HttpTap

    def tap(recorder: Recorder, stop: threading.Event) -> None:
        with HttpTap((arguments.host, arguments.listen), _address("--to", arguments.to), recorder) as server:
            threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
            _say(f"Have the reader post here: port {arguments.listen}.")
            try:
                stop.wait()
            finally:
                server.shutdown()

    return _record(arguments, "http", tap)


# --- replay ---


def _replay(arguments: argparse.Namespace) -> int:
    from simulators.devices.commands import wire_of
    from simulators.devices.transport import PipeTransport
    from simulators.recording import replay

    recording = read_recording(arguments.file)
    if recording.torn:
        _say(f"The last line was cut off when it was written; {recording.torn} characters are left out.")
    if arguments.lines is not None:
        _print_lines(recording, arguments.lines)
        return 0
    if arguments.speed <= 0:
        raise ValueError(f"--speed: expected more than 0, got {arguments.speed}.")
    pace = replay.Pace(None if arguments.fast else arguments.speed)
    if arguments.broker is not None:
        sent = replay.replay_messages(recording, _broker(arguments), pace)
    elif arguments.post is not None:
        token = arguments.token_file.read_text(encoding="utf-8").strip() if arguments.token_file else ""
        sent = replay.replay_posts(recording, arguments.post, pace, token=token)
    elif recording.kind == "keys" and arguments.link is not None:
        sent = replay.replay_keys(recording, PipeTransport(arguments.link), pace)
    else:
        _say("Waiting for the gateway.")
        sent = replay.replay_stream(recording, wire_of(arguments), pace, _say)
    _say(f"{sent} chunks replayed.")
    return 0


def _print_lines(recording: Recording, device: str) -> None:
    for chunk in recording.chunks:
        if chunk.to_host:
            print(json.dumps({"device": device, "hex": chunk.data.hex()}))


def _address(option: str, text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"{option}: expected HOST:PORT such as 10.0.0.40:5084, got {text!r}.")
    return host, int(port)


def _broker(arguments: argparse.Namespace) -> "BrokerLink":
    from simulators.recording.mqtt import BrokerLink

    secret: Path | None = arguments.broker_password_file
    user = (arguments.broker_user, secret.read_text(encoding="utf-8").strip() if secret else "")
    return BrokerLink(*_address("--broker", arguments.broker), user if user[0] else None)


def _say(text: str) -> None:
    print(text, flush=True)
