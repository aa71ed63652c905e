"""What has happened and is not yet committed: batches in the order read, results in the order they came.

A batch is committed when each of its deliveries has had its first attempt, or after a short linger: so that what goes
well is one insert, and what hangs holds nobody up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from frontdoor_chassis.bus import Move
from frontdoor_notifier.core.parcels import Attempt, Dead, Delivered, Parcel, State, TakenBack
from frontdoor_notifier.core.sequence import DeskSequence
from frontdoor_schemas.envelope import Receipt, Remind
from frontdoor_schemas.vocabulary import Level

LINGER_SECONDS = 0.2
"""How long a batch waits for the first attempts of its deliveries before those are committed as pending.

Partners across the internet answer within this; what takes longer is written twice, and its content once.
"""
RESULTS_LINGER_SECONDS = 0.01
"""How long results of deliveries that are stored already are gathered; a batch that is ready takes them along at once."""
MOVES_LINGER_SECONDS = 1.0
"""How long a batch that says nothing to us waits for company: our own receipts come back, and would cost a commit each."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """A disclosure whose content must not be sent any more, whether it is here already or not."""

    disclosure: UUID
    desk: str
    how: TakenBack
    at: datetime


@dataclass(frozen=True, slots=True)
class Reached:
    """A level that a gateway reported for a disclosure."""

    disclosure: UUID
    level: Level
    at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that could not be taken in; kept by its place on the bus, without content."""

    topic: str
    partition: int
    offset: int
    reason: str
    at: datetime


@dataclass(slots=True)
class OpenBatch:
    """One batch as it was read, with everything that its commit has to write."""

    moves: tuple[Move, ...]
    since: float
    records: int
    parcels: list[Parcel] = field(default_factory=list)
    take_backs: list[TakeBack] = field(default_factory=list)
    reached: list[Reached] = field(default_factory=list)
    reminders: list[Remind] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    sequences: dict[str, DeskSequence] = field(default_factory=dict)
    open: int = 0

    @property
    def idle(self) -> bool:
        """Whether it says nothing, so that reading it again would change nothing either."""
        return not (self.parcels or self.take_backs or self.reached or self.reminders or self.refused or self.receipts or self.sequences)


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as it is written: frozen, because the parcel goes on changing."""

    parcel: Parcel
    state: State
    attempts: int
    first_at: datetime | None
    code: str | None
    taken_back: TakenBack | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class ReminderResult:
    """What came of one turn at a reminder. `next_at` None: it is over."""

    id: UUID
    state: str
    code: str | None
    at: datetime
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disabled:
    """An endpoint whose receiver wants nothing more; unless an operator changed it since that version."""

    desk: str
    reason: str
    version: int


@dataclass(frozen=True, slots=True)
class Unit:
    """Everything that one commit writes."""

    at: datetime
    moves: tuple[Move, ...] = ()
    records: int = 0
    filed: tuple[Row, ...] = ()
    changed: tuple[Row, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    take_backs: tuple[TakeBack, ...] = ()
    reached: tuple[Reached, ...] = ()
    reminders: tuple[Remind, ...] = ()
    reminded: tuple[ReminderResult, ...] = ()
    refused: tuple[Refused, ...] = ()
    sequences: tuple[DeskSequence, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    disabled: tuple[Disabled, ...] = ()


class Ledger:
    """Gathers what is to be committed. Nothing leaves it but through `take`."""

    def __init__(self, *, linger: float = LINGER_SECONDS) -> None:
        self.linger = linger
        self._batches: list[OpenBatch] = []
        self._changed: dict[UUID, Parcel] = {}
        self._attempts: list[Attempt] = []
        self._reminded: list[ReminderResult] = []
        self._disabled: list[Disabled] = []
        self._since: float | None = None
        self.records = 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not (self._batches or self._changed or self._reminded or self._disabled)

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to commit but positions."""
        return not (self._changed or self._reminded or self._disabled) and all(b.idle for b in self._batches)

    def uncommitted(self, desk: str) -> list[Parcel]:
        """Deliveries to a desk that the store does not have yet."""
        return [p for batch in self._batches for p in batch.parcels if p.notice.desk == desk]

    def changed(self, id_: UUID) -> Parcel | None:
        """A delivery of which the store knows an older state than memory does."""
        return self._changed.get(id_)

    def open(self, batch: OpenBatch) -> None:
        """Add a batch that was taken in."""
        self._batches.append(batch)
        self.records += batch.records

    def note(self, parcel: Parcel, now: float) -> bool:
        """A delivery has changed. True when its batch waits for nothing more."""
        batch = parcel.batch
        if batch is None:
            self._changed[parcel.notice.id] = parcel
            self._touch(now)
            return False
        if parcel.awaited:
            parcel.awaited = False
            batch.open -= 1
        return batch.open == 0

    def disable(self, disabled: Disabled, now: float) -> None:
        """An endpoint is switched off."""
        self._disabled.append(disabled)
        self._touch(now)

    def note_reminder(self, result: ReminderResult, now: float) -> None:
        """A reminder had its turn."""
        self._reminded.append(result)
        self._touch(now)

    def drop_batches(self) -> list[Parcel]:
        """Forget what was read and not committed; the deliveries in it."""
        batches, self._batches = self._batches, []
        self.records = 0
        return [p for batch in batches for p in batch.parcels]

    def put_back(self, unit: Unit) -> None:
        """Keep what a refused unit said of deliveries that are stored, of reminders and of endpoints."""
        stored = {row.parcel.notice.id: row.parcel for row in unit.changed}
        self._changed = stored | self._changed
        self._attempts += [a for a in unit.attempts if a.delivery in stored]
        self._reminded = [*unit.reminded, *self._reminded]
        self._disabled = [*unit.disabled, *self._disabled]
        if not self.empty:
            self._since = 0.0

    def take(self, now: float, at: datetime, *, force: bool = False) -> Unit | None:
        """What is to be committed now, if anything: batches from the front that are ready, and all results."""
        batches = self._ready(now, force=force)
        due = self._since is not None and (force or now - self._since >= RESULTS_LINGER_SECONDS)
        if not batches and not due:
            return None
        del self._batches[: len(batches)]
        self.records -= sum(b.records for b in batches)
        changed, self._changed = list(self._changed.values()), {}
        attempts, self._attempts = self._attempts, []
        reminded, self._reminded = self._reminded, []
        disabled, self._disabled = self._disabled, []
        self._since = None
        filed = [p for b in batches for p in b.parcels]
        for parcel in filed:  # from now on a result is a change of what this unit stores
            parcel.batch, parcel.awaited = None, False
        return Unit(
            at=at,
            moves=_joined(batches),
            records=sum(b.records for b in batches),
            filed=tuple(_row(p) for p in filed),
            changed=tuple(_row(p) for p in changed),
            attempts=(*attempts, *_histories((*filed, *changed))),
            take_backs=_first_of_each(t for b in batches for t in b.take_backs),
            reached=tuple(r for b in batches for r in b.reached),
            reminders=tuple(r for b in batches for r in b.reminders),
            reminded=tuple(reminded),
            refused=tuple(r for b in batches for r in b.refused),
            sequences=tuple({d: s for b in batches for d, s in b.sequences.items()}.values()),
            receipts=(*(r for b in batches for r in b.receipts), *_receipts((*filed, *changed))),
            disabled=tuple(disabled),
        )

    def _ready(self, now: float, *, force: bool) -> list[OpenBatch]:
        ready: list[OpenBatch] = []
        for batch in self._batches:
            if batch.open and not force and now - batch.since < self.linger:
                break
            ready.append(batch)
        alone = self._since is None and all(b.idle for b in ready)
        if ready and alone and not force and now - ready[0].since < MOVES_LINGER_SECONDS:
            return []
        return ready

    def _touch(self, now: float) -> None:
        if self._since is None:
            self._since = now


