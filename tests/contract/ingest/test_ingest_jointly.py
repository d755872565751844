"""What several gateways send at one time is taken in as one batch, and each is answered as if he had been alone."""

import json
import threading
from typing import Any

from orderlight.events import Batch
from server.errors import Conflict
from server.ingest.accept import Ask, Taken, accept_all
from server.ingest.door import Door
from server.ingest.encoding import json_bytes


def ask(gateway: str, *events: dict[str, Any], epoch: str = "00000000000000aa") -> Ask:
    body = {"gateway": gateway, "epoch": epoch, "events": list(events)}
    return Ask(Batch.parse(json.dumps(body).encode()), Door(actor=f"gateway:{gateway}"))


def take_in(plant: Any, *asks: Ask) -> list[Taken | Conflict]:
    found: list[Taken | Conflict] = plant.database.write(lambda session: accept_all(session, asks, now=plant.now))
    return found


def fates(taken: Taken | Conflict) -> list[tuple[int | None, str]]:
    assert isinstance(taken, Taken)
    # What was written down is sent as it is, and is what the answers say.
    assert taken.encode() == json_bytes(taken.receipt)
    return [(answer.sequence, answer.status.value) for answer in taken.receipt.results]


def test_each_gateway_gets_the_answers_to_its_own_events(plant: Any, tools: Any) -> None:
    # Given two gateways, one of which reads what the other has just cut
    first, second = plant.orders["SO-1000"][:2]
    cut = [plant.event(tools.code(number)) | {"sequence": place} for place, number in enumerate((first, second), 1)]
    weld = plant.event(tools.code(first), "weld-end") | {"sequence": 1}

    # When both are taken in together
    one, other = take_in(plant, ask("gw-a", *cut), ask("gw-b", weld))

    # Then each has his own answers, and the second event saw what the first had done
    assert fates(one) == [(1, "applied"), (2, "applied")]
    assert fates(other) == [(1, "applied")]
    assert isinstance(one, Taken)
    assert isinstance(other, Taken)
    assert (one.receipt.gateway, other.receipt.gateway) == ("gw-a", "gw-b")
    assert (one.receipt.committed_sequence, other.receipt.committed_sequence) == (2, 1)
    assert plant.sql("SELECT count(*) FROM fact WHERE event_id IS NOT NULL") == [(3,)]
    assert sum(one.facts.values()) + sum(other.facts.values()) == 3
    names = "SELECT s.gateway, count(*) FROM event e JOIN event_source s ON s.id = e.source_id GROUP BY 1 ORDER BY 1"
    assert [tuple(row) for row in plant.sql(names)] == [("gw-a", 2), ("gw-b", 1)]


def test_a_request_that_came_twice_at_one_time_is_counted_once(plant: Any, tools: Any) -> None:
    number = plant.orders["SO-1000"][0]
    event = plant.event(tools.code(number)) | {"sequence": 1}

    one, other = take_in(plant, ask("gw-a", event), ask("gw-a", event))

    assert fates(one) == [(1, "applied")]
    assert fates(other) == [(1, "duplicate")]
    assert plant.operation(number, 10).good == 1


def test_a_double_is_refused_alone(plant: Any, tools: Any) -> None:
    # Given a gateway that has begun a later life
    first, second = plant.orders["SO-1000"][:2]
    take_in(plant, ask("gw-a", plant.event(tools.code(first)) | {"sequence": 1}, epoch="00000000000000aa"))
    take_in(plant, ask("gw-a", plant.event(tools.code(first)) | {"sequence": 1}, epoch="00000000000000bb"))

    # When its older life goes on, at the same time as another gateway's batch
    late = plant.event(tools.code(second)) | {"sequence": 2}
    other = plant.event(tools.code(second)) | {"sequence": 1}
    refused, taken = take_in(plant, ask("gw-a", late, epoch="00000000000000aa"), ask("gw-b", other))

    assert isinstance(refused, Conflict)
    assert refused.reason == "cloned_gateway"
    assert fates(taken) == [(1, "applied")]


def test_an_event_that_no_database_holds_is_set_aside_without_its_neighbours(
    plant: Any, tools: Any, monkeypatch: Any
) -> None:
    # Given a batch in which one event cannot be written
    from server.ingest import accept as module

    save = module.save

    def fail(session: Any, folded: Any, *args: Any, **more: Any) -> Any:
        if any("CANNOT" in judged.item.payload for judged in folded.judged if judged.item.read is not None):
            raise ValueError("no")
        return save(session, folded, *args, **more)

    monkeypatch.setattr(module, "save", fail)
    good = plant.event(tools.code(plant.orders["SO-1000"][0])) | {"sequence": 1}
    bad = plant.event("CANNOT") | {"sequence": 1}

    # When it is to be taken in together with another gateway's
    calls: list[int] = []
    go_on = threading.Event()

    def take_jointly(session: Any, asks: Any) -> list[Taken | Conflict]:
        calls.append(len(asks))
        return accept_all(session, asks, now=plant.now)

    plant.database.submit_jointly(lambda _session, _nothing: [go_on.wait(10)], None)
    queued = [plant.database.submit_jointly(take_jointly, each) for each in (ask("gw-a", good), ask("gw-b", bad))]
    go_on.set()
    one, other = (future.result(timeout=10) for future in queued)

    # Then both are tried together and, when that fails, each alone
    assert calls == [2, 1, 1]
    assert fates(one) == [(1, "applied")]
    assert fates(other) == [(1, "quarantined")]
    names = "SELECT s.gateway FROM event e JOIN event_source s ON s.id = e.source_id WHERE e.status = 'quarantined'"
    assert [tuple(row) for row in plant.sql(names)] == [("gw-b",)]
