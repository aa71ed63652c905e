"""Decides events in memory, one after the other, under the small pack of the tests."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import uuid_utils.compat as uuid_utils

from frontdoor_chassis.directory import Directory
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.case import Case, Subject
from frontdoor_router.core.decide import Decider
from frontdoor_router.core.decision import Decision, Disclosure, IdMaker
from frontdoor_router.core.identify import KeyMaker, mentions
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.pointers import pointers
from frontdoor_router.core.policy import DayPolicy, policy_of
from frontdoor_router.core.world import World
from frontdoor_schemas.envelope import Envelope, Section
from frontdoor_schemas.events import SourceFacts, parse, to_sections
from frontdoor_schemas.sections import join
from frontdoor_schemas.vocabulary import EventType, Role

TEST_PACK = Path(__file__).parents[1] / "data" / "pack"
SECRET = b"made-up-secret"
NIGHT = datetime(2020, 11, 10, 21, 0, tzinfo=UTC)
"""A Tuesday evening on which every agreement of the pack is in force."""


@cache
def test_pack() -> Pack:
    """The pack of the tests."""
    return load_pack(TEST_PACK)


test_pack.__test__ = False  # type: ignore[attr-defined] # it is none


@dataclass
class Told:
    """An event that was decided, with what followed."""

    case: Case
    decision: Decision

    @property
    def event(self) -> UUID:
        """Its id."""
        return self.case.envelope.id

    @property
    def desks(self) -> set[str]:
        """Desks to which it was disclosed."""
        return {d.desk for d in self.decision.disclosures if d.kind == "disclosure"}

    def subject(self, name: str) -> Subject:
        """The person of a given name: order tells nothing, since keys are drawn."""
        return next(s for ref, s in self.case.subjects.items() if self.case.blocks[ref].get("given_name") == name)

    def to(self, desk: str, kind: str | None = "disclosure") -> Disclosure:
        """The one disclosure of a kind to a desk; `None`: it was considered and is told nothing."""
        (found,) = [d for d in self.decision.disclosures if d.desk == desk and d.kind == kind]
        return found

    def message(self, desk: str) -> dict[str, Any]:
        """What a desk reads of it."""
        return join([g.section for g in self.to(desk).given])

    @property
    def tasks(self) -> list[tuple[str, str]]:
        """Reasons and owners of the work that it made."""
        return [(t.reason, t.owner) for t in self.decision.tasks]


@dataclass
class Deciding:
    """A decider with what it knows."""

    policy: DayPolicy = field(default_factory=lambda: policy_of(test_pack(), NIGHT.date()))
    now: datetime = NIGHT
    world: World = field(default_factory=World)
    ids: IdMaker = field(default_factory=lambda: IdMaker(SECRET))
    keys: KeyMaker = field(default_factory=lambda: KeyMaker(SECRET))
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    threads: dict[UUID, UUID] = field(default_factory=dict)

    @property
    def directory(self) -> Directory:
        """The directory of the pack."""
        return self.policy.directory

    def arrived(
        self, source: str, event_type: str, data: Mapping[str, Any], *, reply_to: UUID | None = None, after: UUID | None = None
    ) -> Arrived:
        """An event as it comes off the bus."""
        kind = EventType(event_type)
        body = {"occurred_at": self.now.isoformat(), **data}
        submission = parse(kind, orjson.dumps({"type": event_type, "in_reply_to": reply_to, "data": body}))
        event = uuid_utils.uuid7()
        thread = self.threads[event] = self.threads[reply_to] if reply_to else uuid_utils.uuid4()
        envelope = Envelope(
            id=event,
            type=kind,
            thread=thread,
            after=after,
            cause=reply_to,
            occurred_at=submission.data.occurred_at,
            received_at=self.now,
            source=source,
        )
        desk = self.directory.find(source)
        facts = SourceFacts(source, source.partition(".")[0], desk.role if desk else Role.register)
        return self.of_sections(envelope, to_sections(submission, facts, self.rng))

    def of_sections(self, envelope: Envelope, sections: tuple[Section, ...]) -> Arrived:
        """An event made of sections."""
        message = join(sections)
        source = envelope.source or ""
        agency = source.partition(".")[0]
        found = mentions(message, source_agency=agency, make=self.keys)
        gateway = self.directory.gateway_of(source) if self.directory.find(source) else ""
        return Arrived(envelope, sections, message, found, gateway, pointers(message, envelope.type, source_agency=agency, make=self.keys))

    def decide(self, arrived: Arrived) -> Told:
        """Decide it; what it changed is known to the next."""
        return Told(*Decider(policy=self.policy, ids=self.ids).decide(arrived, self.world, self.now))

    def post(self, source: str, event_type: str, data: Mapping[str, Any], **links: UUID) -> Told:
        """Have an event arrive and be decided; the next one is a minute later."""
        told = self.decide(self.arrived(source, event_type, data, **links))
        self.now += timedelta(minutes=1)
        return told

    def tie(self, person: dict[str, Any], desk: str, relation: str, by: str = "hub.front-door") -> Told:
        """Say that a desk stands in a relation to a person."""
        kind = "children" if person["ref"].startswith("child") else "adults"
        about = {kind: [person], "about": [person["ref"]], "relation": relation, "desk": desk}
        return self.post(by, "involvement-started", about)

    def untie(self, person: dict[str, Any], desk: str, relation: str, by: str = "hub.front-door") -> Told:
        """Say that it no longer does."""
        kind = "children" if person["ref"].startswith("child") else "adults"
        about = {kind: [person], "about": [person["ref"]], "relation": relation, "desk": desk}
        return self.post(by, "involvement-ended", about)


def deciding_by(pack: Path) -> Deciding:
    """A decider by the rules in a folder."""
    return Deciding(policy=policy_of(load_pack(pack), NIGHT.date()))
