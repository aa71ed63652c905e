"""The store in memory, for tests of everything above it: same promises, held to the same suite as the one in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from frontdoor_chassis.bus import Position
from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.signing import Signer
from frontdoor_chassis.store.ports import FencedError
from frontdoor_notifier.adapters.outbox import receipt_records, signed
from frontdoor_notifier.core.ledger import Row, TakeBack, Unit
from frontdoor_notifier.core.parcels import (
    Attempt,
    Dead,
    Filed,
    Notice,
    Parcel,
    Recalled,
    Sending,
    State,
    Superseded,
    TakenBack,
    Waiting,
)
from frontdoor_notifier.core.ports import Content, Known
from frontdoor_notifier.core.sequence import DeskSequence


@dataclass(slots=True)
class Kept:
    """A delivery as the table has it."""

    notice: Notice
    state: State
    attempts: int
    first_at: datetime | None
    code: str | None
    taken_back: TakenBack | None
    body: bytes | None

    @property
    def owed(self) -> bool:
        """Whether it is still to be sent."""
        return isinstance(self.state, Waiting | Sending)


@dataclass
class MemoryStore:
    """Deliveries, attempts, sequences, recalls and the outbox of one notifier."""

    signer: Signer
    deliveries: dict[UUID, Kept] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    recalls: dict[UUID, TakenBack] = field(default_factory=dict)
    positions: dict[tuple[str, int], Position] = field(default_factory=dict)
    outbox: list[OutboxRow] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    _sequences: dict[str, DeskSequence] = field(default_factory=dict)

    async def write(self, unit: Unit) -> Sequence[OutboxRow]:
        """All of it or, when another instance was here, nothing."""
        self._move(unit)
        for row in unit.filed:
            self.deliveries.setdefault(row.parcel.notice.id, _kept(row))
        for row in unit.changed:
            self._change(row)
        for taken in unit.take_backs:
            self._take_back(taken)
        self.attempts += unit.attempts
        self._sequences |= {s.desk: s for s in unit.sequences}
        self.units.append(unit)
        rows = [
            OutboxRow(len(self.outbox) + n, (signed(self.signer, len(self.outbox) + n, key, record),))
            for n, (key, record) in enumerate(receipt_records(unit.receipts, unit.at), start=1)
        ]
        self.outbox += rows
        return rows

    async def load(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        """Positions of the given topics."""
        return {at: position for at, position in self.positions.items() if at[0] in topics}

    async def sequences(self, desks: Sequence[str]) -> Mapping[str, DeskSequence]:
        """Sequences of those desks of which anything was filed."""
        return {d: self._sequences[d] for d in desks if d in self._sequences}

    async def known(self, disclosures: Sequence[UUID]) -> Mapping[UUID, Known]:
        """Those that were filed or recalled before."""
        recalled = {i: Known(None, self.recalls[i]) for i in disclosures if i in self.recalls}
        filed = {i: Known(_read(k.state), k.taken_back) for i in disclosures if (k := self.deliveries.get(i))}
        return recalled | filed

    async def pending(self, desk: str, limit: int) -> Sequence[Parcel]:
        """The first deliveries still owed to a desk, in order of number, without content."""
        owed = sorted((k for k in self.deliveries.values() if k.notice.desk == desk and k.owed), key=lambda k: k.notice.order)
        return [_parcel(k) for k in owed[:limit]]

    async def contents(self, disclosures: Sequence[UUID]) -> Mapping[UUID, Content]:
        """What to send for those still owed."""
        return {i: Content(k.body, k.taken_back) for i in disclosures if (k := self.deliveries.get(i)) and k.owed}

    async def overdue(self, now: datetime) -> int:  # noqa: ARG002 - the port's signature
        """Nobody's deliveries: one notifier alone uses this store."""
        return 0

    def _move(self, unit: Unit) -> None:
        for move in unit.moves:
            at = self.positions.get((move.topic, move.partition), Position(move.topic_id, move.old))
            if at != Position(move.topic_id, move.old):
                raise FencedError("the position has moved")
        self.positions |= {(m.topic, m.partition): Position(m.topic_id, m.new) for m in unit.moves}

    def _change(self, row: Row) -> None:
        kept = self.deliveries.get(row.parcel.notice.id)
        if kept is None or not kept.owed:
            return
        kept.state, kept.attempts, kept.first_at, kept.code = row.state, row.attempts, row.first_at, row.code
        if not isinstance(row.state, Waiting | Sending | Dead):
            kept.body = None

    def _take_back(self, taken: TakeBack) -> None:
        self.recalls.setdefault(taken.disclosure, taken.how)
        kept = self.deliveries.get(taken.disclosure)
        if kept is None or kept.taken_back is not None or not isinstance(kept.state, Waiting | Sending | Dead | Filed):
            return
        kept.taken_back, kept.body = taken.how, None
        if not kept.owed:
            kept.state = Recalled(taken.at) if taken.how is TakenBack.recalled else Superseded(taken.at)


def _kept(row: Row) -> Kept:
    return Kept(row.parcel.notice, row.state, row.attempts, row.first_at, row.code, row.taken_back, row.body)


def _read(state: State) -> State:
    return Waiting() if isinstance(state, Sending) else state


def _parcel(kept: Kept) -> Parcel:
    return Parcel(
        kept.notice,
        _read(kept.state),
        attempts=kept.attempts,
        first_at=kept.first_at,
        last_code=kept.code,
        taken_back=kept.taken_back,
        stored=True,
    )
