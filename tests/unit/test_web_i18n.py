"""Languages, times and words of the pages."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.erp.billing.states import Billing, InvoiceState, MoneyFact
from server.erp.stock.rules import StockFact
from server.tracking import states
from server.tracking.facts import FactKind
from server.web.i18n import LANGUAGES, Formats, language_name, negotiate
from server.web.words import WORDS

NOW = datetime(2026, 11, 22, 8, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wishes", "accept", "expected"),
    [
        ((None, None), None, "en"),
        (("en",), "de", "en"),
        ((None,), "de-DE,de;q=0.9,en;q=0.5", "en"),
        (("xx-nonsense-tag-that-is-long", ""), "*;q=0,,;;", "en"),
        ((), "\x00\x7f", "en"),
    ],
)
def test_a_reader_gets_the_first_language_we_speak(
    wishes: tuple[str | None, ...], accept: str | None, expected: str
) -> None:
    assert negotiate(*wishes, accept=accept) == expected


def test_chinese_of_taiwan_is_traditional_and_bare_chinese_simplified(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LANGUAGES, "zh-Hant", "zh_Hant_TW")
    monkeypatch.setitem(LANGUAGES, "zh-Hans", "zh_Hans_CN")

    assert negotiate(accept="zh-TW") == "zh-Hant"
    assert negotiate(accept="zh-HK,en;q=0.1") == "zh-Hant"
    assert negotiate(accept="zh") == "zh-Hans"


@pytest.mark.parametrize(
    ("code", "own", "ours"),
    [("en", "English", "English"), ("de", "Deutsch", "German"), ("pl", "polski", "Polish"), ("xx", "xx", "xx"),
     ("de-AT", "Deutsch (Österreich)", "German (Austria)"), ("en-Q", "en-Q", "en-Q")],
)  # fmt: skip
def test_a_language_is_called_by_its_name(code: str, own: str, ours: str) -> None:
    formats = Formats("en", ZoneInfo("Europe/Berlin"), datetime(2026, 11, 22, tzinfo=UTC))

    assert (language_name(code), formats.language_name(code)) == (own, ours)


def test_times_are_shown_on_the_clock_of_the_site() -> None:
    formats = Formats("en", ZoneInfo("Europe/Warsaw"), NOW)

    assert formats.clock(NOW) == "09:14"
    assert formats.machine(NOW) == "2026-11-22T08:14:05.000Z"
    assert formats.moment(NOW).startswith("Sunday 22 November 2026, 09:14:05")
    assert formats.relative(NOW - timedelta(minutes=3)) == "3 minutes ago"


def test_a_promised_day_falls_due_at_its_end_at_the_site() -> None:
    formats = Formats("en", ZoneInfo("Europe/Warsaw"), NOW)

    assert formats.end_of(date(2026, 11, 27)).astimezone(UTC) == datetime(2026, 11, 27, 23, tzinfo=UTC)


@pytest.mark.parametrize("hour", [0, 9, 12, 23])
def test_days_to_a_promise_are_those_of_the_calendar_at_any_hour(hour: int) -> None:
    zone = ZoneInfo("Europe/Warsaw")
    formats = Formats("en", zone, datetime(2026, 11, 22, hour, 30, tzinfo=zone))

    assert formats.until(formats.end_of(date(2026, 11, 27))) == "5 days"
    assert formats.until(formats.end_of(date(2026, 11, 27)), narrow=True) == "5d"
    assert formats.until(formats.end_of(date(2026, 11, 23))) == "1 day"
    assert formats.until(formats.end_of(date(2026, 11, 20))) == "2 days"


def test_the_last_day_of_a_promise_and_the_first_after_it_are_told_in_hours() -> None:
    zone = ZoneInfo("Europe/Warsaw")
    formats = Formats("en", zone, datetime(2026, 11, 22, 9, 0, tzinfo=zone))

    assert formats.until(formats.end_of(date(2026, 11, 22))) == "15 hours"
    assert formats.until(formats.end_of(date(2026, 11, 21))) == "9 hours"


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("lifecycle", states.OrderLifecycle),
        ("fulfilment", states.Fulfilment),
        ("unit_state", states.UnitState),
        ("operation_state", states.OperationState),
        ("work_order_state", states.WorkOrderState),
        ("shipment_state", states.ShipmentState),
        ("handling_unit_state", states.HandlingUnitState),
        ("signal", states.Signal),
        ("fact", FactKind),
        ("fact", MoneyFact),
        ("fact", StockFact),
        ("billing", Billing),
        ("invoice_state", InvoiceState),
    ],
)
def test_every_state_has_a_word(kind: str, codes: type) -> None:
    assert {str(code) for code in codes} <= WORDS[kind].keys()  # type: ignore[attr-defined]
