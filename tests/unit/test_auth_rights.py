"""Who may do what: the table of roles, keys, screens and visits."""

import pytest

from server.auth.permissions import KEY_SCOPES, ROLE_PERMISSIONS, VISIT_PERMISSIONS, Permission, Role
from server.auth.principal import Principal
from server.auth.tokens import KeyText, new_pairing_code


def _user(role: str) -> Principal:
    return Principal(kind="user", actor="user:x", name="x", role=role)


def test_every_role_has_a_line_in_the_table() -> None:
    assert set(ROLE_PERMISSIONS) == set(Role)


def test_a_customer_reads_orders_quotes_and_cases_asks_for_changes_and_does_nothing_else() -> None:
    reads = {Permission.ORDERS_READ, Permission.QUOTES_READ, Permission.CASES_READ}
    assert ROLE_PERMISSIONS[Role.CUSTOMER] == reads | {Permission.CHANGES_WRITE}
    assert reads == VISIT_PERMISSIONS


def test_sales_and_managers_write_quotes_finance_reads_them_and_the_floor_does_not_know_them() -> None:
    def roles(permission: Permission) -> set[str]:
        return {role for role, rights in ROLE_PERMISSIONS.items() if permission in rights}

    assert roles(Permission.QUOTES_WRITE) == {Role.SALES, Role.MANAGER, Role.ADMIN}
    assert roles(Permission.QUOTES_READ) - roles(Permission.QUOTES_WRITE) == {Role.FINANCE, Role.CUSTOMER}


@pytest.mark.parametrize("permission", [Permission.ADMIN, Permission.EVENTS_WRITE, Permission.METRICS_READ])
def test_a_manager_has_no_right_of_machines_or_administrators(permission: Permission) -> None:
    assert not _user("manager").may(permission)


def test_nobody_but_a_gateway_posts_events() -> None:
    assert not any(Permission.EVENTS_WRITE in rights for rights in ROLE_PERMISSIONS.values())


def test_an_unknown_role_may_nothing() -> None:
    assert not any(_user("boss").may(permission) for permission in Permission)


def test_a_key_may_what_its_scopes_say() -> None:
    key = Principal(kind="key", actor="key:mes", name="mes", scopes=frozenset({"feed:read"}))

    assert [permission for permission in Permission if key.may(permission)] == [Permission.FEED_READ]


def test_no_key_can_have_the_right_to_administer() -> None:
    assert Permission.ADMIN not in KEY_SCOPES


def test_a_screen_scans_and_shows_but_releases_nothing() -> None:
    screen = Principal(kind="device", actor="device:1", name="cut", station_key="cut")

    assert screen.may(Permission.SCAN)
    assert screen.may(Permission.UNDO)
    assert not screen.may(Permission.ORDERS_RELEASE)


def test_a_visit_reads_orders_quotes_and_cases_whatever_role_it_claims() -> None:
    visit = Principal(kind="visit", actor="visit:1", name="Aurora Bikes", role="admin", order_id=1)

    assert {permission for permission in Permission if visit.may(permission)} == {
        Permission.CASES_READ,
        Permission.ORDERS_READ,
        Permission.QUOTES_READ,
    }


def test_a_key_text_is_read_back_as_it_was_made() -> None:
    made = KeyText.new()

    assert KeyText.parse(str(made)) == made


@pytest.mark.parametrize("text", ["", "ol", "ol_", "ol_a", "ol_a_", "ol__b", "xx_a_b", "Bearer ol_a_b"])
def test_what_is_no_key_is_none(text: str) -> None:
    assert KeyText.parse(text) is None


def test_a_pairing_code_has_no_letter_that_looks_like_a_digit() -> None:
    codes = "".join(new_pairing_code() for _ in range(200))

    assert not set(codes) & set("01OI")
