"""Words for printing: kinds of labels, how a job stands, what is wrong with a printer and what to do about it."""

from server.messages import N_

LABEL_KINDS = {
    "unit": N_("Unit label"),
    "work_order": N_("Unit labels"),
    "box": N_("Box label"),
    "product": N_("Product label"),
    "lot": N_("Lot label"),
    "station": N_("Station cards"),
    "command": N_("Command cards"),
    "reason": N_("Reason cards"),
    "location": N_("Location cards"),
    "badge": N_("Badges"),
}
JOB_STATES = {
    "queued": N_("Waits"),
    "printing": N_("Printing"),
    "done": N_("Printed"),
    "failed": N_("Not printed"),
    "unknown": N_("Look whether it came out"),
    "cancelled": N_("Taken back"),
}
TROUBLES = {
    "paper_out": N_("No labels left. Put in a new roll; it goes on by itself."),
    "ribbon_out": N_("No ribbon left. Put in a new one; it goes on by itself."),
    "head_open": N_("The print head is open. Close it; it goes on by itself."),
    "paused": N_("The printer is paused. Press its pause key; it goes on by itself."),
    "unreachable": N_("The printer does not answer. Switch it on and check its cable and address."),
    "no_status": N_("The printer does not say how it is. If it never does, switch off the question on its page."),
    "cut": N_("The connection broke while the label was sent. Print it again only if it did not come out."),
    "silent": N_("The printer took the label and never said that it came out. Look before you print it again."),
    "stopped": N_("The server stopped while the label was sent. Print it again only if it did not come out."),
}
#: What the audit says.
PRINT_AUDIT = {
    "printer_added": N_("Printer added"),
    "printer_changed": N_("Printer changed"),
    "labels_printed": N_("Labels printed"),
    "print_retry": N_("Label tried again"),
    "print_reprint": N_("Label printed again"),
    "print_confirm": N_("Label found printed"),
    "print_cancel": N_("Labels taken back"),
}
