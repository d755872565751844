"""Numbers for our own boxes and pallets."""

from sqlalchemy.orm import Session

from orderlight.autoid import Sscc
from server.db.counters import take
from server.parties.models import Site


def next_sscc(session: Session, site: Site) -> str:
    """The next free SSCC of the site: 18 digits, extension digit 0 (GS1 General Specifications 3.3.1).

    Raises AutoIdError when the company prefix is no prefix or its serial references are used up.
    """
    return next_ssccs(session, site, count=1)[0]


def next_ssccs(session: Session, site: Site, *, count: int) -> list[str]:
    """As many free SSCCs in one step, for a batch that opens several boxes."""
    first = take(session, "sscc", count)
    return [Sscc.make(site.gs1_company_prefix, reference).value for reference in range(first, first + count)]
