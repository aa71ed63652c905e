"""Events and deliveries as they are kept, and what is made of them again without deciding again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from frontdoor_router.core.case import keeps_from
from frontdoor_router.core.decision import Disclosure, Given, Obligation
from frontdoor_router.core.outgoing import Numbered, delivery
from frontdoor_router.core.owing import ask_of
from frontdoor_schemas.envelope import Delivery, DeliveryKind, Envelope, Mark, Section

WITHHOLD = "sharing/withhold_from"


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as it is kept."""

    envelope: Envelope
    source: str
    sections: Sequence[Section] = field(repr=False)
    protected: bool = False
    """Whether somebody in it was known to be protected when it was decided, or is now."""
    kept_back: frozenset[str] = frozenset()
    """Agencies and desks from which anything that was ever said of these people was withheld: an earlier event, or a tie."""

    def given(self, ids: Iterable[str], made: Iterable[Section] = ()) -> tuple[Given, ...]:
        """The sections that a desk was given: of the event, and those made for the desk alone."""
        wanted = set(ids)
        return tuple(Given(s, ()) for s in self.sections if str(s.id) in wanted) + tuple(Given(s, (), made=True) for s in made)

    def withholds_from(self, desk: str) -> bool:
        """Whether the author keeps the event from a desk or its agency."""
        return keeps_from(withheld_by(self.sections), desk)


def withheld_by(sections: Iterable[Section]) -> frozenset[str]:
    """Agencies and desks from which the author of these sections withholds the event."""
    return frozenset(who for s in sections for who in s.body.get(WITHHOLD, ()))


@dataclass(frozen=True, slots=True)
class Unfiled:
    """A delivery that nobody has confirmed to have filed, as it is kept."""

    id: UUID
    desk: str
    kind: DeliveryKind
    incarnation: int
    number: int
    at: datetime
    given: tuple[str, ...]
    made: tuple[Section, ...]
    marks: tuple[Mark, ...]
    reason: str | None
    refers_to: UUID | None
    cause: UUID | None
    withdrawn_at: datetime | None
    event: UUID
    stands_for: UUID | None = None


def again(unfiled: Unfiled, kept: Kept, owed: Sequence[Obligation]) -> Delivery:
    """The same delivery once more, from what is kept. One that was withdrawn since keeps its number and loses its content."""
    u = unfiled
    disclosure = Disclosure(
        id=u.id,
        desk=u.desk,
        kind=u.kind,
        purposes=(),
        given=() if u.withdrawn_at else kept.given(u.given, u.made),
        marks=u.marks,
        ask=ask_of(owed) if u.kind in {DeliveryKind.disclosure, DeliveryKind.overdue} else None,
        reason=u.reason,
        missing=(u.reason,) if u.kind is DeliveryKind.owed and u.reason else (),
        refers_to=u.refers_to,
        cause=u.cause,
    )
    return delivery(Numbered(disclosure, kept.envelope), number=u.number, incarnation=u.incarnation, at=u.at)
