"""The demo factory leaves alone what an administrator has set of the site."""

from server.db import Database
from server.erp.seed import seed_demo
from server.parties.repository import site
from server.parties.schemas import SitePatch
from server.parties.service import update_site
from server.settings.clock import utc_now


def test_a_site_that_an_administrator_has_named_keeps_its_name(database: Database) -> None:
    named = SitePatch(name="Halle Nord", working_hours={"days": [0], "start": "07:00", "end": "15:00"})
    database.write(lambda session: update_site(session, named, actor="admin", now=utc_now()))

    database.write(lambda session: seed_demo(session, utc_now()))

    with database.read() as session:
        found = site(session)
    assert (found.name, found.working_hours["end"]) == ("Halle Nord", "15:00")
    assert (found.time_zone, found.tax_number) == ("Europe/Berlin", "DE 000 000 000")
