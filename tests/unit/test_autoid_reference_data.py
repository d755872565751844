"""Our tables and readers against published data, where that data lies beside the repository."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orderlight.autoid import identify, identify_epc
from orderlight.autoid.ai_table import LINK_KEYS, NEVER_IN_QUERY, PREDEFINED_LENGTHS
from orderlight.autoid.application_identifiers import AIS
from orderlight.autoid.bit_text import write_numeric
from orderlight.autoid.checks import check_pair
from orderlight.autoid.combinations import alternatives, conflicts, matching, needs_of
from orderlight.autoid.epc import parse_uri, write_hex
from orderlight.autoid.epc_keys import KEYS
from orderlight.autoid.plus_tags import SCHEMES as PLUS_SCHEMES
from orderlight.autoid.rules import RULES
from orderlight.autoid.schemes import BY_NAME, PREFIX_BITS
from orderlight.autoid.tds import NAMES

#: AI and linter where ours is wider than the dictionary's.
NINES = {("4324", "hhmi"), ("4325", "hhmi")}
DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no reference data beside the repository (../shared/data)")

#: Linters of the dictionary -> our rule, and the form of a value that can reach the rule.
LINTERS = {
    "csum": ("check", r"\d+"),
    "csumalpha": ("check_pair", r"[!\"%-?A-Z_a-z]{1,25}"),
    "yymmd0": ("date", r"\d{6}"),
    "yymmdd": ("day", r"\d{6}"),
    "yyyymmdd": ("long_day", r"\d{8}"),
    "hhmi": ("time", r"\d{4}"),
    "hh": ("hour", r"\d{2}"),
    "mi": ("minute", r"\d{2}"),
    "ss": ("minute", r"\d{2}"),
    "yesno": ("flag", r"\d"),
    "zero": ("zero", r"\d"),
    "hyphen": ("minus", r"."),
    "pieceoftotal": ("piece", r"\d{4}"),
    "nozeroprefix": ("no_leading_zero", r"\d+"),
    "iban": ("iban", r".+"),
    "iso3166": ("country", r"\d{3}"),
    "iso3166999": ("country_or_999", r"\d{3}"),
    "iso3166alpha2": ("country_letters", r"[!\"%-?A-Z_a-z]{2}"),
    "iso4217": ("currency", r"\d{3}"),
    "iso5218": ("sex", r"\d"),
    "mediatype": ("media", r"\d{2}"),
    "winding": ("winding", r"\d"),
    "packagetype": ("package", r"[!\"%-?A-Z_a-z]{1,4}"),
    "pcenc": ("percent", r"[!\"%-?A-Z_a-z]+"),
    "posinseqslash": ("position", r"[!\"%-?A-Z_a-z]+"),
    "latitude": ("latitude", r"\d{10}"),
    "longitude": ("longitude", r"\d{10}"),
    "hasnondigit": ("a_letter", r"[!\"%-?A-Z_a-z]+"),
    "importeridx": ("importer", r"[!\"%-?A-Z_a-z]"),
    "nonzero": ("not_zero", r"\d+"),
}
#: Linters that are not kept: character sets are those of the parts, a company prefix at place 2 stands among digits,
#: coupons of North America (AI 8110 and 8112) are read as text, and no AI uses yyyymmd0.
NOT_KEPT = {
    "cset39",
    "cset64",
    "cset82",
    "csetnumeric",
    "gcppos2",
    "gcppos1",
    "couponcode",
    "couponposoffer",
    "yyyymmd0",
}


def _json(*names: str) -> Any:
    path = DATA.joinpath(*names)
    if not path.is_file():
        pytest.skip(f"no {path.name} in the reference data")
    return json.loads(path.read_text(encoding="utf-8"))


def _dictionary() -> dict[str, tuple[set[str], str, list[str]]]:
    """AI -> flags, form in our writing, attributes."""
    path = DATA / "gs1-syntax-dictionary" / "gs1-syntax-dictionary.txt"
    if not path.is_file():
        pytest.skip("no syntax dictionary in the reference data")
    table: dict[str, tuple[set[str], str, list[str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        ais, *rest = line.partition("#")[0].split() or [""]
        if not ais:
            continue
        flags = set(rest.pop(0)) if not re.match(r"\[?[NXYZ]", rest[0]) else set()
        parts = [found for word in rest if (found := re.match(r"(\[)?([NXYZ])(\.\.)?(\d+)", word)) and "=" not in word]
        form = " ".join(f"{p[2].lower()}{p[3] or ''}{p[4]}{'?' if p[1] else ''}" for p in parts)
        first, _, last = ais.partition("-")
        for number in range(int(first), int(last or first) + 1):
            table[str(number).zfill(len(first))] = (flags, form, rest)
    return table


def _form(ai: str) -> str:
    letters = {"digits": "n", "capitals, digits, # - and /": "y", "base64url": "z"}
    words = []
    for part in AIS[ai].parts:
        length = f"{part.longest}" if part.shortest == part.longest and part.longest != 1 else f"..{part.longest}"
        words.append(f"{letters.get(part.words, 'x')}{length}{'?' if part.optional else ''}")
    return " ".join(words)


def test_every_ai_of_the_dictionary_is_in_our_table_with_the_same_form() -> None:
    theirs = {ai: re.sub(r"(?<![.\d])1(?!\d)", "..1", form) for ai, (_, form, _) in _dictionary().items()}

    assert {ai: _form(ai) for ai in AIS} == theirs


def test_predefined_lengths_and_query_flags_are_those_of_the_dictionary() -> None:
    table = _dictionary()

    assert {ai for ai in AIS if ai[:2] in PREDEFINED_LENGTHS} == {ai for ai, row in table.items() if "*" in row[0]}
    assert {ai for ai in AIS if ai in NEVER_IN_QUERY} == {ai for ai, row in table.items() if "?" not in row[0]}


def test_link_keys_and_the_order_of_their_qualifiers_are_those_of_the_dictionary() -> None:
    theirs = {}
    for ai, (_, _, attributes) in _dictionary().items():
        for word in attributes:
            name, _, orders = word.partition("=")
            if name == "dlpkey":
                theirs[ai] = tuple(tuple(order.split(",")) if order else () for order in orders.split("|"))

    assert theirs == LINK_KEYS


def test_our_rules_agree_with_the_dictionarys_linters_on_values_that_can_reach_them() -> None:
    disagreed = []
    tried = 0
    for row in _json("gs1-syntax-dictionary", "linter_vectors.json"):
        rule, form = LINTERS.get(row["linter"], ("", ""))
        if rule and re.fullmatch(form, row["value"]):
            tried += 1
            if (RULES[rule](row["value"]) is None) != row["ok"]:
                disagreed.append((row["linter"], row["value"], row["ok"]))

    assert disagreed == []
    assert tried > 1500
    linters = {row["linter"] for row in _json("gs1-syntax-dictionary", "linter_vectors.json")}
    assert linters <= {*LINTERS, *NOT_KEPT}


def test_each_part_has_the_rules_of_the_dictionarys_linters() -> None:
    ours = {linter: rule for linter, (rule, _) in LINTERS.items()} | {"gcppos1": "prefix"}
    for ai, (_, _, words) in _dictionary().items():
        parts = [word.split(",")[1:] for word in words if re.match(r"\[?[NXYZ]", word) and "=" not in word]
        for linters, part in zip(parts, AIS[ai].parts, strict=True):
            # 9999 for no time is allowed in these two (GS1 General Specifications 3.8.13), which hhmi does not know.
            expected = {ours[linter] for linter in linters if linter in ours and (ai, linter) not in NINES}
            found = {rule.__name__ for rule in part.rules} - {"time_or_none"}
            # A key with a check digit is all digits, so its prefix needs no rule of its own.
            if "check" in expected:
                expected.discard("prefix")
            assert found == {RULES[name].__name__ for name in expected}, ai


def test_the_combinations_are_those_of_the_dictionary() -> None:
    for ai, (_, _, words) in _dictionary().items():
        excluded = {other for word in words if word.startswith("ex=") for other in _patterns(word[3:])} - {ai}
        required = [word[4:].replace(",", " ") for word in words if word.startswith("req=")]
        assert {other for other in AIS if other != ai and _excludes(ai, other)} == excluded, ai
        assert [alternatives(word) for word in required] == [needs_of(ai)] * len(required), ai
        assert bool(required) == (needs_of(ai) is not None), ai


def _patterns(words: str) -> frozenset[str]:
    return matching(words.replace(",", " "))


def _excludes(ai: str, other: str) -> bool:
    return f"AI ({ai}) may not stand beside ({other})" in conflicts((ai, other))


@pytest.mark.parametrize(("linter", "letter"), [("cset82", "10"), ("cset39", "8010"), ("cset64", "8030")])
def test_our_character_sets_agree_with_the_dictionarys(linter: str, letter: str) -> None:
    rows = [row for row in _json("gs1-syntax-dictionary", "linter_vectors.json") if row["linter"] == linter]
    matches = AIS[letter].parts[0].matches

    assert [row["value"] for row in rows if row["value"] and (matches(row["value"]) is not None) != row["ok"]] == []


def test_check_pairs_of_the_dictionary_are_ours() -> None:
    rows = _json("gs1-syntax-dictionary", "linter_vectors.json")
    sound = [row["value"] for row in rows if row["linter"] == "csumalpha" and row["ok"] and len(row["value"]) <= 25]

    assert [value for value in sound if check_pair(value[:-2]) != value[-2:]] == []


def _with_hex(node: Any) -> Iterator[dict[str, str]]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and node.get("hex") and node.get("tag_uri"):
        yield node
    for child in children:
        yield from _with_hex(child)


def _has_no_piece(uri: str) -> bool:
    """Rows with piece 00 of 00 contradict GS1 General Specifications 3.9.6: neither piece nor total may be zero."""
    return ":itip" in uri and ".00.00." in uri


def test_published_tag_memory_decodes_and_encodes_as_published() -> None:
    tried = 0
    for row in _with_hex(_json("epcpy", "vectors.json")):
        scheme = row["tag_uri"].split(":")[3]
        found = identify_epc(row["hex"])
        if scheme not in NAMES:
            assert found.keys == {"epc": row["hex"].upper()}
            assert found.error
            continue
        # We refuse a company prefix of zeros, which the published cases use as a lower bound: it is what
        # half-written tags hold, and no company has it.
        is_gid = scheme == "gid-96"
        if not is_gid and not row["tag_uri"].split(".")[1].strip("0"):
            assert found.error
            continue
        if _has_no_piece(row["tag_uri"]):
            assert "expected a piece from 01" in (found.error or "")
            continue
        tried += 1
        assert (found.error, found.tag_uri) == (None, row["tag_uri"])
        assert write_hex(parse_uri(row["tag_uri"])[0]) == row["hex"].upper()
    assert tried > 40


def test_published_uris_are_taken_or_refused_as_published() -> None:
    tried = 0
    for row in _json("epcpy", "vectors.json")["scheme_cases"]:
        uri = row["case"].get("uri") or ""
        kind = uri.removeprefix("urn:epc:id:").partition(":")[0]
        if row["group"].lower() != f"test{kind}init" or kind not in KEYS or _has_no_piece(uri):
            continue
        tried += 1
        assert (identify(uri).error is None) == row["ok"], uri
    assert tried > 30


def test_published_element_strings_are_those_of_the_uris() -> None:
    tried = 0
    for row in _json("epcpy", "vectors.json")["scheme_cases"]:
        case = row["case"]
        found = identify(case.get("uri") or "")
        if row["ok"] and found.epc_uri and case.get("gs1_element_string"):
            tried += 1
            # TDS 7.5: extension 0 of an SGLN means that there is none, so it has no AI 254.
            assert found.element_string == case["gs1_element_string"].removesuffix("(254)0")
    assert tried > 10


def test_partition_tables_are_those_of_the_translation_standard() -> None:
    for scheme in [name.upper() for name in BY_NAME]:
        levels = _json("gs1-tdt", "artefacts", "JSON", f"{scheme}.json")["tdt:epcTagDataTranslation"]["scheme"]["level"]
        binary = next(level for level in levels if level["type"] == "BINARY")
        ours = BY_NAME[scheme.lower()]
        assert int(binary["prefixMatch"], 2) == ours.header
        for option in binary["option"]:
            fields = {field["name"]: field for field in option["field"]}
            prefix = fields["gs1companyprefix"]
            partition = 12 - int(prefix["length"] if "length" in prefix else option["optionKey"])
            assert int(prefix["bitLength"]) == PREFIX_BITS[partition]
            bits = sum(int(field["bitLength"]) for field in option["field"])
            # Header and partition are no fields; neither are the zeros behind the schemes without a serial.
            assert 8 + 3 + bits + (ours.tail_bits if ours.tail == "zeros" else 0) == ours.bits


def test_the_plus_schemes_hold_the_ais_of_the_translation_standard() -> None:
    for header, (name, ais) in PLUS_SCHEMES.items():
        levels = _json("gs1-tdt", "artefacts", "JSON", f"{name}.json")["tdt:epcTagDataTranslation"]["scheme"]["level"]
        binary = next(level for level in levels if level["type"] == "BINARY")
        assert int(binary["prefixMatch"], 2) == header
        assert [part["ai"] for part in binary["option"][0]["encodedAI"]] == list(ais)


def test_the_numbers_of_bits_are_those_of_the_translation_standard() -> None:
    for row in _json("gs1-tdt", "artefacts", "JSON", "TDT_TableB.json")["rows"]:
        assert len(write_numeric("9" * int(row["a"]), 99)) - 7 == int(row["b"])


def test_published_links_give_the_uris_as_published() -> None:
    """Rows whose link is no valid URI, has a false check digit, or no given prefix length are left out."""
    tried = 0
    for row in _json("digital-link", "vectors.json")["valid"]:
        text, expected, length = row["input"], row["expected"], row["gcp_len"]
        kind = expected.removeprefix("urn:epc:id:").partition(":")[0]
        if not text.startswith("http") or kind not in KEYS or not length or not 6 <= length <= 12:
            continue
        found = identify(text, gcp_length=length)
        # Their links hold reserved characters as they are, and a slash at the end reads as none.
        if found.error is None and re.fullmatch(r"[\w:/.%-]+[^/]", text):
            tried += 1
            assert found.epc_uri == expected
    assert tried > 8


def test_published_uris_give_the_links_as_published() -> None:
    tried = 0
    for row in _json("digital-link", "vectors.json")["valid"]:
        uri = row["input"]
        kind = uri.removeprefix("urn:epc:id:").partition(":")[0]
        if uri.startswith("urn:epc:id:") and kind in KEYS and re.fullmatch(r"[\w:/.-]+", row["expected"]):
            tried += 1
            assert identify(uri).digital_link == row["expected"]
    assert tried > 5


def test_links_and_uris_published_as_wrong_are_refused_or_have_no_uri_under_the_prefix_given() -> None:
    rows = [row for row in _json("digital-link", "vectors.json")["invalid"] if row["input"]]
    for row in rows:
        length = row["gcp_len"]
        found = identify(row["input"], gcp_length=length if length and 6 <= length <= 12 else None)
        # Sound links stand among them whose prefix alone is said to have too few, too many or other than digits.
        is_taken = found.kind in ("digital_link", "epc") and found.error is None
        assert not is_taken or (row["input"].startswith("http") and found.epc_uri is None), row
    assert len(rows) > 100
