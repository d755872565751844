"""The people of the factory day: who does what when, with the mistakes that people make. Equal seeds, equal days."""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from orderlight.autoid import OwnCode
from simulators.day.floor import PLAIN_AIM, Floor, Piece, Post, Wish
from simulators.day.hands import DeviceAway, Hand, Shown

#: Simulated minutes of one piece at a post, by what a read there means.
WORK_MINUTES: Mapping[str, float] = {"gate": 4.0, "pack": 4.0, "ship": 8.0}
DEFAULT_WORK_MINUTES = 6.0
_IDLE_MINUTES = 2.0
#: The carrier brings what has left within four simulated hours.
TRAVEL_MINUTES = 240.0
#: The command card that closes a station's open box.
CLOSE_CARD = "CLOSE"
_VERDICT_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """How the day goes. `speed` is simulated seconds for each real one."""

    seed: int = 7
    speed: float = 60.0
    #: Chance that an operator makes a mistake with a piece.
    mistakes: float = 0.03
    #: Customers order again when fewer pieces than this have not been started.
    reorder_below: int = 6
    order_size: tuple[int, int] = (3, 8)
    #: Orders that nobody touches, for the person who watches.
    left_alone: frozenset[str] = frozenset()


@dataclass(slots=True)
class DayReport:
    """What the crew did so far."""

    #: Things shown to readers, by post.
    shown: Counter[str] = field(default_factory=Counter)
    #: What was heard: ok, warn, stop, stored, silence.
    heard: Counter[str] = field(default_factory=Counter)
    #: wrong_station, repeated, unknown_code.
    mistakes: Counter[str] = field(default_factory=Counter)
    placed: list[str] = field(default_factory=list)
    #: Shipments that reached their customers.
    arrived: int = 0
    #: Times that a device had no gateway listening.
    away: int = 0

    def line(self) -> str:
        """The day in one line."""
        heard = ", ".join(f"{count} {signal}" for signal, count in sorted(self.heard.items()))
        mistakes = sum(self.mistakes.values())
        return (
            f"shown {sum(self.shown.values())} (heard: {heard or 'nothing'}), of these {mistakes} by mistake; "
            f"{len(self.placed)} orders placed, {self.away} times no gateway"
        )


