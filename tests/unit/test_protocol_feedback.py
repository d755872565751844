"""What scanners are sent so that operators hear the verdict."""

import pytest

from gateway.protocols.feedback import ACK, NAK, PROFILES, SIGNALS, feedback_bytes


def test_acknowledgements_are_the_ascii_ones() -> None:
    assert (ACK, NAK) == (b"\x06", b"\x15")


@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "none"])
def test_a_good_and_a_bad_verdict_never_sound_alike(profile: str) -> None:
    sounds = [feedback_bytes(profile, signal) for signal in ("ok", "warn", "stop")]

    assert all(sounds)
    assert len(set(sounds)) == 3


@pytest.mark.parametrize("profile", PROFILES)
def test_stored_never_sounds_like_a_verdict(profile: str) -> None:
    verdicts = {feedback_bytes(profile, signal) for signal in ("ok", "warn", "stop")} - {b""}

    assert feedback_bytes(profile, "stored") not in verdicts


@pytest.mark.parametrize("signal", SIGNALS)
def test_without_a_profile_nothing_is_sent(signal: str) -> None:
    assert feedback_bytes("none", signal) == b""


@pytest.mark.parametrize(
    ("profile", "signal", "expected"),
    [
        ("honeywell", "ok", b"\x1b7,"),
        ("honeywell", "stop", b"\x1b8,\x1b8,"),
        ("datalogic", "ok", b"\x1b[6q\x1b[3q\x1b[7q"),
        ("datalogic", "stop", b"\x1b[4q\x1b[5q\x1b[4q"),
        ("zebra_bel", "warn", b"\x07\x07"),
        ("cipherlab", "ok", b"#@////\r"),
    ],
)
def test_profiles_send_the_bytes_of_the_vendors_manual(profile: str, signal: str, expected: bytes) -> None:
    assert feedback_bytes(profile, signal) == expected


def test_newland_commands_have_its_prefix_and_suffix() -> None:
    for signal in SIGNALS:
        command = feedback_bytes("newland", signal)
        assert command.startswith(bytes.fromhex("7E 01 30 30 30 30 23"))
        assert command.endswith(bytes.fromhex("3B 03"))


def test_an_unknown_signal_is_refused() -> None:
    with pytest.raises(ValueError, match="'loud': expected one of ok, warn, stop, stored"):
        feedback_bytes("none", "loud")
