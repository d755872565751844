"""Which AIs need others beside them, and which may not stand together (GS1 General Specifications 4.13 and 4.14).

What an item says may be spread over several of its symbols: a missing companion is no reason to mistrust a value.

>>> conflicts(("21",))
('AI (21) needs (01), (03) or (8006) beside it',)
>>> conflicts(("01", "02", "00", "37"))
('AI (01) may not stand beside (37)', 'AI (02) may not stand beside (01)')
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from orderlight.autoid.application_identifiers import AIS

_MEASURES: Final = "310n 311n 312n 313n 314n 315n 316n 320n 321n 322n 323n 324n 325n 326n 327n 328n 329n"
_SQUARES: Final = "350n 351n 352n 356n 357n 360n 361n 364n 365n 366n"
_LOGISTIC: Final = "330n 331n 332n 333n 334n 335n 336n 340n 341n 342n 343n 344n 345n 346n 347n 348n 349n"
_LOGISTIC_SQUARES: Final = "353n 354n 355n 362n 363n 367n 368n 369n"
_TRANSPORT: Final = (
    "4300 4301 4302 4304 4305 4306 4307 4308 4309 4310 4311 4312 4314 4315 4316 4317 4318 4319 4320 4321"
)
_TRANSPORT_TIMES: Final = "4322 4323 4324 4325 4326 4330 4331 4332 4333 403 7041"
_VARIABLE: Final = "30 31nn 32nn 35nn 36nn"

#: AIs, and what each of them needs: one of the alternatives, with all of its AIs. `n` stands for any digit.
REQUIRED: Final[tuple[tuple[str, str], ...]] = (
    ("02", "37"),
    ("10 11 13 15 16 20 240 241", "01 02 03 8006 8026"),
    ("12", "8020"),
    ("17", "01 02 03 255 8006 8026"),
    ("21", "01 03 8006"),
    ("22 235 337n 710 711 712 713 714 715 716 717 8001 8014 8200", "01"),
    ("242", "01 02 8006 8026"),
    ("243", "01 03"),
    ("250", "01+21 03+21 8006+21"),
    ("251 7021 8012", "01 03 8006"),
    ("254", "414"),
    ("30 7002 7005 7006 7007 7008 7009 703n 8005", "01 02"),
    (f"{_MEASURES} {_SQUARES}", "01 02"),
    (f"{_LOGISTIC} {_LOGISTIC_SQUARES}", "00 01"),
    ("37", "00+02 00+8026"),
    ("390n", "255 8020"),
    ("391n", "8020"),
    ("392n", "01+30 01+31nn 01+32nn 01+35nn 01+36nn"),
    ("393n 395n", _VARIABLE),
    ("394n 8111", "255"),
    (f"{_TRANSPORT} {_TRANSPORT_TIMES}", "00"),
    ("415", "8020"),
    ("422", "01 02 03 8006 8026"),
    ("423 424 425 426 7003 7010 7011 8008", "01 02 03"),
    ("427", "01+422 02+422 03+422"),
    ("4303", "4302"),
    ("4313", "4312"),
    ("7001", "01 02 8006 8026"),
    ("7004", "01+10 03+10"),
    ("7020", "01+416 03+416 8006+416"),
    ("7022", "01+7021 03+7021 8006+7021"),
    ("723n", "01 8004"),
    ("7240", "01 8006"),
    ("7241 7242 7253 7254 7255 7256 8019", "8017 8018"),
    ("7250 7251 7252 7257 7259", "8018"),
    ("7258", "8018+7259"),
    ("8007 8020", "415"),
    ("8009", "00 01 03"),
    ("8011", "8010"),
    ("8026", "37"),
    ("8030", "00 01+21 03+21 253 255 8003 8004 8006+21 8010+8011 8017 8018"),
    ("8040", "01+21"),
    ("8041 8042 8043", "01+21+8040"),
)

#: AIs, and what may not stand beside any of them; an AI never excludes itself.
EXCLUDED: Final[tuple[tuple[str, str], ...]] = (
    ("01", "255 37"),
    ("02", "01 03"),
    ("03", "01 02 37 235"),
    ("21", "235"),
    ("255", "01 02 415 8006 8020 8026"),
    *((group, group) for group in f"{_MEASURES} {_SQUARES} {_LOGISTIC} {_LOGISTIC_SQUARES} 337n".split()),
    ("390n", "390n 391n 394n 8111"),
    ("391n", "391n"),
    ("392n", "392n 393n"),
    ("393n", "393n"),
    ("394n", "394n 8111"),
    ("395n", "392n 393n 395n 8005"),
    ("420", "421"),
    ("421", "4307"),
    ("422 423 424 425", "426"),
    ("4330", "4331"),
    ("4331", "4330"),
    ("4332", "4333"),
    ("4333", "4332"),
    ("7240", "03"),
    ("7250", "7251"),
    ("7251", "7250"),
    ("7253 7254 7255", "7256 7259"),
    ("7259", "7256"),
    ("8006", "01 03 37"),
    ("8017", "8018"),
    ("8018", "8017"),
    ("8026", "02 03 8006"),
)


def _patterns() -> dict[str, set[str]]:
    """Pattern -> the AIs that it stands for, for every pattern that stands for any."""
    found: dict[str, set[str]] = {}
    for ai in AIS:
        for wild in range(len(ai)):
            found.setdefault(ai[: len(ai) - wild] + "n" * wild, set()).add(ai)
    return found


_BY_PATTERN: Final = _patterns()


def matching(patterns: str) -> frozenset[str]:
    """The AIs that patterns such as `31nn` stand for."""
    return frozenset().union(*(_BY_PATTERN[pattern] for pattern in patterns.split()))


@lru_cache(maxsize=128)
def alternatives(words: str) -> tuple[tuple[frozenset[str], ...], ...]:
    """Each alternative as the sets of AIs of which it needs one each."""
    return tuple(tuple(matching(pattern) for pattern in word.split("+")) for word in words.split())


# A table of words alone, so that a gateway starts at once; sets are made of those that a scan asks for.
_NEEDS: Final = {ai: words for ais, words in REQUIRED for ai in matching(ais)}
_EXCLUDES: Final = {ai: words for ais, words in EXCLUDED for ai in matching(ais)}


def needs_of(ai: str) -> tuple[tuple[frozenset[str], ...], ...] | None:
    """The alternatives of which an AI needs one beside it; None when it stands by itself."""
    words = _NEEDS.get(ai)
    return None if words is None else alternatives(words)


# Symbols of one kind carry the same AIs all day, so the answer is kept for each set of them.
@lru_cache(maxsize=1024)
def conflicts(ais: tuple[str, ...]) -> tuple[str, ...]:
    """What is wrong with AIs that stand together, one sentence part each; empty when nothing is."""
    present = frozenset(ais)
    found = []
    for ai in dict.fromkeys(ais):
        beside = (matching(_EXCLUDES.get(ai, "")) & present) - {ai}
        found += [f"AI ({ai}) may not stand beside ({other})" for other in sorted(beside)]
    for ai in dict.fromkeys(ais):
        words = _NEEDS.get(ai)
        if words is not None and not _is_met(alternatives(words), present):
            found.append(f"AI ({ai}) needs {_in_words(words)} beside it")
    return tuple(found)


def _is_met(choices: tuple[tuple[frozenset[str], ...], ...], present: frozenset[str]) -> bool:
    return any(all(not part.isdisjoint(present) for part in choice) for choice in choices)


def _in_words(words: str) -> str:
    choices = ["(" + word.replace("+", ") with (") + ")" for word in words.split()]
    return f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]
