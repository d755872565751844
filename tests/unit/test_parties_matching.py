"""How two records of one company are recognised, and how sure a shared trait makes us."""

import pytest

from server.parties.duplicates import SUSPECT, WEIGHTS, WHY, score
from server.parties.matching import address_trait, name_trait, traits_of
from server.parties.models import Address, Contact


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nordwind Energie GmbH", "NORDWIND ENERGIE"),
        ("Škoda Works, s.r.o.", "Skoda Works"),
        ("The Kestrel Rail Company Ltd.", "Kestrel Rail"),
    ],
)
def test_case_accents_and_company_form_make_no_other_name(one: str, other: str) -> None:
    assert name_trait(one) == name_trait(other)


def test_a_name_of_company_words_alone_is_still_a_name() -> None:
    assert name_trait("AG und Co") == "agundco"


def test_a_street_is_the_same_however_it_is_written() -> None:
    one = Address(kind="delivery", lines="Deichstraße 12", city="Husum", postal_code="25813", country="DE")
    other = Address(kind="billing", lines="Deichstr. 12", city="Husum", postal_code="25 813", country="DE")

    assert address_trait(one) == address_trait(other)


def test_what_is_not_known_is_no_trait() -> None:
    traits = traits_of("Bo", None, [Contact(name="Bo", email="bo@gmail.com", phone="123")], [])

    assert traits == {("name", "bo"), ("email", "bo@gmail.com")}


def test_a_tax_number_a_name_or_a_mailbox_alone_is_asked_about_and_a_phone_is_not() -> None:
    assert all(score({trait}) >= SUSPECT for trait in ("vat", "name", "email"))
    assert score({"phone"}) < SUSPECT
    assert score({"person"}) < SUSPECT <= score({"person", "phone"})


def test_the_weaker_trait_of_the_same_kind_counts_nothing_beside_the_stronger() -> None:
    assert score({"name", "sound"}) == score({"name"})
    assert score({"email", "person"}) == score({"email"})


def test_every_trait_has_a_reason_in_words() -> None:
    assert WEIGHTS.keys() == WHY.keys()
