"""The store in memory, for tests: the same promises as the tables, without their durability."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from frontdoor_chassis.bus.ports import Move, Position
from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.store.ports import FencedError
from frontdoor_gateway.core.callers import StoredKey
from frontdoor_gateway.core.inbox import Channel, Item, Marked, Page
from frontdoor_gateway.core.intake import Filed, Work
from frontdoor_gateway.core.questions import Question
from frontdoor_gateway.core.receipts import by_desk
from frontdoor_gateway.core.sequence import START, Cursor, Place, advance
from frontdoor_gateway.core.submissions import (
    Asked,
    Contradicted,
    Known,
    Origin,
    Outcome,
    Published,
    Reader,
    Repeated,
    Sign,
    Stored,
    Submission,
    record,
)
from frontdoor_schemas.envelope import Delivery, DeliveryKind, LedgerUpdate, Receipt, Receipts
from frontdoor_schemas.topics import RECEIPTS, of_receipts
from frontdoor_schemas.vocabulary import EventType, Level

_ORDER = (Level.received, Level.opened, Level.acted)


@dataclass(slots=True)
class _Row:
    submission: Submission
    again_at: datetime | None = None
    decided_at: datetime | None = None


class MemorySubmissions:
    """Submissions, their outbox, and what the router has not answered."""

    def __init__(self, *, sign: Sign) -> None:
        self.rows: dict[int, _Row] = {}
        self.ledgers: dict[UUID, tuple[LedgerUpdate, bytes]] = {}
        self.inboxes: dict[str, MemoryDesk] = {}
        self._sign = sign
        self._sent = 0

    async def accept(self, items: Sequence[Submission]) -> Sequence[Outcome]:
        """As the port says."""
        return [self._accept(item) for item in items]

    def _accept(self, item: Submission) -> Outcome:
        same = next((r.submission for r in self.rows.values() if _sender(r.submission) == _sender(item)), None)
        if same is not None:
            known = same.body_hmac == item.body_hmac
            return Repeated(same.event, same.thread, same.received_at) if known else Contradicted()
        earlier = [r.submission.event for r in self.rows.values() if r.submission.thread == item.thread]
        position = len(self.rows) + 1
        self.rows[position] = _Row(item.following(earlier[-1] if earlier else None))
        return Stored(position, earlier[-1] if earlier else None)

    async def known(self, agency: str, sender_ids: Collection[str]) -> Mapping[str, Known]:
        """As the port says."""
        own = [s for r in self.rows.values() if (s := r.submission).agency == agency and s.sender_id in sender_ids]
        return {s.sender_id: Known(s.body_hmac, Repeated(s.event, s.thread, s.received_at)) for s in own}

    async def origins(self, asked: Collection[Asked]) -> Mapping[Asked, Origin]:
        """As the port says."""
        return {(reader, event): origin for reader, event in asked if (origin := self._origin(reader, event))}

    def _origin(self, reader: Reader, event: UUID) -> Origin | None:
        if (own := self._seen_by(reader, event)) is not None:
            return Origin(own.thread, own=True)
        told = [e for desk, box in self.inboxes.items() if desk in reader.desks for e in box.entries if e.delivery or e.level]
        return next((Origin(e.thread, own=False) for e in told if e.event == event), None)

    async def questions(self, desk: str, since: datetime, sender_ids: Collection[str]) -> Sequence[Question]:
        """As the port says."""
        own = [r.submission for r in self.rows.values() if r.submission.desk == desk]
        found = [s for s in own if s.sender_id in sender_ids or (s.type is EventType.query and s.received_at > since)]
        return sorted(Question(s.received_at, s.sender_id) for s in found)

    async def published(self, reader: Reader, event: UUID) -> Published | None:
        """As the port says."""
        found = self._seen_by(reader, event)
        return self._published(reader, found) if found is not None else None

    async def list_published(self, reader: Reader, *, before: UUID | None, limit: int) -> Sequence[Published]:
        """As the port says."""
        own = [s for r in self.rows.values() if (s := r.submission).agency == reader.agency and not self._kept_from(reader, s)]
        ends = next((n for n, s in enumerate(own) if s.event == before), 0) if before else len(own)
        return [self._published(reader, s) for s in reversed(own[:ends])][:limit]

    def _seen_by(self, reader: Reader, event: UUID) -> Submission | None:
        found = next((r.submission for r in self.rows.values() if r.submission.event == event), None)
        seen = found is not None and _same_office(reader, found.desk) and not self._kept_from(reader, found)
        return found if seen else None

    def _kept_from(self, reader: Reader, s: Submission) -> bool:
        said = [v for v in self._versions(s) if v.desk not in reader.desks]
        return s.desk not in reader.desks and any(reader.is_named(v.withheld_from) for v in said)

    def _versions(self, s: Submission) -> list[Submission]:
        """The event and what corrects it; of a withdrawal, of what it withdraws too."""
        links = [r.submission for r in self.rows.values()]
        start = [w for w in links if s.type is EventType.withdrawal and w.event == s.cause] or [s]
        found = {w.event: w for w in start}
        for c in links:  # a correction stands after what it corrects
            if c.type is EventType.correction and c.cause in found:
                found[c.event] = c
        return [s, *found.values()]

    def _published(self, reader: Reader, s: Submission) -> Published:
        ledger = self.ledgers.get(s.event)
        cause = s.cause if s.desk == reader.desk or self._knows(reader.desk, s.cause) else None
        return Published(s.event, s.type, s.desk, s.thread, cause, s.occurred_at, s.received_at, ledger[1] if ledger else None)

    def _knows(self, desk: str, event: UUID | None) -> bool:
        told = {e.event for e in self.inboxes.get(desk, MemoryDesk()).entries if e.delivery or e.level}
        wrote = {r.submission.event for r in self.rows.values() if r.submission.desk == desk}
        return event in told | wrote

    async def sent_up_to(self) -> int:
        """The outbox's mark."""
        return self._sent

    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Rows of the outbox."""
        rows = [(p, r) for p, r in self.rows.items() if p > after][:limit]
        return [OutboxRow(p, (record(r.submission, self._sign),)) for p, r in rows]

    async def mark_sent(self, up_to: int) -> None:
        """Move the mark, never back."""
        self._sent = max(self._sent, up_to)

    async def overdue(self, before: datetime, limit: int) -> Sequence[tuple[int, Submission]]:
        """As the port says."""
        late = [(p, r) for p, r in self.rows.items() if self._late(r, before) and p <= self._sent]
        return [(p, r.submission) for p, r in late if r.again_at is None or r.again_at < before][:limit]

    async def published_again(self, positions: Sequence[int], at: datetime) -> None:
        """As the port says."""
        for position in positions:
            self.rows[position].again_at = at

    async def undecided(self, before: datetime) -> int:
        """As the port says."""
        return sum(self._late(r, before) for r in self.rows.values())

    def _late(self, row: _Row, before: datetime) -> bool:
        return row.decided_at is None and row.submission.received_at < before


def _same_office(reader: Reader, desk: str) -> bool:
    return desk.partition(".")[0] == reader.agency or desk in reader.left


def _sender(submission: Submission) -> tuple[str, str]:
    return submission.agency, submission.sender_id


class MemoryReceipts:
    """The outbox of receipts."""

    def __init__(self, *, gateway: str, sign: Sign) -> None:
        self.items: list[Receipt] = []
        self._rows: list[OutboxRow] = []
        self._gateway = gateway
        self._sign = sign
        self._sent = 0

    def add(self, items: Sequence[Receipt], at: datetime) -> list[OutboxRow]:
        """Each record of one desk."""
        self.items += items
        made: list[OutboxRow] = []
        for desk, mine in by_desk(items):
            value = Receipts(by=self._gateway, at=at, items=mine)
            position = len(self._rows) + len(made) + 1
            row = self._sign(RECEIPTS, desk.encode(), value.model_dump_json(exclude_none=True).encode(), of_receipts(position))
            made.append(OutboxRow(position, (row,)))
        self._rows += made
        return made

    async def sent_up_to(self) -> int:
        """The outbox's mark."""
        return self._sent

    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Rows of the outbox."""
        return self._rows[after : after + limit]

    async def mark_sent(self, up_to: int) -> None:
        """Move the mark, never back."""
        self._sent = max(self._sent, up_to)


@dataclass(slots=True)
class _Entry:
    place: Place
    disclosure: UUID
    agency: str
    event: UUID
    thread: UUID
    kind: DeliveryKind
    delivery: bytes | None
    recall: int | None = None
    withdrawn_at: datetime | None = None
    level: Level | None = None
    told: bool = False


@dataclass(slots=True)
class MemoryDesk:
    """One desk's inbox."""

    entries: list[_Entry] = field(default_factory=list)
    head: Place = START
    collected: Place = START
    recalls: int = 0


