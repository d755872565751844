"""What a gateway does not need it does not load, for it holds it as long as it runs."""

import json
import subprocess
import sys
from pathlib import Path

#: Each of them takes half a megabyte to seven (docs/reference/benchmarks.md).
HEAVY = (
    "ssl",
    "hashlib",
    "_hashlib",
    "http.client",
    "email.message",
    "tempfile",
    "asyncio",
    "paho.mqtt",
    "importlib.metadata",
)
#: A gateway from its start to its end; what it has loaded then goes to standard output.
RUN = """
import json, logging, sys, time
from pathlib import Path
from gateway import pipeline
import gateway.cli
gateway.cli.build_parser()
logging.disable()
running = pipeline.Gateway(pipeline.plan(Path(sys.argv[1])))
running.start()
time.sleep(0.3)
next(pipeline.ask(Path(sys.argv[2]), "status"))
running.close()
json.dump(sorted(sys.modules), sys.stdout)
"""
READERS = """
[[device]]
name = "scanner"
driver = "serial_line"
port = "/dev/not-there-1"
read_point = "cut-1"
[[device]]
name = "shelf"
driver = "r200"
port = "/dev/not-there-2"
read_point = "shelf-1"
"""


def loaded(folder: Path, url: str) -> set[str]:
    """The modules of a gateway with a scanner and a UHF module, whose server is not there."""
    key_file, config = folder / "gateway.key", folder / "gateway.toml"
    key_file.write_text("olg_" + "0" * 40)
    key_file.chmod(0o600)
    head = (
        f'[gateway]\nname = "gw-1"\ndata_dir = "{folder / "data"}"\n[server]\nurl = "{url}"\nkey_file = "{key_file}"\n'
    )
    config.write_text(head + READERS)
    command = [sys.executable, "-c", RUN, str(config), str(folder / "data")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout))


def test_a_gateway_of_plain_http_loads_nothing_that_encrypts_and_nothing_heavy(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "http://127.0.0.1:9")

    assert modules.isdisjoint(HEAVY), modules.intersection(HEAVY)


def test_a_gateway_loads_the_machines_of_its_own_readers_alone(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "http://127.0.0.1:9")

    drivers = {name.rpartition(".")[2] for name in modules if name.startswith("gateway.protocols.catalogue.")}
    assert drivers == {"serial_line", "r200"}
    assert {
        f"gateway.protocols.{name}"
        for name in ("llrp", "chafon", "zebra_ssi", "hid", "mqtt_json", "http_push", "pictures")
    }.isdisjoint(modules)


def test_a_gateway_of_https_encrypts(tmp_path: Path) -> None:
    assert "ssl" in loaded(tmp_path, "https://127.0.0.1:9")
