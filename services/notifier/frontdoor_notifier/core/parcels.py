"""One delivery on its way to one endpoint: its states as a closed union, and how an attempt changes them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, assert_never
from uuid import UUID

from frontdoor_notifier.core.steps import Again, Done, GivenUp, Step


@dataclass(frozen=True, slots=True)
class Waiting:
    """To be sent, at once or not before `next_at`."""

    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """An attempt is under way."""

    since: datetime


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver answered 2xx. Never sent again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Dead:
    """Given up; the content is kept for a person to send it again."""

    at: datetime
    code: str


@dataclass(frozen=True, slots=True)
class Recalled:
    """Taken back before it was delivered; a tombstone without content went in its place."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Superseded:
    """A later notice withdrew it before it was delivered; a tombstone without content went in its place."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Filed:
    """The desk has no endpoint: its inbox serves it. Known here only because reminders ask."""

    at: datetime


State = Waiting | Sending | Delivered | Dead | Recalled | Superseded | Filed
PENDING = ("waiting", "sending")
"""Names of the states in which a delivery is still owed."""


def name_of(state: State) -> str:
    """The name of a state, as tables and operators see it."""
    return type(state).__name__.lower()


class TakenBack(StrEnum):
    """Why the content may not be sent any more."""

    recalled = "recalled"
    superseded = "superseded"


@dataclass(frozen=True, slots=True)
class Notice:
    """What does not change about a delivery. No content."""

    id: UUID
    desk: str
    incarnation: int
    number: int
    thread: UUID
    kind: str
    filed_at: datetime
    due: datetime | None = None
    wanted: str | None = None
    """The level that closes the obligation; None when none is asked for or only a reply does."""

    @property
    def order(self) -> tuple[int, int]:
        """Its place among all deliveries to the desk."""
        return self.incarnation, self.number


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the history."""

    delivery: UUID
    desk: str
    at: datetime
    code: str
    milliseconds: int


class Batch(Protocol):
    """The batch that a delivery was read in."""

    open: int
    """Deliveries whose first attempt it waits for."""


@dataclass(slots=True, eq=False)
class Parcel:
    """A delivery and how it stands. `body` None: to be read from the store before sending, which also shows a recall."""

    notice: Notice
    state: State
    body: bytes | None = None
    attempts: int = 0
    first_at: datetime | None = None
    last_code: str | None = None
    taken_back: TakenBack | None = None
    batch: Batch | None = None
    """The batch it was read in, until that is committed."""
    awaited: bool = False
    """Whether that batch waits for its first attempt."""
    stored: bool = False
    """Whether the store has it, so that its content need not be kept here."""
    queued: bool = False
    """Whether it stands in a lane."""
    forgotten: bool = False
    """Its batch was refused: it comes in again from the bus, here or at another instance."""
    history: list[Attempt] = field(default_factory=list)

    @property
    def next_at(self) -> datetime | None:
        """Not to be sent before; None: at once."""
        return self.state.next_at if isinstance(self.state, Waiting) else None

    @property
    def pending(self) -> bool:
        """Whether it is still owed."""
        return isinstance(self.state, Waiting | Sending)

    def attempted(self, step: Step, *, code: str, tombstone: bool, started: datetime, now: datetime) -> None:
        """Take in what came of an attempt."""
        self.attempts += 1
        self.first_at = self.first_at or started
        self.last_code = code
        self.state = self._after(step, tombstone=tombstone, now=now)

    def _after(self, step: Step, *, tombstone: bool, now: datetime) -> State:
        match step:
            case Again(at=at):
                return Waiting(at)
            case GivenUp(code=code):
                return Dead(now, code)
            case Done() if not tombstone or self.taken_back is None:
                return Delivered(now)
            case Done() if self.taken_back is TakenBack.superseded:
                return Superseded(now)
            case Done():
                return Recalled(now)
            case _:
                assert_never(step)
