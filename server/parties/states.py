"""The words for what a customer is and allows (docs/glossary.md)."""

from enum import StrEnum


class CustomerKind(StrEnum):
    """A prospect has not signed an order yet; his first one makes him a customer."""

    PROSPECT = "prospect"
    CUSTOMER = "customer"


class CustomerStatus(StrEnum):
    """Orders of a blocked customer are not confirmed; a merged one lives on under another number."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    MERGED = "merged"


class LabelTemplate(StrEnum):
    """How the labels on a customer's units are laid out."""

    STANDARD = "standard"
    LARGE = "large"


class Purpose(StrEnum):
    """What a person may allow us to use his data for."""

    NEWS = "news"
    OFFERS = "offers"
    CALLS = "calls"
    SURVEYS = "surveys"
    REFERENCE = "reference"


class PartyFact(StrEnum):
    """Every kind of fact about a customer; docs/reference/facts.md has a line for each, and a test sees to it."""

    CUSTOMER_CREATED = "customer_created"
    CUSTOMER_CHANGED = "customer_changed"
    CUSTOMER_WON = "customer_won"
    CUSTOMER_MERGED = "customer_merged"
    CONTACT_ERASED = "contact_erased"
    CONSENT_GIVEN = "consent_given"
    CONSENT_WITHDRAWN = "consent_withdrawn"
