"""docker-compose.yml stays honest without a Docker engine: its schema, its files and its settings."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.settings import SETTINGS as GATEWAY_SETTINGS
from server.settings.table import SETTINGS as SERVER_SETTINGS

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
ALLOWED_IMAGES = {"postgres:15-bookworm", "eclipse-mosquitto:2"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


def test_the_file_follows_the_compose_specification() -> None:
    command = [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]

    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_bound_file_exists_and_every_named_volume_is_declared(compose: dict[str, Any]) -> None:
    for service, volume in _volumes(compose):
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (ROOT / source).exists(), f"{service} binds {source}, which is not in the repository"
        else:
            assert source in compose["volumes"], f"{service} uses the undeclared volume {source}"


def test_every_environment_name_of_ours_is_a_setting(compose: dict[str, Any]) -> None:
    known = {setting.environment for setting in SERVER_SETTINGS}
    known |= {f"{name}_FILE" for name in known} | {setting.variable for setting in GATEWAY_SETTINGS if setting.variable}

    used = {name for service in compose["services"].values() for name in service.get("environment", {})}

    assert {name for name in used if name.startswith("ORDERLIGHT_")} <= known


def test_no_secret_stands_in_the_environment(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for variable in service.get("environment", {}):
            secret = any(word in variable for word in ("PASSWORD", "SECRET", "KEY", "DATABASE_URL"))
            assert not secret or variable.endswith("_FILE"), f"{name} takes {variable} as text; give it a file"


def test_our_images_run_as_nobody_special_on_a_read_only_root(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if "build" not in service:
            assert service["image"] in ALLOWED_IMAGES, f"{name} uses {service['image']}"
            continue
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "user" not in service, f"{name} overrides the image's own user"


def test_the_composed_gateway_has_no_mistake_in_its_configuration() -> None:
    environment = {
        "ORDERLIGHT_SERVER_URL": "http://server:8000",
        "ORDERLIGHT_GATEWAY_KEY": "ol_example_key",
        "ORDERLIGHT_GATEWAY_DATA_DIR": "/tmp/orderlight",
        "PATH": "/usr/bin",
    }
    gateway = Path(sys.executable).parent / "orderlight-gateway"

    checked = subprocess.run(
        [gateway, "check", "--config", ROOT / "deploy" / "gateway" / "gateway.toml"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_build_target_is_in_the_dockerfile_and_ends_as_our_user(compose: dict[str, Any]) -> None:
    stages = _stages((ROOT / "Dockerfile").read_text())

    targets = {service["build"]["target"] for service in compose["services"].values() if "build" in service}

    assert targets <= set(stages)
    assert {"server", "gateway", "gateway-vision"} <= set(stages)
    for target in targets | {"gateway-vision"}:
        users = [line.split()[1] for line in stages[target] if line.startswith("USER ")]
        assert (users or ["10001:10001"])[-1] == "10001:10001", target


def test_every_long_running_service_has_a_healthcheck(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if service.get("restart") == "unless-stopped":
            assert "healthcheck" in service, f"{name} runs for long and has no healthcheck"


def _volumes(compose: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            yield name, volume


def _stages(dockerfile: str) -> dict[str, list[str]]:
    stages: dict[str, list[str]] = {}
    name = ""
    for line in dockerfile.splitlines():
        if line.startswith("FROM "):
            name = line.split(" AS ")[1].strip()
            stages[name] = []
        elif name:
            stages[name].append(line.strip())
    return stages
