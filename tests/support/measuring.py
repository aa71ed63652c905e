"""A ledger in memory for the data set: events as a router would have kept them, and the definitions that come with the project."""

import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import orjson
import uuid_utils.compat as uuid_utils

from frontdoor_router.core.measures.asking import Question, Table, Wanted, answer
from frontdoor_router.core.measures.audiences import Audience, Partnership
from frontdoor_router.core.measures.facts import EventFact, Owed, Reply, Told
from frontdoor_router.core.measures.figures import Figures, Measured
from frontdoor_router.core.measures.tally import Rules
from frontdoor_schemas.events import MODELS, SourceFacts, parse, to_sections
from frontdoor_schemas.sections import join
from frontdoor_schemas.vocabulary import EventType
from support.packs import the_pack

NOVEMBER = date(2020, 11, 1)
LATER = datetime(2022, 1, 1, tzinfo=UTC)
"""A moment at which every clock of these tests has run out."""
TENTH = datetime(2020, 11, 10, 10, 0, tzinfo=UTC)
"""A Tuesday morning."""
_RNG = random.Random(5)


@cache
def rules() -> Rules:
    """Stockton's directory and calendar."""
    pack = the_pack("stockton")
    return Rules(pack.directory, pack.calendar, pack.deadlines)


def message_of(kind: str, data: Mapping[str, Any], source: str, at: datetime) -> dict[str, Any]:
    """What the router has of an event: cut into sections and put together again, so that it is what the contract lets through."""
    body = {"occurred_at": at.isoformat(), **data}
    answers = {"in_reply_to": UUID(int=1)} if MODELS[EventType(kind)].must_reply else {}
    submission = parse(EventType(kind), orjson.dumps({"type": kind, **answers, "data": body}))
    desk = rules().directory.find(source)
    facts = SourceFacts(source, source.partition(".")[0], desk.role if desk else rules().directory.desk("hub.front-door").role)
    return join(to_sections(submission, facts, _RNG))


@dataclass
class MemoryLedger:
    """Events, each with what became of it. People are known by their NHS number; who has none is nobody that is known."""

    facts: list[EventFact] = field(default_factory=list)
    aside: int = 0

    def post(self, kind: str, data: Mapping[str, Any], *, source: str = "ash-primary.dsl", at: datetime = TENTH, **known: Any) -> EventFact:
        """An event as it was decided; `known` are further facts of it."""
        message = message_of(kind, data, source, at)
        people = {c["ref"]: UUID(int=int(c["nhs_number"])) if "nhs_number" in c else None for c in message.get("children", ())}
        fact = EventFact(uuid_utils.uuid7(), EventType(kind), source, at, message, people=people, **known)
        self.facts.append(fact)
        return fact

    async def events(self, wanted: Wanted) -> AsyncIterator[EventFact]:
        """In the order in which they came, as known at the moment."""
        for fact in sorted(self.facts, key=lambda f: f.received_at):
            if fact.type in wanted.types and wanted.start <= fact.received_at < wanted.end and fact.received_at <= wanted.as_at:
                yield replace(fact)

    async def set_aside(self, wanted: Wanted) -> int:  # noqa: ARG002 - a twin of a port takes all that the port is given
        """As many as were said."""
        return self.aside

    async def ask(
        self,
        *,
        month: date = NOVEMBER,
        as_at: datetime = LATER,
        concern: str | None = None,
        audience: Audience | None = None,
    ) -> Table:
        """The answer to a question."""
        return await answer(Question(month, as_at, concern, audience or Partnership()), the_pack("stockton").data_set, rules(), self)

    async def measure(self, name: str, **how: Any) -> Measured:
        """One measure of the project's data set."""
        table = await self.ask(**how)
        return next(m for m in table.measures if m.measure.id == name)


def told(desk: str, received: datetime | None = None, **levels: datetime) -> Told:
    """A desk that was told."""
    return Told(desk, received, levels.get("opened"), levels.get("acted"), levels.get("by_telephone"))


def owed(desk: str, duty: str, due: datetime, met: datetime | None = None, *, person: UUID | None = None, replies: str = "") -> Owed:
    """Something that a desk owes."""
    return Owed(duty, desk, person, due, met, frozenset({replies} if replies else ()))


def reply(kind: str, data: Mapping[str, Any], *, at: datetime, source: str = "hub.front-door", to: tuple[Told, ...] = ()) -> Reply:
    """An answer, and who was told of it."""
    return Reply(EventType(kind), at, message_of(kind, data, source, at), to)


def group(measured: Measured, by: str, name: str) -> Figures:
    """One line of a breakdown."""
    return next(f for f in measured.groups if (f.by, f.group) == (by, name))


def hours(count: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=count)


def nhs_number(n: int) -> str:
    """The n-th valid number of the range that is never issued."""
    digits = f"999{n:06d}"
    check = 11 - sum(int(d) * (10 - i) for i, d in enumerate(digits)) % 11
    return nhs_number(n + 500_000) if check == 10 else f"{digits}{check % 11}"
