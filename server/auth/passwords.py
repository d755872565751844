"""Passwords: argon2id, checked on a thread, for a check takes a tenth of a second on purpose."""

import threading

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from server.errors import FieldError, Invalid
from server.messages import translate as _

MIN_LENGTH = 10
MAX_LENGTH = 200
#: argon2id takes 64 MiB for each check; so many at once is what a small machine bears.
_AT_ONCE = threading.BoundedSemaphore(2)
_hasher = PasswordHash((Argon2Hasher(),))


def hash_password(password: str) -> str:
    """The argon2id hash of any password; `check_new_password` first, unless it is a demonstration's."""
    with _AT_ONCE:
        return _hasher.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password is the right one; takes the same time when there is none to compare with."""
    with _AT_ONCE:
        if password_hash is None:
            _hasher.verify(password[:MAX_LENGTH], _nobody())
            return False
        return len(password) <= MAX_LENGTH and _hasher.verify(password, password_hash)


def check_new_password(password: str, *, login: str) -> str:
    """The password, fit to be set; raises Invalid with a sentence."""
    if len(password) < MIN_LENGTH:
        message = _("A password has at least {least} characters, this one has {got}. A short sentence is a good one.")
        raise _refuse(message.format(least=MIN_LENGTH, got=len(password)))
    if len(password) > MAX_LENGTH:
        raise _refuse(_("A password has at most {most} characters.").format(most=MAX_LENGTH))
    if password.strip().casefold() == login.casefold() or len(set(password)) < 4:
        raise _refuse(_("This password is guessed at the first try. Choose another; a short sentence is a good one."))
    if not _is_storable(password):
        raise _refuse(_("This password has characters that no keyboard types. Choose another."))
    return password


def _refuse(message: str) -> Invalid:
    return Invalid(errors=[FieldError("password", message, "weak_password")])


def _is_storable(text: str) -> bool:
    return all(character.isprintable() for character in text)


_nobody_lock = threading.Lock()
_nobody_hash: list[str] = []


def _nobody() -> str:
    # Made once and late, so that a program which never checks a password does not pay for it.
    with _nobody_lock:
        if not _nobody_hash:
            _nobody_hash.append(_hasher.hash("nobody"))
        return _nobody_hash[0]
