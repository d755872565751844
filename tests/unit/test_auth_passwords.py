"""What a password costs: much to whoever guesses, and for everybody the same."""

from server.auth.passwords import hash_password, verify_password


def test_a_guess_costs_time_and_memory() -> None:
    hashed = hash_password("a quiet lamp burns")

    # The second choice of RFC 9106, section 4: three passes over 64 MiB in four lanes.
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert verify_password("a quiet lamp burns", hashed)
    assert not verify_password("a loud lamp burns", hashed)


def test_there_is_no_password_where_none_is_set() -> None:
    assert not verify_password("", None)
    assert not verify_password("nobody", None)
