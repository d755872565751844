"""The crew of a factory day: they move every piece through, err now and then, and repeat themselves by the seed."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import pytest

from simulators.day.crew import Crew, DayPlan
from simulators.day.floor import Piece, Post, Wish
from simulators.day.hands import DeviceAway, MemoryHand, Shown

#: After its last step a piece is finished, and waits for packing.
ROUTE = ("cut", "paint", "packing")
POSTS = [
    Post("cut-1", "cut", "cut", "toggle"),
    Post("paint-gate", "paint", "paint", "gate"),
    Post("pack-1", "pack", "pack", "pack"),
    Post("ship-gate", "ship", "ship", "ship"),
]


@dataclass
class PaperFactory:
    """A floor that moves a piece when it is shown where it is due, as the server does."""

    pieces: dict[str, Piece] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    closed: dict[str, Piece] = field(default_factory=dict)
    open_box: str | None = None
    shipped: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    orders: int = 0
    arrived: list[str] = field(default_factory=list)
    shipped_before: list[str] = field(default_factory=list)
    travel_seconds: float = 0.0

    def posts(self) -> list[Post]:
        return POSTS

    def waiting(self, work_center: str, skip: Collection[str]) -> list[Piece]:
        return [
            piece
            for piece in self.pieces.values()
            if self.where[piece.number] == work_center and piece.order not in skip
        ]

    def backlog(self, work_center: str, skip: Collection[str]) -> int:
        return len(self.waiting(work_center, skip))

    def finished(self, skip: Collection[str]) -> list[Piece]:
        return self.waiting("packing", skip)

    def boxes(self, skip: Collection[str]) -> list[Piece]:
        return list(self.closed.values())

    def open_boxes(self) -> set[str]:
        return {self.open_box} if self.open_box else set()

    def tag(self, piece: Piece) -> str | None:
        return f"E{piece.number}"

    def wishes(self) -> list[tuple[str, str]]:
        return [("C-1", "FRAME"), ("C-2", "FRAME")]

    def deliver(self, *, older_than: float) -> int:
        self.travel_seconds = older_than
        self.arrived, self.shipped_before = self.shipped_before, list(self.shipped)
        return len(self.shipped_before) - len(self.arrived)

    def under_way(self, *, older_than: float) -> list[Piece]:
        self.travel_seconds = older_than
        due = [number for number in self.shipped if number not in self.arrived]
        return [Piece(number, "SO-1", Shown(f"OLD{number}")) for number in due]

    def place(self, wish: Wish) -> str:
        self.orders += 1
        order = f"SO-{self.orders}"
        for number in range(wish.quantity):
            name = f"U-{self.orders}{number}"
            self.pieces[name] = Piece(name, order, Shown(name), "queued")
            self.where[name] = ROUTE[0]
        return order

    def read(self, post: Post, thing: Shown) -> str:
        piece = self.pieces.get(thing.code)
        if post.context == "ship":
            assert thing.epc is not None
            self.shipped.append(self.closed.pop(thing.code).order)
        elif piece is None and "CLOSE" in thing.code:
            assert self.open_box is not None, "there is no box to close"
            self._close()
        elif piece is None or self.where[piece.number] not in (post.work_center, f"{post.work_center}ing"):
            self.refused.append((post.read_point, thing.code))
            return "stop"
        else:
            self._move(post, piece)
        return "ok"

    def _close(self) -> None:
        name = f"B{len(self.shipped) + len(self.closed)}"
        self.closed[name] = Piece(name, self.open_box or "", Shown(name))
        self.open_box = None

    def _move(self, post: Post, piece: Piece) -> None:
        if post.context == "toggle" and piece.state == "queued":
            self.pieces[piece.number] = replace(piece, state="in_process")
        elif post.context == "pack":
            assert self.open_box in (None, piece.order), "a piece went into the box of another order"
            self.open_box = piece.order
            del self.pieces[piece.number]
            if all(other.order != piece.order for other in self.pieces.values()):
                self._close()
        else:
            self.where[piece.number] = ROUTE[ROUTE.index(post.work_center) + 1]
            self.pieces[piece.number] = replace(piece, state="queued")


@dataclass
class PaperHand(MemoryHand):
    factory: PaperFactory = field(default_factory=PaperFactory)
    post: Post = POSTS[0]

    def show(self, thing: Shown, patience: float) -> str | None:
        super().show(thing, patience)
        return self.factory.read(self.post, thing)


def crew_at(factory: PaperFactory, plan: DayPlan) -> tuple[Crew, dict[str, PaperHand]]:
    hands = {post.read_point: PaperHand(factory=factory, post=post) for post in POSTS}
    return Crew(factory, hands, plan, pause=lambda _seconds: True), hands


def test_pieces_go_through_every_post_and_leave_in_boxes_of_one_order() -> None:
    factory = PaperFactory()
    crew, hands = crew_at(factory, DayPlan(seed=7, mistakes=0.0))

    crew.work(until=600)

    assert len(factory.shipped) >= 3
    assert factory.refused == []
    assert all(hand.shown for hand in hands.values())
    assert set(crew.report.heard) == {"ok"}


def test_what_has_left_reaches_its_customer_after_four_simulated_hours() -> None:
    factory = PaperFactory()
    crew, _hands = crew_at(factory, DayPlan(seed=7, mistakes=0.0, speed=40))

    crew.work(until=600)

    assert factory.travel_seconds == 4 * 3600 / 40
    assert crew.report.arrived >= len(factory.shipped) - 1 > 0


def test_equal_seeds_give_equal_days_and_another_seed_another() -> None:
    days = []
    for seed in (7, 7, 8):
        crew, hands = crew_at(PaperFactory(), DayPlan(seed=seed, mistakes=0.1))
        crew.work(until=300)
        days.append({name: [thing.code for thing in hand.shown] for name, hand in hands.items()})

    assert days[0] == days[1]
    assert days[0] != days[2]


def test_mistakes_are_made_at_about_the_given_rate_and_none_moves_a_piece() -> None:
    factory = PaperFactory()
    crew, _hands = crew_at(factory, DayPlan(seed=7, mistakes=0.2))

    crew.work(until=2000)

    shown = sum(crew.report.shown.values())
    assert 0.05 < sum(crew.report.mistakes.values()) / shown < 0.2
    assert set(crew.report.mistakes) == {"wrong_station", "repeated", "unknown_code"}
    assert crew.report.heard["stop"] == len(factory.refused)


def test_customers_order_again_before_the_work_runs_out() -> None:
    factory = PaperFactory()
    crew, _hands = crew_at(factory, DayPlan(seed=7, reorder_below=4))

    crew.work(until=1000)

    assert len(crew.report.placed) >= 3
    assert factory.pieces


def test_a_box_that_a_visitor_left_open_is_closed_before_another_order_is_packed() -> None:
    factory = PaperFactory(open_box="SO-VISITOR")
    crew, _hands = crew_at(factory, DayPlan(seed=7, mistakes=0.0))

    crew.work(until=400)

    assert "SO-VISITOR" in factory.shipped
    assert factory.refused == []


def test_an_order_left_alone_is_never_touched() -> None:
    factory = PaperFactory()
    factory.place(Wish("C-1", "FRAME", 3))
    crew, hands = crew_at(factory, DayPlan(seed=7, left_alone=frozenset({"SO-1"})))

    crew.work(until=300)

    touched = {thing.code for hand in hands.values() for thing in hand.shown}
    assert not touched & {"U-10", "U-11", "U-12"}
    assert {factory.where[piece.number] for piece in factory.pieces.values() if piece.order == "SO-1"} == {"cut"}


def test_a_device_nobody_listens_to_is_tried_again_later() -> None:
    factory = PaperFactory()
    crew, hands = crew_at(factory, DayPlan(seed=7, mistakes=0.0))
    asleep = hands["cut-1"].show

    def away(thing: Shown, patience: float) -> str | None:
        if crew.minutes < 60:
            raise DeviceAway("asleep")
        return asleep(thing, patience)

    hands["cut-1"].show = away  # type: ignore[method-assign]
    crew.work(until=400)

    assert crew.report.away > 5
    assert factory.shipped


def test_a_higher_speed_waits_less() -> None:
    waits: dict[float, float] = {}
    for speed in (60.0, 600.0):
        factory, slept = PaperFactory(), []
        hands = {post.read_point: PaperHand(factory=factory, post=post) for post in POSTS}

        def pause(seconds: float, slept: list[float] = slept) -> bool:
            slept.append(seconds)
            return True

        Crew(factory, hands, DayPlan(seed=7, speed=speed, mistakes=0.0), pause=pause).work(until=100)
        waits[speed] = sum(slept)

    assert waits[60.0] == pytest.approx(10 * waits[600.0])
    assert 60 < waits[60.0] <= 100


def test_the_crew_goes_home_when_told() -> None:
    factory = PaperFactory()
    hands = {post.read_point: PaperHand(factory=factory, post=post) for post in POSTS}

    Crew(factory, hands, DayPlan(), pause=lambda _seconds: False).work()

    assert not any(hand.shown for hand in hands.values())
