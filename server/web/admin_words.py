"""Words for what administration shows: kinds of events, reasons, the audit; and codes made visible."""

from collections.abc import Mapping
from functools import lru_cache

from server.messages import N_
from server.web.print_words import PRINT_AUDIT

KINDS: Mapping[str, str] = {
    "code_scanned": N_("Code scanned"),
    "tag_arrived": N_("Tag arrived"),
    "tag_moved": N_("Tag moved"),
    "tag_left": N_("Tag left"),
    "reader_lost": N_("Reader lost"),
    "reader_recovered": N_("Reader is back"),
    "gateway_started": N_("Gateway started"),
    "undo_requested": N_("Undo"),
    "correction": N_("Correction"),
}

REASONS: Mapping[str, str] = {
    "unknown_code": N_("Unknown code"),
    "foreign_code": N_("Code of somebody else"),
    "unreadable_code": N_("Code cannot be read"),
    "unknown_tag": N_("Unknown tag"),
    "unknown_read_point": N_("Unknown read point"),
    "unknown_kind": N_("Unknown kind of event"),
    "bad_field": N_("A field is wrong"),
    "identity_conflict": N_("Told twice, differently"),
    "internal_fault": N_("Fault of this server"),
    "unknown_material": N_("Unknown material"),
    "unknown_location": N_("Unknown location"),
    "no_location": N_("No location scanned"),
    "no_quantity": N_("No quantity"),
    "impossible_quantity": N_("Impossible quantity"),
    "wrong_material": N_("Wrong material"),
    "not_a_material": N_("Unit instead of a material"),
    "wrong_station": N_("Wrong station"),
    "out_of_sequence": N_("Out of sequence"),
    "not_ready": N_("Not ready"),
    "on_hold": N_("On hold"),
    "already_started": N_("Started already"),
    "already_done": N_("Done already"),
    "not_released": N_("Not released"),
    "repeated": N_("Repeated"),
    "wrong_customer": N_("Wrong customer"),
    "unknown_operator": N_("Unknown badge"),
    "unknown_command": N_("Unknown command"),
    "no_open_box": N_("No open box"),
}

AUDIT: Mapping[str, str] = PRINT_AUDIT | {
    "signed_in": N_("Signed in"),
    "signed_out": N_("Signed out"),
    "sign_in_failed": N_("Sign-in failed"),
    "password_set": N_("Password set"),
    "password_link_made": N_("Password link made"),
    "location_added": N_("Location added"),
    "reorder_level_changed": N_("Level of a material changed"),
    "user_added": N_("Person added"),
    "user_changed": N_("Person changed"),
    "key_made": N_("Key made"),
    "key_revoked": N_("Key revoked"),
    "gateway_added": N_("Gateway registered"),
    "gateway_code_made": N_("One-time code made"),
    "gateway_enrolled": N_("Gateway enrolled"),
    "key_brought": N_("Next key brought"),
    "gateway_retired": N_("Gateway retired"),
    "gateway_command_given": N_("Command given to a gateway"),
    "gateway_command_answered": N_("Command answered by a gateway"),
    "gateway_command_failed": N_("Command reached no gateway"),
    "device_added": N_("Screen expected"),
    "device_code_made": N_("Pairing code made"),
    "device_paired": N_("Screen paired"),
    "device_revoked": N_("Screen revoked"),
    "customer_link_created": N_("Private link made"),
    "customer_link_revoked": N_("Private link revoked"),
    "site_changed": N_("Site changed"),
    "customer_created": N_("Customer added"),
    "customer_changed": N_("Customer changed"),
    "customer_viewed": N_("Sensitive fields of a customer seen"),
    "customer_merged": N_("Customers merged"),
    "customers_distinct": N_("Customers told apart"),
    "customers_exported": N_("Customers given out as a file"),
    "person_exported": N_("Data of a person given out"),
    "contact_erased": N_("Data of a person erased"),
    "product_created": N_("Product added"),
    "product_changed": N_("Product changed"),
    "revision_created": N_("Revision begun"),
    "revision_changed": N_("Revision changed"),
    "revision_released": N_("Revision released"),
    "revision_withdrawn": N_("Revision withdrawn"),
    "packaging_created": N_("Packaging added"),
    "packaging_changed": N_("Packaging changed"),
    "packaging_released": N_("Packaging released"),
    "packaging_withdrawn": N_("Packaging withdrawn"),
    "picture_stored": N_("Picture of packaging stored"),
    "work_center_created": N_("Work center added"),
    "work_center_changed": N_("Work center changed"),
    "station_created": N_("Station added"),
    "station_changed": N_("Station changed"),
    "read_point_created": N_("Read point added"),
    "read_point_changed": N_("Read point changed"),
    "reason_added": N_("Reason added"),
    "reason_changed": N_("Reason changed"),
    "credit_viewed": N_("Credit looked at"),
    "credit_held": N_("Order waits for credit"),
    "exchange_rate_set": N_("Exchange rate entered"),
    "credit_released": N_("Order released from credit hold"),
    "invoice_created": N_("Invoice drafted"),
    "invoice_changed": N_("Invoice changed"),
    "quarantine_resolved": N_("Inbox: repaired"),
    "quarantine_discarded": N_("Inbox: discarded"),
}

