"""What of a customer is sensitive, who sees it, and the entry in the audit that every view of it leaves."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlalchemy.orm import Session

from server.auth.permissions import Permission
from server.auth.principal import Principal
from server.errors import Forbidden
from server.journal.audit import write_audit
from server.messages import translate as _
from server.parties.models import Customer

CREDIT: Final = ("credit_limit", "payment_terms_days", "discount_days", "discount_percent")
PERSONAL: Final = ("email", "phone")
#: What stations obey.
POLICIES: Final = ("priority", "packaging_rule", "label_template", "alerts")


@dataclass(frozen=True, slots=True)
class View:
    """What somebody sees of a customer's sensitive fields."""

    credit: bool
    personal: bool

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """The view of this caller."""
        return cls(principal.may(Permission.PARTY_CREDIT_VIEW), principal.may(Permission.PARTY_PERSONAL_VIEW))

    @property
    def masked(self) -> list[str]:
        """The fields that are left out, by the names of the programming interface."""
        credit = [] if self.credit else list(CREDIT)
        return credit + ([] if self.personal else [f"contacts.{field}" for field in PERSONAL])

    def shown(self, customer: Customer) -> list[str]:
        """The sensitive fields of a wholly loaded customer that this view shows and that hold something."""
        credit = [field for field in CREDIT if self.credit and getattr(customer, field) is not None]
        people = customer.contacts if self.personal else []
        personal = [f"contacts.{field}" for field in PERSONAL if any(getattr(person, field) for person in people)]
        return credit + personal


def require_rights(principal: Principal, fields: Collection[str]) -> None:
    """Raise Forbidden unless the caller may set these fields of a customer."""
    ruled = {name for names, _permission in _RIGHTS for name in names} - {"contacts"}
    others = tuple(name for name in fields if name not in ruled)
    for names, permission in (*_RIGHTS, (others, Permission.CUSTOMERS_WRITE)):
        if not principal.may(permission) and any(name in fields for name in names):
            raise Forbidden(
                _("To set {fields} takes the right {permission}, which you do not have.").format(
                    fields=", ".join(name for name in names if name in fields), permission=permission.value
                ),
                extra={"permission": permission.value},
            )


_RIGHTS: Final = (
    (CREDIT, Permission.PARTY_CREDIT_WRITE),
    (POLICIES, Permission.PARTY_POLICY_WRITE),
    # Who sees no e-mail addresses would empty them all with a list of his own.
    (("contacts",), Permission.PARTY_PERSONAL_VIEW),
)

#: For lists, and for whoever only needs to know that there is such a customer.
MASKED: Final = View(credit=False, personal=False)
#: For the house itself: imports compare all of a customer.
WHOLE: Final = View(credit=True, personal=True)


def note_view(session: Session, customer: Customer, fields: Collection[str], *, actor: str, now: datetime) -> None:
    """Write into the audit who saw which sensitive fields of whom; nothing when none was shown."""
    if fields:
        write_audit(
            session,
            at=now,
            actor=actor,
            action="customer_viewed",
            subject=customer.number,
            detail={"fields": list(fields)},
        )
