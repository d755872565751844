"""What may be done, and which role may do it: one table, read like one."""

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """A right. API keys carry the same words as scopes."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    ORDERS_RELEASE = "orders:release"
    QUOTES_READ = "quotes:read"
    QUOTES_WRITE = "quotes:write"
    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    CATALOG_READ = "catalog:read"
    CATALOG_WRITE = "catalog:write"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    #: Limit and terms of payment.
    PARTY_CREDIT_VIEW = "party:credit"
    PARTY_CREDIT_WRITE = "party:credit:write"
    #: E-mail and phone of the people at a customer.
    PARTY_PERSONAL_VIEW = "party:personal"
    #: What the floor obeys: priority, packaging, labels, alerts.
    PARTY_POLICY_WRITE = "party:policy:write"
    PARTY_NOTE_WRITE = "party:note:write"
    PARTY_MERGE = "party:merge"
    #: All that is stored about one person, given out or erased.
    PARTY_PRIVACY = "party:privacy"
    FLOOR_READ = "floor:read"
    FLOOR_WRITE = "floor:write"
    SCAN = "scan"
    #: Send labels to a printer.
    LABELS_PRINT = "labels:print"
    UNDO = "undo"
    INBOX_DECIDE = "inbox:decide"
    SHIPMENTS_WRITE = "shipments:write"
    #: Ask that a released order be made or packed otherwise; a customer's login asks it of his own orders.
    CHANGES_WRITE = "changes:write"
    CHANGES_APPROVE = "changes:approve"
    IMPORTS_WRITE = "imports:write"
    CREDIT_READ = "credit:read"
    CREDIT_RELEASE = "credit:release"
    INVOICES_READ = "invoices:read"
    INVOICES_WRITE = "invoices:write"
    PROFIT_READ = "profit:read"
    ADMIN = "admin"
    METRICS_READ = "metrics:read"
    FEED_READ = "feed:read"
    EVENTS_WRITE = "events:write"


class Role(StrEnum):
    """What a person is here. A customer sees the orders of his own company alone."""

    OPERATOR = "operator"
    PLANNER = "planner"
    SALES = "sales"
    SERVICE = "service"
    FINANCE = "finance"
    MANAGER = "manager"
    ADMIN = "admin"
    CUSTOMER = "customer"


P = Permission

_READ_ALL = frozenset({P.ORDERS_READ, P.CATALOG_READ, P.CUSTOMERS_READ, P.FLOOR_READ})
_SEE_MONEY = frozenset({P.CREDIT_READ, P.INVOICES_READ, P.PROFIT_READ})

ROLE_PERMISSIONS: Mapping[str, frozenset[Permission]] = {
    Role.OPERATOR: frozenset({P.FLOOR_READ, P.CATALOG_READ, P.ORDERS_READ, P.SCAN, P.UNDO, P.LABELS_PRINT}),
    Role.PLANNER: _READ_ALL
    | {P.ORDERS_WRITE, P.ORDERS_RELEASE, P.CATALOG_WRITE, P.FLOOR_WRITE, P.INBOX_DECIDE, P.SHIPMENTS_WRITE}
    | {P.IMPORTS_WRITE, P.SCAN, P.UNDO, P.LABELS_PRINT, P.PARTY_NOTE_WRITE, P.CHANGES_WRITE, P.CHANGES_APPROVE},
    Role.SALES: _READ_ALL
    | {P.ORDERS_WRITE, P.CUSTOMERS_WRITE, P.IMPORTS_WRITE, P.PARTY_CREDIT_VIEW, P.PARTY_PERSONAL_VIEW}
    | {
        P.PARTY_POLICY_WRITE,
        P.PARTY_NOTE_WRITE,
        P.PARTY_MERGE,
        P.QUOTES_READ,
        P.QUOTES_WRITE,
        P.CHANGES_WRITE,
        P.CASES_READ,
    }
    | _SEE_MONEY,
    Role.SERVICE: _READ_ALL
    | {P.CUSTOMERS_WRITE, P.SHIPMENTS_WRITE, P.LABELS_PRINT, P.PARTY_PERSONAL_VIEW, P.PARTY_NOTE_WRITE}
    | {P.CASES_READ, P.CASES_WRITE},
    Role.FINANCE: _READ_ALL
    | {P.PARTY_CREDIT_VIEW, P.PARTY_CREDIT_WRITE, P.PARTY_PERSONAL_VIEW, P.PARTY_NOTE_WRITE, P.QUOTES_READ}
    | _SEE_MONEY
    | {P.CREDIT_RELEASE, P.INVOICES_WRITE},
    Role.MANAGER: frozenset(P) - {P.ADMIN, P.EVENTS_WRITE, P.METRICS_READ},
    Role.ADMIN: frozenset(P) - {P.EVENTS_WRITE},
    Role.CUSTOMER: frozenset({P.ORDERS_READ, P.QUOTES_READ, P.CASES_READ, P.CHANGES_WRITE}),
}

#: A paired station screen scans and shows; whoever stands there is named by his badge.
DEVICE_PERMISSIONS = frozenset({P.SCAN, P.UNDO, P.FLOOR_READ, P.LABELS_PRINT})

#: Somebody who came by a private link sees that order or quote; the row filters of crm do the rest.
VISIT_PERMISSIONS = frozenset({P.ORDERS_READ, P.QUOTES_READ, P.CASES_READ})

#: What a key of another program may be given; the right to administer stays with people.
KEY_SCOPES = frozenset(P) - {P.ADMIN}

GATEWAY_SCOPES = (P.EVENTS_WRITE.value,)
