"""A scenario in real time: what it counts is what the gateway's drivers read at its ports."""

import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from gateway.protocols import parse_options
from gateway.protocols.reads import CodeRead, TagRead
from gateway.sources import make_source
from gateway.supervisor import Supervisor
from simulators.recording.format import read_recording
from simulators.scenario.plan import parse_scenario
from simulators.scenario.run import Outcome, run_scenario
from simulators.services import free_port

SCENARIO = """\
round: 0.2
devices:
  - {{name: cut, kind: scanner, port: {folder}/cut}}
  - {{name: pack, kind: zebra-ssi, port: {folder}/pack}}
  - {{name: gate, kind: r200, port: {folder}/gate}}
  - {{name: door, kind: llrp, listen: {llrp}}}
  - {{name: hall, kind: poster, http_port: {http}}}
  - {{name: wedge, kind: keyboard, pipe: {folder}/wedge}}
steps:
  - plug: cut
  - plug: pack
  - plug: gate
  - plug: door
  - plug: hall
  - plug: wedge
  - at: 4
    repeat:
      times: 5
      every: 1
      steps:
        - scan: {{device: cut, code: OLU0011P}}
        - scan: {{device: pack, code: OLU0011P}}
        - scan: {{device: wedge, code: OLU0011P}}
  - at: 5
    enter: {{device: gate, tag: 30751FEB705C5904E3D50D70, for: 4}}
  - at: 5
    enter: {{device: door, tag: 30751FEB705C5904E3D50D71, for: 4}}
  - at: 5
    enter: {{device: hall, tag: 30751FEB705C5904E3D50D72, for: 1}}
  - at: 12
    assert-counts: {{device: cut, codes: 5}}
  - at: 12
    assert-counts: {{device: pack, codes: 5}}
  - at: 12
    assert-counts: {{device: wedge, codes: 5}}
  - at: 12
    assert-counts: {{device: gate, tags: 1}}
  - at: 12
    assert-counts: {{device: door, tags: 1}}
  - at: 12
    assert-counts: {{device: hall, tags: 1}}
"""


def test_what_a_scenario_counts_is_what_the_drivers_read(tmp_path: Path) -> None:
    llrp, http = free_port(), free_port()
    scenario = parse_scenario(SCENARIO.format(folder=tmp_path, llrp=llrp, http=http), "live.yaml")
    tables: dict[str, tuple[str, dict[str, object]]] = {
        "cut": ("serial_line", {"port": str(tmp_path / "cut")}),
        "pack": ("zebra_ssi", {"port": str(tmp_path / "pack")}),
        "wedge": ("hid", {"port": str(tmp_path / "wedge")}),
        "gate": ("r200", {"port": str(tmp_path / "gate")}),
        "door": ("llrp", {"host": "127.0.0.1", "tcp_port": llrp}),
        "hall": ("http_push", {"http_port": http, "preset": "impinj_r700"}),
    }
    read: Counter[str] = Counter()
    outcomes: list[Outcome] = []

    with ExitStack() as stack:
        for name, (driver, table) in tables.items():
            _supervise(stack, name, driver, table, read)
        playing = threading.Thread(target=lambda: outcomes.append(run_scenario(scenario, speed=4.0)))
        playing.start()
        playing.join(30)
        time.sleep(0.1)

    (outcome,) = outcomes
    assert outcome.failures == []
    assert set(outcome.unsent.values()) == {0}
    assert (read["cut"], read["pack"], read["wedge"]) == (5, 5, 5)
    for name in ("gate", "door", "hall"):
        assert read[name] == outcome.counts[name]["reads"] > 0, name


def test_a_camera_of_a_scenario_is_read_by_the_camera_driver(tmp_path: Path) -> None:
    port, read = free_port(), Counter[str]()
    text = f"round: 0.2\ndevices:\n  - {{name: belt, kind: camera, listen: {port}}}\nsteps:\n  - plug: belt\n"
    text += "  - at: 10\n    scan: {device: belt, code: OLU0011P}\n"
    text += "  - at: 16\n    assert-counts: {device: belt, codes: 1}\n"
    outcomes: list[Outcome] = []

    with ExitStack() as stack:
        address = f"http://127.0.0.1:{port}/camera.mjpg"
        _supervise(stack, "belt", "camera", {"device": address, "evidence": "none"}, read)
        scenario = parse_scenario(text, "live.yaml")
        playing = threading.Thread(target=lambda: outcomes.append(run_scenario(scenario, folder=tmp_path / "rec")))
        playing.start()
        playing.join(60)

    (outcome,) = outcomes
    assert outcome.failures == []
    assert read["belt"] >= 1
    assert read_recording(tmp_path / "rec" / "belt.rec").kind == "tcp"


def _supervise(stack: ExitStack, name: str, driver: str, table: dict[str, object], read: Counter[str]) -> None:
    source = make_source(name, parse_options(driver, table), gateway="gw-1")

    def emit(sign: object) -> None:
        if isinstance(sign, CodeRead | TagRead):
            read[name] += 1
            source.acknowledge(sign)

    supervisor = Supervisor(
        source, driver, emit=emit, on_lost=lambda *_: None, on_recovered=lambda _: None, share=lambda: 0.0
    )
    supervisor.start()
    stack.callback(supervisor.join, 10.0)
    stack.callback(supervisor.stop)
