"""Every table, imported in one place so that migrations and tests see the whole schema."""

from server.auth import models as auth
from server.catalog import models as catalog
from server.crm import models as crm
from server.crm.cases import models as cases
from server.crm.quotes import models as quotes
from server.db import Base, counters, topics
from server.erp.billing import models as billing
from server.erp.changes import models as changes
from server.erp.floor import models as floor
from server.erp.logistics import models as logistics
from server.erp.orders import models as orders
from server.erp.passages import models as passages
from server.erp.production import models as production
from server.erp.reasons import models as reasons
from server.erp.reels import models as reels
from server.erp.stock import models as stock
from server.journal import models as journal
from server.labels.queue import models as print_queue
from server.parties import models as parties

MODULES = (
    counters,
    topics,
    journal,
    auth,
    parties,
    catalog,
    floor,
    orders,
    production,
    reasons,
    logistics,
    passages,
    changes,
    billing,
    stock,
    crm,
    quotes,
    cases,
    print_queue,
    reels,
)

metadata = Base.metadata
