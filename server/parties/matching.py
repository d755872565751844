"""By which traits a customer is recognised, written in one way however people write them."""

import re
from collections.abc import Iterable
from typing import Final

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from server.db import table_of
from server.http.text import fold
from server.parties.models import Address, Contact, Customer, MatchKey
from server.parties.people_schemas import present
from server.parties.suspicion import suspect

#: Words that say what a company is in law and nothing about which one it is.
_LEGAL: Final = frozenset(
    """
    ab ag aktiengesellschaft as asa bv co company corp corporation cie eg gbr gmbh inc incorporated kg kgaa kk limited
    llc llp lp ltd nv ohg oy oyj plc pte pty sa sarl sas se sl sp spa srl srls sro ug und and the z o oo
    """.split()  # noqa: SIM905 - a table of words reads better as text
)
#: Domains whose addresses say nothing about a company.
_SHARED: Final = frozenset(
    """
    aol.com gmail.com gmx.at gmx.ch gmx.de gmx.net googlemail.com hotmail.com icloud.com live.com mail.com outlook.com
    proton.me protonmail.com qq.com t-online.de web.de yahoo.com
    """.split()  # noqa: SIM905 - a table of words reads better as text
)
_MOST: Final = 120


def index(session: Session, customer: Customer) -> None:
    """Write the traits of a wholly loaded customer anew."""
    session.flush()
    session.execute(
        delete(MatchKey).where(MatchKey.customer_id == customer.id).execution_options(synchronize_session=False)
    )
    traits = traits_of(customer.name, customer.vat_number, present(customer), customer.addresses)
    rows = [{"customer_id": customer.id, "kind": kind, "value": value} for kind, value in sorted(traits)]
    if rows:
        session.connection().execute(insert(table_of(MatchKey)), rows)
    suspect(session, customer.id)


def traits_of(
    name: str, vat_number: str | None, contacts: Iterable[Contact], addresses: Iterable[Address]
) -> set[tuple[str, str]]:
    """(kind, value) of every trait; an empty one is none."""
    found = {("name", name_trait(name)), ("sound", sound_trait(name)), ("vat", vat_number or "")}
    for contact in contacts:
        found |= {
            ("email", (contact.email or "").casefold()),
            ("person", person_trait(contact.name, contact.email)),
            ("phone", phone_trait(contact.phone)),
        }
    found |= {("address", address_trait(address)) for address in addresses}
    return {(kind, value[:_MOST]) for kind, value in found if value}


def name_trait(name: str) -> str:
    """The name without case, accents, punctuation and the words of company law.

    >>> name_trait("Nordwind Energie GmbH & Co. KG"), name_trait("NORDWIND-ENERGIE")
    ('nordwindenergie', 'nordwindenergie')
    """
    words = re.findall(r"\w+", fold(name).replace(".", ""))
    telling = [word for word in words if word not in _LEGAL]
    return "".join(telling or words)


def sound_trait(name: str) -> str:
    """The consonants of the name, each run once: what a slip of the keyboard mostly leaves alone.

    >>> sound_trait("Aurora Bikes"), sound_trait("Aurorra Bikess AB")
    ('rrbks', 'rrbks')
    """
    plain = re.sub(r"(.)\1+", r"\1", name_trait(name))
    consonants = re.sub(r"[aeiouy]", "", plain)
    return consonants if len(consonants) >= 4 else ""


def person_trait(name: str, email: str | None) -> str:
    """A person by name at a company by its domain.

    >>> person_trait("Ida Holm", "i.holm@cykler.example"), person_trait("Ida Holm", "ida@gmail.com")
    ('idaholm@cykler.example', '')
    """
    domain = (email or "").casefold().rpartition("@")[2]
    return "" if not domain or domain in _SHARED else f"{name_trait(name)}@{domain}"


def phone_trait(phone: str | None) -> str:
    """The last nine digits, in which a national and an international way of writing agree.

    >>> phone_trait("+49 (0)4841 123456"), phone_trait("04841/123456")
    ('841123456', '841123456')
    """
    digits = re.sub(r"\D", "", phone or "")
    return digits[-9:] if len(digits) >= 7 else ""


def address_trait(address: Address) -> str:
    """Country, postal code and street in one way of writing."""
    street = re.sub(r"stra(ss|ß)e\b|str\.?(?=\s|\d|$)", "str", fold(address.lines))
    return "|".join(
        (address.country, re.sub(r"\W", "", fold(address.postal_code or address.city)), re.sub(r"\W", "", street))
    )
