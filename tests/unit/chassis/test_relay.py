"""The mark of an outbox: written at a pace, in the end always, and what it has not reached is sent again after a start."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from frontdoor_chassis import relay as relaying
from frontdoor_chassis.bus import Record
from frontdoor_chassis.relay import OutboxRow, Relay


@dataclass
class Table:
    """An outbox, and at the same time the bus: what was committed, what was marked, what was sent."""

    rows: list[OutboxRow] = field(default_factory=list)
    marked: int = 0
    sent: list[bytes] = field(default_factory=list)

    def commit(self) -> list[OutboxRow]:
        """One more row."""
        n = len(self.rows) + 1
        self.rows.append(OutboxRow(n, (Record("topic", b"key", b"row-%d" % n, ()),)))
        return self.rows[-1:]

    async def sent_up_to(self) -> int:
        return self.marked

    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        return self.rows[after : after + limit]

    async def mark_sent(self, up_to: int) -> None:
        self.marked = up_to

    async def send(self, records: Sequence[Record]) -> None:
        self.sent += [r.value for r in records]

    async def close(self) -> None:
        """Nothing is open."""


async def sent_two(table: Table) -> Relay:
    """Two rows, sent one after the other: the first mark is due at once, the second a pace later."""
    relay = Relay(outbox=table, producer=table)
    for _ in range(2):
        relay.offer(table.commit())
        await relay.step()
    return relay


async def test_what_was_sent_and_not_marked_is_sent_again_after_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "MARK_SECONDS", 60.0)
    table = Table()
    relay = await sent_two(table)
    assert await relay.step() is False
    assert table.marked == 1
    await Relay(outbox=table, producer=table).step()
    assert table.sent == [b"row-1", b"row-2", b"row-2"]


async def test_an_idle_relay_writes_the_mark_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "MARK_SECONDS", 60.0)
    table = Table()
    relay = await sent_two(table)
    relay._mark_due = 0.0  # the pace has passed
    await relay.step()
    assert table.marked == 2