CONTEXTS: Mapping[str, str] = {
    "end": N_("Finished: a scan says that the work is done"),
    "start": N_("Begun: a scan says that the work begins"),
    "toggle": N_("Begun, then finished: first scan, second scan"),
    "gate": N_("Gate: a tag that passes is done here"),
    "pack": N_("Packing: a scan puts the unit into the open box"),
    "ship": N_("Shipping: a scan or a tag lets the box leave"),
    "deliver": N_("Delivery: a scan of the shipment or the box says that it has arrived"),
    "badge": N_("Badge: tells who works here"),
    "command": N_("Command cards alone"),
    "receive": N_("Receiving: the label of a material is booked where it was scanned last"),
    "count": N_("Counting: the label of a material says what lies there"),
}

TRACKING: Mapping[str, str] = {
    "serial": N_("Each piece by its own number"),
    "lot": N_("By lot"),
    "none": N_("Not at all (material)"),
}

PRODUCT_KINDS: Mapping[str, str] = {
    "made": N_("Made here"),
    "purchased": N_("Bought"),
    "phantom": N_("Phantom: its parts go straight into what takes it"),
}

REVISION_STATES: Mapping[str, str] = {
    "draft": N_("Draft"),
    "released": N_("Released"),
    "obsolete": N_("Obsolete"),
}

AREAS: Mapping[str, str] = {
    "product": N_("Product"),
    "bom": N_("Parts"),
    "routing": N_("Steps"),
    "options": N_("Options"),
    "option_rules": N_("Rules"),
    "configuration": N_("Chosen"),
    "packaging": N_("Packaging"),
}

_TABLES: Mapping[str, Mapping[str, str]] = {
    "kind": KINDS,
    "reason": REASONS,
    "audit": AUDIT,
    "context": CONTEXTS,
    "tracking": TRACKING,
    "product_kind": PRODUCT_KINDS,
    "revision_state": REVISION_STATES,
    "area": AREAS,
}


def word(kind: str, code: str) -> str:
    """The English word for a code; a code nobody declared is shown as it is, readable, rather than hidden."""
    return _TABLES[kind].get(code) or code.replace("_", " ").capitalize()


@lru_cache(maxsize=4096)
def visible(text: str, most: int = 400) -> str:
    r"""The code with what nobody sees spelled out, cut in the middle of nowhere at `most` characters.

    >>> visible("]C10109506000134352\x1d21SER42")
    ']C10109506000134352<GS>21SER42'
    """
    shown = "".join(_letter(letter) for letter in text[: most + 1])
    return shown if len(text) <= most else shown[:most] + "…"


def _letter(letter: str) -> str:
    number = ord(letter)
    if number in _NAMES:
        return f"<{_NAMES[number]}>"
    return letter if letter.isprintable() else f"<U+{number:04X}>"


#: The control characters that scanners send (ISO/IEC 646); the others are shown by number.
_NAMES = {0: "NUL", 2: "STX", 3: "ETX", 4: "EOT", 9: "TAB", 10: "LF", 13: "CR", 28: "FS", 29: "GS", 30: "RS", 31: "US"}
