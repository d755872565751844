"""Words for moves of goods."""

from server.messages import N_

MOVE_KINDS = {
    "receipt": N_("Receipt"),
    "issue": N_("Issue"),
    "scrap": N_("Scrap"),
    "transfer": N_("Transfer"),
    "count": N_("Count"),
    "backflush": N_("Used in production"),
}
#: Where a unit is that holds a lot.
WHEREABOUTS = {
    "in_work": N_("In work"),
    "made": N_("Made, not packed"),
    "built_in": N_("Built into another"),
    "boxed": N_("Boxed"),
    "shipped": N_("Shipped"),
    "returned": N_("Returned"),
    "scrapped": N_("Scrapped"),
}
