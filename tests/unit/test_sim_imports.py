"""The image of the simulators holds no server: what it runs must not import one."""

import subprocess
import sys


def test_the_day_devices_and_load_run_without_the_servers_packages() -> None:
    program = (
        "import sys, simulators.cli, simulators.day.run, simulators.load, simulators.shell\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('server', 'fastapi', 'sqlalchemy')))"
    )

    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout == "[]\n"
