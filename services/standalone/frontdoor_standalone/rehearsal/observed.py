"""What a rehearsal saw: who heard what by which channel, and what the exchange says of it afterwards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from frontdoor_schemas.fields import Leaf, Nest, Plan
from frontdoor_schemas.vocabulary import Category, EventType, Level
from frontdoor_standalone.rehearsal.lines import DISCLOSURE
from frontdoor_standalone.rehearsal.people import Individual


class Channel(StrEnum):
    """A way by which a desk hears."""

    inbox = "inbox"
    stream = "stream"
    webhook = "webhook"


@dataclass(frozen=True, slots=True)
class Heard:
    """One delivery as a desk got it by one channel. `data` is the message; `text` is all of it, to be searched."""

    desk: str
    channel: Channel
    kind: str
    id: str
    event: str
    number: int
    data: Mapping[str, Any]
    text: str
    marks: tuple[str, ...] = ()
    reason: str | None = None
    ask: Mapping[str, Any] | None = None
    refers_to: str | None = None
    at: datetime | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail, as the mail server took it."""

    desk: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Given:
    """One section that a desk got or did not get, by category and the opaque refs it is about."""

    category: Category
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One delivery as the exchange's ledger keeps it."""

    id: str
    desk: str
    kind: str
    at: datetime
    given: tuple[Given, ...] = ()
    withheld: tuple[Given, ...] = ()
    marks: tuple[str, ...] = ()
    times: Mapping[str, datetime] = field(default_factory=dict)
    reason: str | None = None

    @property
    def level(self) -> Level | None:
        """The highest level that was reached."""
        return next((level for level in reversed(Level) if level.value in self.times), None)

    @property
    def reached_at(self) -> datetime | None:
        """When it was first in the desk's hands: filed in its inbox, or taken by its endpoint."""
        return min((self.times[n] for n in ("filed", "received") if n in self.times), default=None)


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that a desk owes."""

    id: str
    duty: str
    desk: str
    due: datetime
    state: str
    met_at: datetime | None
    stages: tuple[tuple[datetime, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work for a person."""

    kind: str
    reason: str
    owner: str
    refs: tuple[str, ...]
    closed: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything the exchange keeps about one event."""

    state: str
    disclosures: tuple[Disclosed, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    work: tuple[Work, ...] = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """One event as it was posted. `people` stand in the order in which it names them."""

    alias: str
    id: str
    type: EventType
    source: str
    at: datetime
    people: tuple[Individual, ...] = ()
    addressed: frozenset[str] = frozenset()
    held_on: datetime | None = None
    corrects: EventType | None = None
    """Of a correction: the type of what it says anew."""
    items: Mapping[str, str] = field(default_factory=dict)
    """Parts of minutes: their name, and the text that only this part has."""
    part_people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Parts of minutes: whom they are about."""


@dataclass(frozen=True, slots=True)
class Observations:
    """One whole run."""

    posted: Mapping[str, Posted] = field(default_factory=dict)
    ledgers: Mapping[str, Ledger] = field(default_factory=dict)
    heard: tuple[Heard, ...] = ()
    mails: tuple[Mail, ...] = ()
    publishers: Mapping[str, str] = field(default_factory=dict)
    """What each event's own desk may see of its ledger, as text."""
    broken: tuple[str, ...] = ()
    """What went wrong while it was played: a post refused, a signature that does not fit."""

    def name_of(self, event: str) -> str | None:
        """How the scenario calls an event; None for one that the scenario did not post."""
        return next((p.alias for p in self.posted.values() if p.id == event), None)

    def of(self, alias: str, desk: str | None = None, kind: str = DISCLOSURE) -> list[Heard]:
        """What was heard of an event."""
        event = self.posted[alias].id if alias in self.posted else ""
        return [h for h in self.heard if h.event == event and h.kind == kind and desk in (None, h.desk)]

    def disclosed(self, alias: str, desk: str | None = None, kind: str = DISCLOSURE) -> list[Disclosed]:
        """What the ledger says was disclosed of an event."""
        ledger = self.ledgers.get(alias)
        return [d for d in ledger.disclosures if d.kind == kind and desk in (None, d.desk)] if ledger else []

    def people_behind(self, alias: str) -> dict[str, Individual]:
        """Who stands behind the opaque refs of an event: whoever was told a person's name says whose ref it is."""
        found: dict[str, Individual] = {}
        for heard in self.of(alias):
            found |= people_in(heard, self.posted[alias].people)
        return found


def people_in(heard: Heard, people: Iterable[Individual]) -> dict[str, Individual]:
    """Whose refs a message gives, by the names in it."""
    blocks = (*heard.data.get("children", ()), *heard.data.get("adults", ()))
    return {block["ref"]: person for block in blocks for person in people if _is_block_of(block, person)}


def _is_block_of(block: Mapping[str, Any], person: Individual) -> bool:
    stated = {"given_name": person.given_name, "family_name": person.family_name, "born": person.born, "nhs_number": person.nhs_number}
    return "given_name" in block and all(block[name] == value for name, value in stated.items() if name in block)


def categories(data: Mapping[str, Any], plan: Plan) -> set[Category]:
    """The categories that a message holds, from its fields."""
    return {category for _, category in _facts(data, plan)}


def _facts(data: Mapping[str, Any], plan: Plan) -> Iterable[tuple[str, Category]]:
    computed = plan.model.computed
    for name, value in data.items():
        shape = plan.fields.get(name)
        if isinstance(shape, Leaf):
            yield name, shape.held.category
        elif isinstance(shape, Nest):
            for item in value if shape.many else [value]:
                if inner := _plan_for(shape, item):
                    yield from _facts(item, inner)
        elif shape is None and name in computed:
            yield name, computed[name].held.category


def _plan_for(nest: Nest, item: Mapping[str, Any]) -> Plan | None:
    return nest.plans.get(item.get(nest.tag) if nest.tag else None)


def refs_in(data: Any) -> set[str]:
    """The opaque refs of the people who have a block of their own in a message, or whom an item is about."""
    found: set[str] = set()
    if isinstance(data, Mapping):
        if isinstance(data.get("ref"), str):
            found.add(data["ref"])
        found.update(a for a in data.get("about", ()) if isinstance(a, str))
        for value in data.values():
            found |= refs_in(value)
    elif isinstance(data, list):
        for item in data:
            found |= refs_in(item)
    return found