class MemoryInboxes:
    """Inboxes and what is filed into them."""

    def __init__(self, *, submissions: MemorySubmissions, receipts: MemoryReceipts) -> None:
        self._desks = submissions.inboxes
        self._submissions = submissions
        self._receipts = receipts
        self._positions: dict[tuple[str, int], Position] = {}

    async def load(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        """The consumer's positions."""
        return {at: position for at, position in self._positions.items() if at[0] in topics}

    async def read(self, desk: str, after: Cursor, limit: int) -> Page:
        """As the port says."""
        box = self._desks.get(desk, MemoryDesk())
        beyond = [e for e in box.entries if after.place < e.place <= box.head][:limit]
        items = [Item(Cursor(*e.place, box.recalls), e.disclosure, e.delivery, e.withdrawn_at, e.recall) for e in beyond]
        return Page(items, items[-1].cursor if items else after)

    async def answer(self, desk: str, event: UUID) -> bytes | None:
        """As the port says."""
        own = [e for e in self._desks.get(desk, MemoryDesk()).entries if e.event == event and e.kind is DeliveryKind.answer]
        return own[0].delivery if own else None

    async def collected(self, desk: str) -> Cursor:
        """As the port says."""
        box = self._desks.get(desk, MemoryDesk())
        return Cursor(*box.collected, box.recalls)

    async def collect(self, desk: str, cursor: Cursor, *, channel: Channel, at: datetime) -> Sequence[OutboxRow]:
        """As the port says."""
        box = self._desks.get(desk, MemoryDesk())
        if cursor.place > box.head or cursor.recalls > box.recalls:
            raise LookupError("no such cursor was given out")
        passed = [e for e in box.entries if box.collected < e.place <= cursor.place]
        box.collected = max(box.collected, cursor.place)
        news = [e for e in passed if e.level is None and (e.recall is None or e.recall > cursor.recalls)]
        for entry in news:
            entry.level = Level.received
        return self._receipts.add(
            [Receipt(disclosure=e.disclosure, desk=desk, level=Level.received, channel=channel, at=at) for e in news], at
        )

    async def acknowledge(self, desk: str, marks: Sequence[Marked], at: datetime) -> tuple[Sequence[bool], Sequence[OutboxRow]]:
        """As the port says."""
        entries = {e.disclosure: e for e in self._desks.get(desk, MemoryDesk()).entries}
        news = [r for m in marks if m.disclosure in entries and (r := _mark(entries[m.disclosure], m, desk, at))]
        return [m.disclosure in entries for m in marks], self._receipts.add(news, at)

    async def file(self, work: Work, at: datetime) -> Filed:
        """As the port says."""
        self._move(work.moves)
        unfiled = [d.id for d, raw in work.deliveries if not self._put(d.desk, _Entry(*_entry(d), raw))]
        for recall in work.recalls:
            self._recall(recall.desk, recall.disclosure, at)
        for ledger, raw in work.ledgers:
            self._keep(ledger, raw, at)
        filed = [d for d, _ in work.deliveries if d.id not in unfiled]
        receipts = [Receipt(disclosure=d.id, desk=d.desk, level=Level.filed, channel="gateway", at=at) for d in filed]
        return Filed(self._receipts.add(receipts, at), tuple(unfiled))

    def _move(self, moves: Sequence[Move]) -> None:
        for m in moves:
            if self._positions.get((m.topic, m.partition), Position(m.topic_id, m.old)) != Position(m.topic_id, m.old):
                raise FencedError("the position has moved")
        self._positions |= {(m.topic, m.partition): Position(m.topic_id, m.new) for m in moves}

    def _put(self, desk: str, entry: _Entry) -> bool:
        box = self._desks.setdefault(desk, MemoryDesk())
        if any(e.disclosure == entry.disclosure for e in box.entries):
            return True
        if any(e.place == entry.place for e in box.entries):
            return False
        box.entries = sorted([*box.entries, entry], key=lambda e: e.place)
        box.head = advance(box.head, [e.place for e in box.entries if e.place > box.head])
        return True

    def _recall(self, desk: str, disclosure: UUID, at: datetime) -> None:
        box = self._desks.setdefault(desk, MemoryDesk())
        for entry in box.entries:
            if entry.disclosure == disclosure and entry.recall is None:
                box.recalls += 1
                entry.delivery, entry.recall, entry.withdrawn_at = None, box.recalls, at

    def _keep(self, ledger: LedgerUpdate, raw: bytes, at: datetime) -> None:
        known = self._submissions.ledgers.get(ledger.event)
        if known is None or known[0].version < ledger.version:
            self._submissions.ledgers[ledger.event] = (ledger, raw)
        for row in self._submissions.rows.values():
            if row.submission.event == ledger.event:
                row.decided_at = row.decided_at or at


def _entry(delivery: Delivery) -> tuple[Place, UUID, str, UUID, UUID, DeliveryKind]:
    d = delivery
    return Place(d.incarnation, d.number), d.id, d.desk.split(".")[0], d.event.id, d.event.thread, d.kind


def _mark(entry: _Entry, mark: Marked, desk: str, at: datetime) -> Receipt | None:
    if mark.level is None:
        news, entry.told = not entry.told, True
        return (
            Receipt(disclosure=mark.disclosure, desk=desk, by_telephone=True, channel="telephone", at=mark.told_at or at) if news else None
        )
    if entry.level is not None and _ORDER.index(entry.level) >= _ORDER.index(mark.level):
        return None
    entry.level = mark.level
    return Receipt(disclosure=mark.disclosure, desk=desk, level=mark.level, channel="inbox", at=at)


class MemoryKeys:
    """Keys in a list."""

    def __init__(self) -> None:
        self.keys: list[StoredKey] = []

    async def all(self) -> Sequence[StoredKey]:
        """Every key."""
        return list(self.keys)

    async def end(self, key: str, at: datetime) -> bool:
        """Revoke from a moment on."""
        self.keys = [replace(k, valid_until=at) if k.id == key else k for k in self.keys]
        return any(k.id == key for k in self.keys)
