"""`orderlight-sim proxy`: a failing wire by hand."""

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from simulators.proxy import Fault, Proxy, Towards

if TYPE_CHECKING:
    from simulators.cli import Commands
    from simulators.shell import Say

HELP: Final = "/none /black-hole /reset /drip [SECONDS] /delay [SECONDS] /cut [BYTES] /state /quit"


def add_proxy(commands: "Commands") -> None:
    """The command with its help."""
    proxy = commands.add_parser("proxy", help="a wire that fails on demand, before a server, broker or device")
    proxy.add_argument("--to", required=True, metavar="HOST:PORT", help="where the wire leads")
    proxy.add_argument("--host", default="127.0.0.1", help="address it listens on; 0.0.0.0 for others (127.0.0.1)")
    proxy.add_argument("--listen", type=int, default=0, metavar="PORT", help="port it listens on (a free one)")
    proxy.add_argument("--fault", choices=[str(fault) for fault in Fault], default="none", help="how it begins (none)")
    proxy.add_argument("--seconds", type=float, default=1.0, help="of drip between two bytes, of delay (1)")
    proxy.add_argument("--after", type=int, default=0, metavar="BYTES", help="what cut lets through first (0)")
    proxy.add_argument(
        "--towards", choices=[str(way) for way in Towards], default="both", help="the way that fails (both)"
    )
    proxy.set_defaults(command=_proxy)


def _proxy(arguments: argparse.Namespace) -> int:
    host, _colon, port = arguments.to.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"--to: expected HOST:PORT such as 127.0.0.1:8000, got {arguments.to!r}.")
    towards = Towards(arguments.towards)
    with Proxy((host, int(port)), host=arguments.host, port=arguments.listen) as proxy:
        proxy.be(Fault(arguments.fault), seconds=arguments.seconds, after=arguments.after, towards=towards)
        run_proxy(proxy, towards)
    return 0


def run_proxy(proxy: Proxy, towards: Towards, lines: Iterable[str] = sys.stdin, say: "Say" = print) -> None:
    """Change the wire as typed, until the input ends."""
    say(f"Wire at port {proxy.port}.\n{HELP}")
    for line in lines:
        word, _space, figure = line.strip().removeprefix("/").partition(" ")
        if word == "quit":
            return
        if word in list(Fault):
            _change(proxy, Fault(word), figure, towards, say)
        elif word != "state":
            say(HELP)
        say(
            f"  {proxy.connections} connections, {proxy.broken} broken, {proxy.sent[Towards.SERVER]:,} bytes towards "
            f"the server, {proxy.sent[Towards.CLIENT]:,} back"
        )


def _change(proxy: Proxy, fault: Fault, figure: str, towards: Towards, say: "Say") -> None:
    try:
        if fault is Fault.CUT:
            proxy.be(fault, after=int(figure or 0), towards=towards)
        else:
            proxy.be(fault, seconds=float(figure or 1), towards=towards)
    except ValueError:
        say(f"{figure!r} is no figure. {HELP}")
