"""Words for the states and priorities of cases, and for orders and changes as their customer sees them."""

from server.messages import N_

CASE_STATES = {
    "new": N_("New"),
    "open": N_("In work"),
    "waiting_customer": N_("Waits for the customer"),
    "resolved": N_("Resolved"),
    "closed": N_("Closed"),
}
CASE_PRIORITIES = {
    "low": N_("Low"),
    "normal": N_("Normal"),
    "high": N_("High"),
    "urgent": N_("Urgent"),
}
CUSTOMER_CHANGES = {
    "draft": N_("Draft"),
    "submitted": N_("With us"),
    "approved": N_("Agreed"),
    "applied": N_("Agreed"),
    "acknowledged": N_("Confirmed on the floor"),
    "rejected": N_("Not possible"),
}
CUSTOMER_RISKS = {
    "on_time": N_("On time"),
    "at_risk": N_("Tight"),
    "late": N_("Late"),
    "blocked": N_("Paused"),
    "waiting": N_("Not started"),
    "no_promise": N_("No promise yet"),
    "shipped": N_("Shipped"),
    "delivered": N_("Delivered"),
    "cancelled": N_("Cancelled"),
}
