"""A commit of which nobody knows whether it got through."""

from collections.abc import Sequence

import pytest

from frontdoor_chassis.bus.memory import MemoryBus
from frontdoor_chassis.clock import SettableClock
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.relay import OutboxRow, Relay
from frontdoor_chassis.signing import Signer
from frontdoor_notifier.adapters.memory import MemoryStore
from frontdoor_notifier.core.depot import Depot
from frontdoor_notifier.core.ledger import Unit
from frontdoor_notifier.handlers.commits import Committer
from frontdoor_schemas.topics import RECEIPTS
from unit.notifier.kit import NOW, batch, depot, file, parcel, report
from unit.notifier.test_dispatch import NoOutbox


class Away(MemoryStore):
    """A store that is away for the first commit."""

    def __init__(self) -> None:
        super().__init__(Signer("notifier", b"key"))
        self.asked: list[Unit] = []

    async def write(self, unit: Unit) -> Sequence[OutboxRow]:
        self.asked.append(unit)
        if len(self.asked) == 1:
            raise ConnectionRefusedError
        return await super().write(unit)


async def committer(made: Depot, store: MemoryStore) -> Committer:
    relay = Relay(outbox=NoOutbox(), producer=await MemoryBus({RECEIPTS: 1}).producer())
    return Committer(depot=made, store=store, relay=relay, clock=SettableClock(NOW), metrics=Metrics("test"))


async def test_nothing_is_committed_past_what_was_read_before_it_and_could_not_be_written() -> None:
    made, store, told = depot(), Away(), []
    commits = await committer(made, store)
    commits.on_reset(lambda: told.append(made.generation))
    file(made, parcel(1), into=batch(old=0))
    with pytest.raises(ConnectionRefusedError):
        await commits.flush()
    assert told == [1], "what reads is to read again"
    file(made, parcel(2), into=batch(old=0))
    await commits.flush()
    assert [m.old for m in store.asked[-1].moves] == [0]


async def test_what_was_read_meanwhile_is_forgotten_too_and_results_are_kept() -> None:
    made, store = depot(), Away()
    commits = await committer(made, store)
    stored = parcel(1)
    stored.stored = True
    made.extend("a.desk", [stored])
    (shipment,) = made.due(NOW)
    report(made, shipment)
    file(made, parcel(2, lane=1), into=batch(old=0))
    with pytest.raises(ConnectionRefusedError):
        await commits.flush()
    await commits.flush()
    last = store.asked[-1]
    assert (last.moves, last.filed, [r.parcel for r in last.changed]) == ((), (), [stored])
