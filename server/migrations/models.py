"""Every table, imported in one place so that migrations and tests see the whole schema."""

from importlib import import_module

from server.db import Base

MODULES = (
    "server.db.counters",
    "server.db.topics",
    "server.journal.models",
    "server.auth.models",
    "server.parties.models",
    "server.catalog.models",
    "server.erp.floor.models",
    "server.erp.orders.models",
    "server.erp.production.models",
    "server.erp.logistics.models",
    "server.crm.models",
)

for _name in MODULES:
    import_module(_name)

metadata = Base.metadata
