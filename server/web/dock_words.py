"""Words for boxes, pallets and shipments."""

from server.messages import N_

SHIPMENT_STATES: dict[str, str] = {
    "draft": N_("Draft"),
    "waiting": N_("Waiting"),
    "picking": N_("Picking"),
    "packed": N_("Packed"),
    "shipped": N_("Shipped"),
    "delivered": N_("Delivered"),
    "cancelled": N_("Cancelled"),
}

HANDLING_UNIT_KINDS: dict[str, str] = {"box": N_("Box"), "pallet": N_("Pallet")}

HANDLING_UNIT_STATES: dict[str, str] = {
    "open": N_("Open"),
    "closed": N_("Closed"),
    "loaded": N_("Loaded"),
    "shipped": N_("Shipped"),
    "received": N_("Received"),
}
