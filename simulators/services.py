"""Private servers on loopback: a mosquitto and a PostgreSQL that belong to one demo, test or benchmark run."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from simulators.processes import tethered

STARTUP_SECONDS = 30.0
NO_FILES: Mapping[str, Path] = MappingProxyType({})


class ServiceMissing(Exception):
    """The program is not installed; the message names the Debian package that brings it."""


def free_port() -> int:
    """A TCP port on loopback that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, process: "subprocess.Popen[bytes]", what: str) -> None:
    """Return once the port accepts a connection; raise when the process ends or time runs out."""
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with code {process.returncode} before it listened on port {port}.")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"{what} did not listen on port {port} within {STARTUP_SECONDS:.0f} s.")


# --- mosquitto ---


def find_mosquitto() -> str:
    """The path of mosquitto, which Debian keeps outside an ordinary user's PATH."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise ServiceMissing("mosquitto is not installed: apt-get install mosquitto")
    return found


class Mosquitto:
    """A broker on loopback that remembers nothing: after a kill it starts empty."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self._config = folder / "mosquitto.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self._config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        # mosquitto drops root and must still read its configuration, whatever umask this process has.
        os.chmod(folder, 0o755)  # noqa: S103
        self._config.chmod(0o644)

    def lend(self, path: Path) -> Path:
        """A copy of a file where the broker's own account can read it, to be named in the configuration."""
        copy = self._config.with_name(path.name)
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o644)
        return copy

    def start(self, *more: str) -> None:
        """Begin, with further lines of configuration; return once it listens."""
        if more:
            with self._config.open("a") as config:
                config.write("\n".join(more) + "\n")
        # Started as root it would change to its own account itself, which would cut the tether.
        account = _account("mosquitto")
        self._process = subprocess.Popen(
            tethered([find_mosquitto(), "-c", str(self._config)], account=account.pw_name if account else None),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for_port(self.port, self._process, "mosquitto")

    def kill(self) -> None:
        """kill -9: nothing is saved, nobody is told."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=10)

    def stop(self) -> None:
        """End it in good order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)


@contextmanager
def killable_mosquitto(
    port: int | None = None, *more: str, files: Mapping[str, Path] = NO_FILES
) -> Iterator[Mosquitto]:
    """Run a broker on loopback, with further lines and files of configuration; it may be killed and started again."""
    with tempfile.TemporaryDirectory(prefix="orderlight-mosquitto-") as folder:
        broker = Mosquitto(Path(folder), port)
        try:
            broker.start(*more, *(f"{name} {broker.lend(path)}" for name, path in files.items()))
            yield broker
        finally:
            broker.stop()


@contextmanager
def private_mosquitto(port: int | None = None, *more: str, files: Mapping[str, Path] = NO_FILES) -> Iterator[int]:
    """Run a broker on loopback without persistence and yield its port."""
    with killable_mosquitto(port, *more, files=files) as broker:
        yield broker.port


# --- PostgreSQL ---


def find_postgres() -> Path:
    """The folder of initdb and postgres: Debian's newest version, or whatever PATH has."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    if found is None:
        raise ServiceMissing("PostgreSQL is not installed: apt-get install postgresql")
    return Path(found).resolve().parent


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running private cluster."""

    port: int
    data: Path
    process: "subprocess.Popen[bytes]"

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy address of a database in the cluster."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"


@contextmanager
def private_postgres(*, fsync: bool = True, port: int | None = None, keep: Path | None = None) -> Iterator[Postgres]:
    """Run a cluster on loopback and yield it; `fsync=False` is for tests that do not measure durability.

    The cluster is fresh and goes with the run, but for one in a folder to `keep`, which the next run finds again.
    """
    programs, port = find_postgres(), port or free_port()
    folder = keep or Path(tempfile.mkdtemp(prefix="orderlight-postgres-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # PostgreSQL refuses to run as root, so root hands the folder to the package's own account.
        account = _account("postgres")
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        if not (folder / "data").exists():
            made = ["-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
            _run_as(account, [programs / "initdb", *made])
        process = _start_postgres(programs, folder, port, fsync=fsync, account=account)
        try:
            wait_for_port(port, process, "PostgreSQL")
            wait_for_postgres(programs, port)
            yield Postgres(port, folder / "data", process)
        finally:
            # A fast shutdown, which does not wait for sessions that an error has left open.
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def wait_for_postgres(programs: Path, port: int) -> None:
    """Return once sessions are taken: the port listens before, while the database still starts up or recovers."""
    asked = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + STARTUP_SECONDS
    while subprocess.run(asked, check=False).returncode != 0:
        if time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL on port {port} took no session within {STARTUP_SECONDS:.0f} s.")
        time.sleep(0.02)


def _start_postgres(
    programs: Path, folder: Path, port: int, *, fsync: bool, account: pwd.struct_passwd | None
) -> "subprocess.Popen[bytes]":
    options = [
        "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}",
        "-c", "max_connections=100", "-c", "logging_collector=off",
    ]  # fmt: skip
    if not fsync:
        options += ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port), *options]
    return subprocess.Popen(
        tethered(command, account=account.pw_name if account else None),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=folder,
    )


def _account(name: str) -> pwd.struct_passwd | None:
    """The package's own account to run as where we are root; None where we are not, or where there is none."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _run_as(account: pwd.struct_passwd | None, command: list[str | Path]) -> None:
    subprocess.run(
        [str(word) for word in command],
        check=True,
        capture_output=True,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        cwd="/",
    )
