"""Tag memory and element strings to keys, beside epcpy and biip in the same run."""

import statistics
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from random import Random

import biip
import epcpy
from figures import Figure, drift

from orderlight.autoid import check_digit, identify, identify_epc
from orderlight.autoid.epc import write_hex
from orderlight.autoid.tds import Fields

#: Scheme -> reference and serial, to be filled with a number; epcpy knows all of them.
_SHAPES = {
    "sgtin-96": ("1{:05d}", "{}"),
    "sgtin-198": ("1{:05d}", "AB{}z"),
    "sscc-96": ("1{:09d}", ""),
    "sgln-96": ("{:05d}", "{}"),
    "sgln-195": ("{:05d}", "X{}"),
    "grai-96": ("{:05d}", "{}"),
    "grai-170": ("{:05d}", "X{}"),
    "giai-96": ("5{}", ""),
    "giai-202": ("A{}", ""),
    "gsrn-96": ("{:010d}", ""),
    "gsrnp-96": ("{:010d}", ""),
    "gdti-96": ("{:05d}", "{}"),
    "gdti-174": ("{:05d}", "X{}"),
    "cpi-96": ("5{}", "1{}"),
    "sgcn-96": ("{:05d}", "0{}"),
}
_PREFIX = "0614141"
#: More than what `identify_epc` remembers, so that each of them is read anew.
_DISTINCT = 3000


def tags(scheme: str, count: int) -> list[str]:
    """Distinct tags of a scheme, in hexadecimal."""
    reference, serial = _SHAPES[scheme]
    return [
        write_hex(Fields(scheme, 1, _PREFIX, reference.format(number % 90_000), serial.format(number)))
        for number in range(1, count + 1)
    ]


def tags_of_companies(companies: int, count: int) -> list[str]:
    """SGTIN-96 tags of random items and serials, of companies whose prefixes have 6 to 12 digits."""
    random = Random(7)
    prefixes = [str(random.randrange(10 ** (5 + number % 7), 10 ** (6 + number % 7))) for number in range(companies)]
    found = []
    for _ in range(count):
        prefix = random.choice(prefixes)
        width = 13 - len(prefix)
        reference = f"{random.randrange(10**width):0{width}d}"
        found.append(write_hex(Fields("sgtin-96", 1, prefix, reference, str(random.randrange(2**38)))))
    return found


def element_strings(count: int) -> list[str]:
    """Distinct GS1-128 codes of goods with expiry, lot and serial."""
    random = Random(5)
    found = []
    for number in range(count):
        body = f"0950600{random.randrange(10**6):06d}"
        date = f"27{random.randint(1, 12):02d}{random.randint(1, 28):02d}"
        found.append(f"]C101{body}{check_digit(body)}17{date}10LOT{number}\x1d21SER{random.randrange(10**6)}")
    return found


def measure(*, rounds: int) -> list[Figure]:
    """Ratios of our speed to theirs, after both have given the same on every code."""
    by_scheme = {scheme: tags(scheme, _DISTINCT) for scheme in _SHAPES}
    codes = element_strings(1500)
    many = tags_of_companies(300, _DISTINCT)
    _require_equal({**by_scheme, "many": many}, codes)
    mixed = [tag for group in zip(*by_scheme.values(), strict=True) for tag in group][:6000]
    slowest = min(by_scheme, key=lambda scheme: _speed(_ours, by_scheme[scheme]) / _speed(_epcpy, by_scheme[scheme]))
    again = list(islice(cycle(mixed[:500]), 6000))
    return [
        _figure("tags to keys, sgtin-96", by_scheme["sgtin-96"], (_ours, _epcpy), "epcpy", rounds, 10),
        _figure(f"tags to keys, slowest: {slowest}", by_scheme[slowest], (_ours, _epcpy), "epcpy", rounds, 10),
        _figure("tags to keys, all schemes", mixed, (_ours, _epcpy), "epcpy", rounds, 10),
        _figure("tags to keys, 300 companies", many, (_ours, _epcpy), "epcpy", rounds, 10),
        _figure("tags to keys, read again", again, (_ours, _epcpy), "epcpy", rounds, 100),
        _figure("element strings to keys", codes, (_ours_code, biip.parse), "biip", rounds, 10),
    ]


def _ours(tag: str) -> object:
    return identify_epc(tag).keys


def _ours_code(code: str) -> object:
    return identify(code).keys


def _epcpy(tag: str) -> object:
    return epcpy.hex_to_tag_encodable(tag).gs1_element_string()


def _require_equal(by_scheme: dict[str, list[str]], codes: Sequence[str]) -> None:
    """Raises ValueError when both do not say the same."""
    for tag in [tag for group in by_scheme.values() for tag in group[::100]]:
        theirs, ours = epcpy.hex_to_tag_encodable(tag), identify_epc(tag)
        # TDS 7.5: extension 0 of an SGLN means that there is none, which epcpy writes all the same.
        if (theirs.epc_uri, theirs.gs1_element_string().removesuffix("(254)0")) != (ours.epc_uri, ours.element_string):
            raise ValueError(f"Failed to compare {tag}: epcpy reads {theirs.gs1_element_string()}, we read {ours}.")
    for code in codes[::10]:
        message, keys = biip.parse(code).gs1_message, identify(code).keys
        theirs = [element.value for element in message.element_strings] if message else []
        if theirs != list(keys.values()):
            raise ValueError(f"Failed to compare {code!r}: biip reads {theirs}, we read {dict(keys)}.")


def _figure(
    name: str, inputs: Sequence[str], pair: tuple[Callable[[str], object], ...], other: str, rounds: int, goal: float
) -> Figure:
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_speed(pair[0], inputs))
        theirs.append(_speed(pair[1], inputs[: len(inputs) // 4]))
    ratios = [mine / yours for mine, yours in zip(ours, theirs, strict=True)]
    more = {"drift": drift(theirs), "least": min(ratios), "most": max(ratios)}
    return Figure(
        name=name, value=statistics.median(ours), unit="codes/s", ratio=statistics.median(ratios),
        ratio_of=f"{other}, the same codes", goal=goal, more=more,
    )  # fmt: skip


def _speed(function: Callable[[str], object], inputs: Sequence[str]) -> float:
    began = time.process_time()
    for text in inputs:
        function(text)
    return len(inputs) / (time.process_time() - began)
