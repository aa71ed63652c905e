"""What a decision is: a frozen value that says everything that has to be written, and nothing is written otherwise."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from frontdoor_router.core.identify import Key, Person
from frontdoor_router.core.pointers import Kept
from frontdoor_router.core.world import Entry, Tie, Told
from frontdoor_schemas.envelope import Ask, DeliveryKind, Mark, Section

_VERSION_AND_VARIANT = 0x8 << 76 | 0b10 << 62
"""Of a UUID of our own making: version 8 (RFC 9562, sections 4 and 5.8)."""
_OTHER_BITS = (1 << 128) - 1 & ~(0xF << 76 | 0b11 << 62)


class IdMaker:
    """Makes the ids of disclosures, obligations and tasks: keyed hashes, so that nobody else can compute or test one.

    The same trigger, event and desk always give the same id: a replay tells nobody twice.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __call__(self, kind: str, *parts: object) -> UUID:
        """A UUID (version 8, RFC 9562) for a kind of thing and what makes it this one."""
        text = "\x1f".join((kind, *map(str, parts)))
        digest = hmac.digest(self._secret, text.encode(), "sha256")[:16]
        return UUID(int=int.from_bytes(digest, "big") & _OTHER_BITS | _VERSION_AND_VARIANT)


class Withheld(NamedTuple):
    """A section that was not given, and the policies that stood against it (none: nothing permitted it)."""

    category: str
    subjects: tuple[str, ...]
    policies: tuple[str, ...]


class Given(NamedTuple):
    """A section that was given, and the policies that permitted it. `made`: the router made it for this desk alone."""

    section: Section
    policies: tuple[str, ...]
    made: bool = False


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One desk is told, or was considered and is not told (`kind` None): both are kept."""

    id: UUID
    desk: str
    kind: DeliveryKind | None
    purposes: tuple[str, ...]
    given: tuple[Given, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    marks: tuple[Mark, ...] = ()
    ask: Ask | None = None
    reason: str | None = None
    missing: tuple[str, ...] = ()
    refers_to: UUID | None = None
    cause: UUID | None = None  # the event that its event answers, if the desk knows of that one
    stands_for: UUID | None = None  # a deputy's: it meets what hangs on that disclosure as the desk itself would
    chases: UUID | None = None  # an escalation's: whoever gets it may record that the desk was told by telephone
    visible: bool = False
    said: frozenset[str] = frozenset()  # marks of a chronology that it gives the desk
    quotes: frozenset[UUID] = frozenset()  # an answer's: earlier events of which it says something


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of an obligation's clock: a reminder to the desk that owes, or an escalation to another desk."""

    at: datetime
    kind: str  # remind | escalate
    to: str
    missed: int = 1  # it happens only when the desk has missed the same so many times in a row

    def stored(self) -> dict[str, Any]:
        """As it is kept."""
        return {"at": self.at.isoformat(), "kind": self.kind, "to": self.to, "missed": self.missed}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Stage":
        """From what is kept."""
        return cls(datetime.fromisoformat(stored["at"]), stored["kind"], stored["to"], stored["missed"])


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something a desk owes by a time, what satisfies it, and what happens if it does not come."""

    id: UUID
    duty: str
    desk: str
    person: UUID | None
    disclosure: UUID | None
    satisfied_by: tuple[str, ...]
    due: datetime
    stages: tuple[Stage, ...]
    hidden_from: frozenset[str] = frozenset()
    """Agencies and desks that may not learn that this desk owes it, since the relation by which a duty finds it is withheld from them."""
    of_child: bool = False
    """Whether the person is a child."""


class TaskKind(StrEnum):
    """Pieces of work for a person."""

    identity = "identity"
    cannot_decide = "cannot-decide"
    between_own_desks = "between-own-desks"


@dataclass(frozen=True, slots=True)
class Task:
    """A visible piece of work for a person of the owning desk."""

    id: UUID
    kind: TaskKind
    reason: str
    owner: str
    notice: UUID | None
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Involved:
    """How one mention of the event was resolved."""

    ref: str
    person: UUID | None
    why_held: str | None
    meant: bool = True
    """Whether the event is about this one, and does not just name it beside whom it is about."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What is kept for proof: opaque ids and codes, never content."""

    type: str
    desk: str | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that follows from one event."""

    involved: tuple[Involved, ...] = ()
    people: tuple[tuple[Person, tuple[Key, ...]], ...] = ()
    ties: tuple[Tie, ...] = ()
    ended: tuple[Tie, ...] = ()
    entries: tuple[Entry, ...] = ()
    closed_entries: tuple[tuple[UUID, UUID], ...] = ()
    opened_entries: tuple[tuple[UUID, UUID], ...] = ()
    listed: tuple[tuple[UUID, str], ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    met: tuple[UUID, ...] = ()
    withdrawn: tuple[Told, ...] = ()
    withdrawn_events: tuple[UUID, ...] = ()
    tasks: tuple[Task, ...] = ()
    missing: tuple[str, ...] = ()
    pointers: tuple[Kept, ...] = ()
    forgotten: frozenset[Key] = frozenset()
    """Keys of homes that may lead to nobody any more."""
    audit: tuple[AuditEntry, ...] = field(default=())
