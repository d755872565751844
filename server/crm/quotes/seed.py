"""Quotes for the demo factory: one in each state, one that was talked over for several versions, one for a prospect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from server.crm.here import Here
from server.crm.quotes import answers, service, thread
from server.crm.quotes.models import Quote, QuoteMessage
from server.crm.quotes.schemas import AcceptBody, MessageIn, ProposedLine, QuoteIn, QuoteLineIn, QuotePatch
from server.crm.quotes.thread import CUSTOMER, SALES, Writer
from server.erp.seed import DemoWorld
from server.parties.schemas import CustomerIn
from server.parties.service import create_customer

ACTOR = "user:sales"
PROSPECT = "Halden Lifts"
_BUYERS: Mapping[str, str] = {
    "Aurora Bikes": "Astrid Lund",
    "Nordwind Energie": "Einkauf",
    "Kestrel Rail": "Stores",
    PROSPECT: "Purchasing",
}


@dataclass(slots=True)
class _Scene:
    """One quote with its past: `days_ago` moves the clock on."""

    session: Session
    quote: Quote
    customer: str
    zone: ZoneInfo
    now: datetime
    days: float

    @property
    def here(self) -> Here:
        return Here(self.zone, self.now - timedelta(days=self.days))

    def at(self, days_ago: float) -> "_Scene":
        self.days = days_ago
        return self

    def send(self, **patch: Any) -> None:
        if patch:
            body = QuotePatch.model_validate(patch)
            service.change_quote(self.session, self.quote, body, actor=ACTOR, here=self.here)
        service.send_quote(self.session, self.quote, actor=ACTOR, here=self.here)

    def revise(self) -> None:
        service.begin_version(self.session, self.quote, actor=ACTOR, here=self.here)

    def we_say(self, text: str) -> None:
        thread.write_message(
            self.session, self.quote, MessageIn(body=text), by=Writer(SALES, "Sales", ACTOR), here=self.here
        )

    def they_say(self, text: str, *wishes: ProposedLine) -> QuoteMessage:
        body = MessageIn(body=text, proposal=list(wishes))
        by = Writer(CUSTOMER, _BUYERS[self.customer], "system")
        return thread.write_message(self.session, self.quote, body, by=by, here=self.here)

    def take(self, message: QuoteMessage) -> None:
        thread.take_over(self.session, self.quote, message, actor=ACTOR, here=self.here)

    def accept(self) -> None:
        body = AcceptBody(version=self.quote.sent_version or 1, name=_BUYERS[self.customer], agreed=True)
        answers.accept_quote(self.session, self.quote, body, actor="system", here=self.here)


def seed_quotes(session: Session, world: DemoWorld, now: datetime) -> Sequence[Quote]:
    """Add quotes to the demo factory; the first of them is sent and was talked over."""
    numbers = {name: customer.number for name, customer in world.customers.items()}
    prospect = CustomerIn(name=PROSPECT, segment="lifts")
    numbers[PROSPECT] = create_customer(session, prospect, actor=ACTOR, now=now - timedelta(days=20)).number
    zone = ZoneInfo(world.site.time_zone)

    def begin(customer: str, *lines: QuoteLineIn, days: float, **more: Any) -> _Scene:
        here = Here(zone, now - timedelta(days=days))
        body = QuoteIn.model_validate({"customer": numbers[customer], "lines": list(lines), **more})
        return _Scene(session, service.create_quote(session, body, actor=ACTOR, here=here), customer, zone, now, days)

    scenes = [
        _talked_over(begin),
        _proposed(begin),
        _sent(begin),
        _draft(begin),
        _ordered(begin),
        _declined(begin),
        _expired(begin),
        _withdrawn(begin),
        _for_a_prospect(begin),
    ]
    return [scene.quote for scene in scenes]


def _line(sku: str, quantity: int, price: str | None = None, discount: int = 0, **choices: str) -> QuoteLineIn:
    return QuoteLineIn(
        product=sku,
        quantity=Decimal(quantity),
        unit_price=None if price is None else Decimal(price),
        discount_percent=Decimal(discount),
        configuration=choices,
    )


def _talked_over(begin: Any) -> _Scene:
    scene: _Scene = begin(
        "Aurora Bikes", _line("FRAME-CITY", 40, "155", colour="night-blue"), _line("RACK-REAR", 40),
        days=12, probability=40, customer_reference="Spring season", note="As we spoke on the phone.",
    )  # fmt: skip
    scene.at(11.9).send()
    scene.at(11).they_say("Thank you. Could the frames be had in mint as well, and what would sixty cost?")
    scene.at(10.8).we_say("Mint is possible, at a small surcharge. For sixty frames we can come down with the price.")
    wish = ProposedLine(position=1, quantity=Decimal(60), unit_price=Decimal("142"), configuration={"colour": "mint"})
    message = scene.at(10).they_say("Then sixty in mint, if the price is right.", wish)
    scene.at(9.7).take(message)
    scene.at(9.6).send(probability=60)
    scene.at(9.6).we_say("Version 2 has sixty frames in mint at your price. The racks stay as they were.")
    scene.at(6).they_say("Our workshop asks for the 60 cm size for half of them.")
    scene.at(5.5).revise()
    scene.at(5.4).send(
        probability=75,
        lines=[
            _line("FRAME-CITY", 30, "142", colour="mint", size="56-cm"),
            _line("FRAME-CITY", 30, "148", colour="mint", size="60-cm"),
            _line("RACK-REAR", 60, "29", 5, colour="mint"),
        ],
    )
    scene.at(5.4).we_say("Version 3: thirty of each size, and racks to match, five percent off.")
    scene.at(0.2).they_say("That looks right. I ask our management and come back to you.")
    return scene


def _proposed(begin: Any) -> _Scene:
    scene: _Scene = begin(
        "Kestrel Rail", _line("STEP-RAIL", 24), days=4, probability=50, customer_reference="KR/26/140"
    )
    scene.at(3.9).send()
    wish = ProposedLine(position=1, quantity=Decimal(30), unit_price=Decimal("228"))
    scene.at(0.1).they_say("With thirty we would fill a whole pallet. Could you meet this price?", wish)
    return scene


def _sent(begin: Any) -> _Scene:
    scene: _Scene = begin("Nordwind Energie", _line("MOUNT-WIND", 36, None, 4), days=2, probability=65)
    scene.at(1.9).send()
    return scene


def _draft(begin: Any) -> _Scene:
    scene: _Scene = begin("Nordwind Energie", _line("MOUNT-WIND", 60, "112"), days=0.3, probability=30)
    return scene


def _ordered(begin: Any) -> _Scene:
    scene: _Scene = begin("Aurora Bikes", _line("RACK-REAR", 20), days=4, probability=90, customer_reference="AB-7790")
    scene.at(3.9).send()
    scene.at(3).they_say("Black is fine. Twenty-five instead of twenty, please.", _more(25))
    scene.at(2.9).revise()
    scene.at(2.9).send(lines=[_line("RACK-REAR", 25)])
    scene.at(0.4).accept()
    return scene


def _more(quantity: int) -> ProposedLine:
    return ProposedLine(position=1, quantity=Decimal(quantity))


def _declined(begin: Any) -> _Scene:
    scene: _Scene = begin("Nordwind Energie", _line("MOUNT-WIND", 200, "118"), days=25, probability=20)
    scene.at(24.9).send()
    reason = "The wind park is put off by a year."
    answers.decline_quote(scene.session, scene.quote, reason=reason, actor="system", here=scene.at(20).here)
    return scene


def _expired(begin: Any) -> _Scene:
    scene: _Scene = begin("Kestrel Rail", _line("STEP-RAIL", 6), days=45, probability=25)
    scene.at(44.9).send()
    return scene


def _withdrawn(begin: Any) -> _Scene:
    scene: _Scene = begin("Aurora Bikes", _line("FRAME-CITY", 500, "99"), days=8, probability=10)
    scene.at(7.9).send()
    reason = "Quoted below cost by mistake."
    service.withdraw_quote(scene.session, scene.quote, reason=reason, actor=ACTOR, here=scene.at(7.8).here)
    return scene


def _for_a_prospect(begin: Any) -> _Scene:
    scene: _Scene = begin(PROSPECT, _line("STEP-RAIL", 2), days=1, probability=35, note="A first piece to try.")
    scene.at(0.9).send()
    return scene