def _row(parcel: Parcel) -> Row:
    body = parcel.body if parcel.pending or isinstance(parcel.state, Dead) else None
    return Row(parcel, parcel.state, parcel.attempts, parcel.first_at, parcel.last_code, parcel.taken_back, body)


def _first_of_each(taken: Iterable[TakeBack]) -> tuple[TakeBack, ...]:
    """One per disclosure: of two in one statement the database would take either, and a tombstone have two ids."""
    first: dict[UUID, TakeBack] = {}
    for one in taken:
        first.setdefault(one.disclosure, one)
    return tuple(first.values())


def _histories(parcels: Iterable[Parcel]) -> list[Attempt]:
    attempts: list[Attempt] = []
    for parcel in parcels:
        attempts += parcel.history
        parcel.history = []
    return attempts


def _receipts(parcels: Iterable[Parcel]) -> list[Receipt]:
    return [r for p in parcels if (r := receipt_of(p.notice.id, p.notice.desk, p.state, withdrawn=p.taken_back is not None)) is not None]


def receipt_of(disclosure: UUID, desk: str, state: State, *, withdrawn: bool) -> Receipt | None:
    """The fact that a settled delivery is to its sender. A tombstone that arrived, or did not, is none."""
    match state:
        case Delivered(at=at):
            return Receipt.model_construct(disclosure=disclosure, desk=desk, level=Level.received, channel="webhook", at=at)
        case Dead(at=at, code=code) if not withdrawn:
            return Receipt.model_construct(disclosure=disclosure, desk=desk, level=None, failed=code, channel="webhook", at=at)
        case _:
            return None


def _joined(batches: list[OpenBatch]) -> tuple[Move, ...]:
    """One move per partition, from where the first batch began to where the last ended."""
    joined: dict[tuple[str, int], Move] = {}
    for move in (m for b in batches for m in b.moves):
        key = move.topic, move.partition
        first = joined.get(key)
        joined[key] = move if first is None else Move(move.topic, move.partition, move.topic_id, first.old, move.new)
    return tuple(joined.values())
