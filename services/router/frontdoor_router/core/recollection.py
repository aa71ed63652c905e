"""What is read for questions alone: the content of earlier events, what the asking desk was given of it, and what keys lead to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from frontdoor_router.core.identify import Key
from frontdoor_schemas.envelope import Envelope, Section
from frontdoor_schemas.vocabulary import EventType


@dataclass(frozen=True, slots=True)
class Content:
    """An earlier event as it is kept, and who its refs turned out to be."""

    envelope: Envelope
    type: EventType  # of a correction: the type of the event that it puts in place
    source: str
    sections: Sequence[Section] = field(repr=False)
    people: Mapping[str, UUID | None]
    was_protected: bool = False
    """Whether somebody in it was known to be protected when it was decided."""

    def refs_of(self, person: UUID) -> frozenset[str]:
        """How it names a person."""
        return frozenset(ref for ref, who in self.people.items() if who == person)


class Held(NamedTuple):
    """A disclosure that a desk has: its number, once it has one, when it was told, and the sections that were given."""

    id: UUID
    desk: str
    number: int | None
    at: datetime
    given: frozenset[str]


@dataclass(slots=True)
class Recollection:
    """All of it, for the questions of one batch."""

    contents: dict[UUID, Content] = field(default_factory=dict)
    held: dict[UUID, list[Held]] = field(default_factory=dict)
    """Disclosures to desks that ask, by event."""
    people: dict[Key, dict[UUID, tuple[UUID, ...]]] = field(default_factory=dict)
    """Who lives at an address, by what was last said of it, each with the events that say so."""
    events: dict[Key, tuple[UUID, ...]] = field(default_factory=dict)
    """Events of an agency's own number."""

    on_list: dict[UUID, frozenset[UUID]] = field(default_factory=dict)
    """Of a standing list: by person, the events that put her or him on it by all that is known."""

    told_at: dict[UUID, datetime] = field(default_factory=dict)
    """When each disclosure of such an event, and of its referrals, was made."""

    def held_by(self, desk: str, event: UUID) -> list[Held]:
        """What a desk has of an event."""
        return [one for one in self.held.get(event, ()) if one.desk == desk]