class Crew:
    """Everybody at work. One thread; `pause(seconds)` waits in real time and says whether to go on."""

    def __init__(
        self,
        floor: Floor,
        hands: Mapping[str, Hand],
        plan: DayPlan,
        *,
        pause: Callable[[float], bool],
        report: DayReport | None = None,
    ) -> None:
        self.report = report or DayReport()
        #: Simulated minutes since the start.
        self.minutes = 0.0
        self._floor, self._hands, self._plan, self._pause = floor, hands, plan, pause
        self._random = random.Random(plan.seed)
        self._posts = [post for post in floor.posts() if post.read_point in hands]
        self._wishes = floor.wishes()
        #: Whoever brings things scans their paper, where he has a scanner.
        self._has_driver = any(post.context == "deliver" for post in self._posts)
        self._travel = TRAVEL_MINUTES * 60 / plan.speed

    def work(self, *, until: float = float("inf")) -> None:
        """Go on until pause() says stop, or so many simulated minutes have passed."""
        # The second field keeps posts that are due together in one order, whatever the seed.
        due = [(self._random.uniform(0, WORK_MINUTES["gate"]), index) for index in range(len(self._posts))]
        heapq.heapify(due)
        while due and due[0][0] < until:
            at, index = heapq.heappop(due)
            if not self._pause((at - self.minutes) * 60 / self._plan.speed):
                return
            self.minutes = at
            heapq.heappush(due, (at + self._take_turn(self._posts[index]), index))

    def _take_turn(self, post: Post) -> float:
        """Do the next thing at a post; simulated minutes until the one after."""
        if post is self._posts[0]:
            self._order_more(post)
        if post.context == "ship" and not self._has_driver:
            self.report.arrived += self._floor.deliver(older_than=self._travel)
        piece = self._next_piece(post)
        if piece is None:
            return _IDLE_MINUTES
        try:
            self._handle(post, piece)
        except DeviceAway:
            self.report.away += 1
            return _IDLE_MINUTES
        return self._work_minutes(post, piece)

    def _work_minutes(self, post: Post, piece: Piece) -> float:
        minutes = WORK_MINUTES.get(post.context, DEFAULT_WORK_MINUTES)
        if post.context == "toggle" and piece.state == "in_process":
            # It was finished just now; the next piece is only a few steps away.
            minutes = 1.0
        return minutes * self._random.uniform(0.7, 1.4)

    def _next_piece(self, post: Post) -> Piece | None:
        here = self._pieces_at(post)
        open_boxes = self._floor.open_boxes() if post.context == "pack" else set()
        # What has begun is finished first, and a box is filled with what belongs into it.
        here.sort(key=lambda piece: (piece.order not in open_boxes, piece.state != "in_process"))
        return here[0] if here else None

    def _pieces_at(self, post: Post) -> list[Piece]:
        skip = self._plan.left_alone
        if post.context == "ship":
            return self._floor.boxes(skip)
        if post.context == "deliver":
            return self._floor.under_way(older_than=self._travel)
        here = self._floor.waiting(post.work_center, skip)
        return here + self._floor.finished(skip) if post.context == "pack" else here

    def _handle(self, post: Post, piece: Piece) -> None:
        if post.context in ("gate", "ship"):
            self._show(post, replace(piece.label, epc=self._floor.tag(piece)))
            return
        if post.context == "deliver":
            self._show(post, piece.label)
            self.report.arrived += 1
            return
        blunder = self._blunder()
        if blunder == "wrong_station":
            self._bring_to_the_wrong_place(post)
        elif blunder == "unknown_code":
            self._err(post, blunder, self._stray_label())
        if post.context == "pack":
            self._close_box_of_another(post, piece)
        signal = self._show(post, piece.label)
        if post.context == "pack" and signal == "stop" and piece.order in self._floor.open_boxes():
            # The box of this order is full: it is closed, and the piece begins the next one.
            self._show(post, Shown(str(OwnCode("C", CLOSE_CARD)), PLAIN_AIM))
            self._show(post, piece.label)
        if blunder == "repeated":
            # Later than the gateway's repeat window, else it would be swallowed there.
            self._pause(1.2)
            self._err(post, blunder, piece.label)

    def _bring_to_the_wrong_place(self, post: Post) -> None:
        elsewhere = self._random.choice([other for other in self._posts if other.work_center != post.work_center])
        pieces = self._pieces_at(elsewhere)
        if pieces:
            self._err(post, "wrong_station", pieces[0].label)

    def _close_box_of_another(self, post: Post, piece: Piece) -> None:
        """A box of another order may stand open, ours or a visitor's; a full one has closed itself."""
        if self._floor.open_boxes() - {piece.order}:
            self._show(post, Shown(str(OwnCode("C", CLOSE_CARD)), PLAIN_AIM))

    def _blunder(self) -> str | None:
        # Drawn in one go, so that a day without mistakes has the same rhythm as one with them.
        chance, kind = self._random.random(), self._random.choice(("wrong_station", "repeated", "unknown_code"))
        return kind if chance < self._plan.mistakes else None

    def _stray_label(self) -> Shown:
        """The label of some other factory, or of a unit that was never made."""
        digits = "".join(str(self._random.randrange(10)) for _ in range(6))
        return Shown(self._random.choice((f"LPN{digits}", str(OwnCode("U", f"9{digits}")))), PLAIN_AIM)

    def _err(self, post: Post, kind: str, shown: Shown) -> None:
        self.report.mistakes[kind] += 1
        self._show(post, shown)

    def _show(self, post: Post, shown: Shown) -> str | None:
        signal = self._hands[post.read_point].show(shown, _VERDICT_SECONDS)
        self.report.shown[post.read_point] += 1
        self.report.heard[signal or "silence"] += 1
        return signal

    def _order_more(self, first: Post) -> None:
        """A customer orders again when little is left to begin."""
        backlog = self._floor.backlog(first.work_center, self._plan.left_alone)
        if not self._wishes or backlog >= self._plan.reorder_below:
            return
        customer, product = self._random.choice(self._wishes)
        wish = Wish(customer, product, self._random.randint(*self._plan.order_size))
        self.report.placed.append(self._floor.place(wish))
