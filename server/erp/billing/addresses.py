"""Who asks and who pays, as it stands on an invoice: the place to change when addresses change their form."""

from babel import Locale
from sqlalchemy.orm import Session

from server.parties.models import Customer
from server.parties.repository import site

#: The kinds of addresses that bills go to, before any other of the customer.
_FOR_BILLS = ("billing", "invoice")


def seller_address(session: Session) -> str:
    """Our own name, address and tax number, a line each."""
    ours = site(session)
    parts = (ours.name, ours.address, ours.tax_number)
    return "\n".join(part for part in parts if part)


def buyer_address(customer: Customer) -> str:
    """The customer's name and the address his bills go to, a line each; addresses are loaded."""
    ranked = sorted(customer.addresses, key=lambda address: (address.kind not in _FOR_BILLS, address.id))
    if not ranked:
        return customer.name
    address = ranked[0]
    town = " ".join(part for part in (address.postal_code, address.city) if part)
    country = Locale("en").territories.get(address.country, address.country)
    return "\n".join((customer.name, address.lines, town, country))
