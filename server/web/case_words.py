"""Words for the states and priorities of cases."""

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
