"""Words for the fields of a customer."""

from server.messages import N_

#: Fields of a customer as forms, timelines and refusals name them.
CUSTOMER_FIELDS: dict[str, str] = {
    "number": N_("Number"),
    "name": N_("Name"),
    "kind": N_("Kind"),
    "customer_since": N_("Customer since"),
    "language": N_("Language"),
    "currency": N_("Currency"),
    "vat_number": N_("Tax number"),
    "segment": N_("Segment"),
    "special_instructions": N_("Special instructions"),
    "status": N_("Status"),
    "blocked_reason": N_("Why blocked"),
    "credit_limit": N_("Credit limit"),
    "payment_terms_days": N_("Payment within, days"),
    "discount_days": N_("Discount within, days"),
    "discount_percent": N_("Discount, percent"),
    "priority": N_("Priority"),
    "packaging_rule": N_("Packaging rule"),
    "label_template": N_("Labels"),
    "alerts": N_("Alerts"),
    "contacts": N_("Contacts"),
    "addresses": N_("Addresses"),
}
