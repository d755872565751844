"""Words for moves of goods."""

from server.messages import N_

MOVE_KINDS = {
    "receipt": N_("Receipt"),
    "issue": N_("Issue"),
    "scrap": N_("Scrap"),
    "transfer": N_("Transfer"),
    "count": N_("Count"),
    "backflush": N_("Used in production"),
    "produce": N_("Made for stock"),
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
#: What becomes true about goods.
GOODS_FACTS = {
    "stock_moved": N_("Goods moved"),
    "stock_counted": N_("Stock counted"),
    "stock_reserved": N_("Reserved in stock"),
    "stock_freed": N_("Freed in stock"),
    "location_chosen": N_("Location scanned"),
    "material_received": N_("Goods received"),
    "material_counted": N_("Goods counted"),
    "material_loaded": N_("Lot taken to hand"),
    "material_used": N_("Material used"),
    "material_returned": N_("Parts given back"),
}
