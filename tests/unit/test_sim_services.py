"""Private servers are handed out when they can be used, not when they can be reached."""

from pathlib import Path

import pytest

from simulators import services


def answer_with(folder: Path, *codes: int) -> Path:
    """A `pg_isready` that answers these one after the other, the last one for ever; returns where it counts."""
    told, count = " ".join(map(str, codes)), folder / "count"
    program = folder / "pg_isready"
    program.write_text(
        f'#!/bin/sh\necho asked >> "{count}"\nset -- {told}\nn=$(wc -l < "{count}")\n'
        '[ "$n" -lt "$#" ] && shift $((n - 1)) || shift $(($# - 1))\nexit "$1"\n'
    )
    program.chmod(0o755)
    return count


def test_a_database_that_still_starts_up_is_waited_for(tmp_path: Path) -> None:
    count = answer_with(tmp_path, 2, 1, 1, 0)

    services.wait_for_postgres(tmp_path, 1)

    assert count.read_text().splitlines() == ["asked"] * 4


def test_a_database_that_never_takes_a_session_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(tmp_path, 1)
    monkeypatch.setattr(services, "STARTUP_SECONDS", 0.05)

    with pytest.raises(RuntimeError, match="PostgreSQL on port 5432 took no session"):
        services.wait_for_postgres(tmp_path, 5432)
