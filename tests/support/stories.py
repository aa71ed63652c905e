"""Made-up stories: two families, ties that the lead agency confirmed, and events of any type about them, decided in memory."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from contract.made_up import a_body
from frontdoor_chassis.directory import Directory
from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.policy import DayPolicy
from frontdoor_schemas.events import CASE_MODELS, MODELS
from frontdoor_schemas.vocabulary import EventType, Role
from support.builders import NHS, a_child, an_adult, an_involvement
from support.deciding import NIGHT, Deciding, Told

LEAD = "hub.front-door"
SOURCES = (
    "police.pvp",
    "ash-primary.dsl",
    "mill-lane.gp",
    "social-care.conference",
    "hub.front-door",
    "trust.health-visiting",
    "cgl.substance-misuse",
    "nps.duty",
)
NAMED = ("police.pvp", "ash-primary.dsl", "mill-lane.gp", "nps.duty", "tewv.adult-mental-health", "high-street.dentist")
CHILD_TIES = (
    ("school", "ash-primary.dsl"),
    ("school", "beck-academy.dsl"),
    ("early_years", "little-oaks.lead"),
    ("gp", "mill-lane.gp"),
    ("health_visiting", "trust.health-visiting"),
    ("school_nursing", "trust.school-nursing"),
    ("midwifery", "trust.midwifery"),
    ("dentist", "high-street.dentist"),
    ("involved", "camhs.duty"),
    ("involved", "yos.duty"),
    ("plan_group", "beck-academy.dsl"),
    ("plan_group", "crc.duty"),
)
ADULT_TIES = (
    ("manages", "nps.duty"),
    ("manages", "crc.duty"),
    ("treats", "tewv.adult-mental-health"),
    ("treats", "cgl.substance-misuse"),
    ("gp", "harbour-road.gp"),
)
PUBLISHING = (
    *(Role.police_safeguarding, Role.school_dsl, Role.gp, Role.conference_service, Role.front_door, Role.health_visiting),
    *(Role.substance_misuse, Role.nps, Role.probation),
)
OF_CHILDREN: Mapping[str, tuple[Role, ...]] = {
    "school": (Role.school_dsl,),
    "early_years": (Role.early_years_lead,),
    "gp": (Role.gp,),
    "health_visiting": (Role.health_visiting,),
    "school_nursing": (Role.school_nursing,),
    "midwifery": (Role.midwifery,),
    "dentist": (Role.dentist,),
    "involved": (Role.camhs, Role.youth_justice),
    "plan_group": (Role.school_dsl, Role.crc, Role.early_help),
}
OF_ADULTS: Mapping[str, tuple[Role, ...]] = {
    "manages": (Role.nps, Role.crc, Role.probation),
    "treats": (Role.adult_mental_health, Role.substance_misuse),
    "gp": (Role.gp,),
}
SAID_OTHERWISE = frozenset(
    {
        "ref",
        "given_name",
        "family_name",
        "born",
        "unborn",
        "expected_on",
        "mother",
        "nhs_number",
        "upn",
        "local_id",
        "school",
        "not_in_school",
        "practice",
        "community_health",
        "dentist",
        "protected",
        "protected_address",
        "managed_by",
    }
)
"""Of a made-up person: what says who it is and who works with it comes from the story."""


@dataclass(frozen=True)
class Cast:
    """Who plays in the stories of one partnership: who leads, publishes, is named, and works with children and adults."""

    lead: str = LEAD
    sources: Sequence[str] = SOURCES
    named: Sequence[str] = NAMED
    child_ties: Sequence[tuple[str, str]] = CHILD_TIES
    adult_ties: Sequence[tuple[str, str]] = ADULT_TIES


STOCKTON = Cast()


def cast_of(directory: Directory, on: date) -> Cast:
    """The desks of another partnership that have the parts of Stockton's by their roles, as far as it has such roles on a day."""

    def desks(*roles: Role) -> list[str]:
        return list(dict.fromkeys(d.id for role in roles for d in directory.desks_of_role(role, on)))

    def tied(parts: Mapping[str, tuple[Role, ...]]) -> list[tuple[str, str]]:
        return [(relation, desk) for relation, roles in parts.items() for desk in desks(*roles)]

    return Cast(
        lead=directory.cannot_decide,
        sources=desks(*PUBLISHING),
        named=desks(Role.police_safeguarding, Role.school_dsl, Role.gp, Role.nps, Role.probation, Role.adult_mental_health, Role.dentist),
        child_ties=tied(OF_CHILDREN),
        adult_ties=tied(OF_ADULTS),
    )


@dataclass(frozen=True)
class Family:
    """Two children and two adults, all with exact identifiers."""

    number: int

    @property
    def children(self) -> list[dict[str, Any]]:
        """Their blocks."""
        return [a_child(2 * self.number + n, ref=f"child-{n}") for n in (1, 2)]

    @property
    def adults(self) -> list[dict[str, Any]]:
        """Their blocks."""
        numbers = [NHS[4 + 2 * self.number + n] for n in (0, 1)]
        return [an_adult(n, nhs_number=numbers[n - 1], born=f"198{n}-03-04") for n in (1, 2)]

    @property
    def people(self) -> list[dict[str, Any]]:
        """All of them."""
        return [*self.children, *self.adults]


@dataclass(frozen=True)
class Step:
    """An event that a desk posts; `reply_to` is the place of an earlier one in the story."""

    source: str
    type: EventType
    body: Mapping[str, Any]
    reply_to: int | None = None


def tie(person: dict[str, Any], relation: str, desk: str, by: str = LEAD) -> Step:
    """A desk says that a desk stands in a relation to somebody."""
    return Step(by, EventType.involvement_started, an_involvement(person, desk=desk, relation=relation))


@st.composite
def ties(draw: st.DrawFn, family: Family, cast: Cast = STOCKTON) -> list[Step]:
    """Some confirmed ties of a family."""
    possible = [(p, r, d) for p in family.children for r, d in cast.child_ties]
    possible += [(p, r, d) for p in family.adults for r, d in cast.adult_ties]
    return [
        tie(person, relation, desk, cast.lead)
        for person, relation, desk in draw(st.lists(st.sampled_from(possible), max_size=10, unique_by=repr))
    ]


@st.composite
def events(
    draw: st.DrawFn,
    family: Family,
    before: Sequence[int] = (),
    kinds: Iterable[EventType] = tuple(CASE_MODELS),
    protection: Sequence[str] = ("yes", "no", "no", "unknown"),
    cast: Cast = STOCKTON,
) -> Step:
    """An event about a family, with any of its fields; a reply to one of those before it."""
    kind = draw(st.sampled_from([kind for kind in kinds if before or not MODELS[kind].must_reply]))
    rng = random.Random(draw(st.integers(0, 2**32)))
    share = draw(st.sampled_from([0.2, 0.6, 1.0]))
    body = a_body(kind, lambda names: [name for name in names if rng.random() <= share], lambda least: rng.randint(least, 2))
    protected = draw(st.sampled_from(protection))
    for group, people in (("children", family.children), ("adults", family.adults)):
        made = body.get(group, [{}, {}])
        body[group] = [{**_rest(m), **p, "protected": protected} for m, p in zip(made, people, strict=True)]
    for field_name in ("members", "asked_of"):
        if field_name in MODELS[kind].model_fields:
            body[field_name] = draw(st.lists(st.sampled_from(cast.named), min_size=1, max_size=4, unique=True))
    body["occurred_at"] = "2020-11-10T20:00:00Z"
    answers = draw(st.sampled_from([*before, *([] if MODELS[kind].must_reply else [None])]))
    return Step(draw(st.sampled_from(cast.sources)), kind, body, answers)


def _rest(made: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in made.items() if name not in SAID_OTHERWISE}


@st.composite
def stories(draw: st.DrawFn, family: Family = Family(0), most: int = 3, cast: Cast = STOCKTON) -> list[Step]:
    """Ties, and one event after another."""
    steps = draw(ties(family, cast))
    known = len(steps)
    for _ in range(draw(st.integers(1, most))):
        steps.append(draw(events(family, range(known, len(steps)), cast=cast)))
    return steps


def _deciding(policy: DayPolicy) -> Deciding:
    return Deciding(policy, now=datetime.combine(policy.today, NIGHT.timetz()))


def arrivals(steps: Iterable[Step], policy: DayPolicy) -> list[Arrived]:
    """The events as they come off the bus: made once, so that they may be decided in several ways."""
    desk, found = _deciding(policy), list[Arrived]()
    for step in steps:
        reply = None if step.reply_to is None else found[step.reply_to].envelope.id
        found.append(desk.arrived(step.source, step.type.value, step.body, reply_to=reply))
    return found


@dataclass
class Outcome:
    """What came of a story, event by event."""

    told: dict[UUID, Told] = field(default_factory=dict)

    @property
    def given(self) -> dict[tuple[UUID, str], frozenset[UUID]]:
        """For every event and desk that is told of it, the sections that it is given."""
        return {
            (event, d.desk): frozenset(g.section.id for g in d.given)
            for event, told in self.told.items()
            for d in told.decision.disclosures
            if d.kind == "disclosure"
        }

    def of_desks(self, desks: Iterable[str], events: Iterable[UUID]) -> dict[tuple[UUID, str], frozenset[UUID]]:
        """What some desks are given of some events, as far as their authors said it."""
        wanted, about = set(desks), set(events)
        return {
            (event, d.desk): frozenset(g.section.id for g in d.given if not g.made)
            for event, told in self.told.items()
            for d in told.decision.disclosures
            if d.kind == "disclosure" and d.desk in wanted and event in about
        }


def decided(arrived: Iterable[Arrived], policy: DayPolicy) -> Outcome:
    """Decide events in this order, all at one moment, in a world that knows nothing yet."""
    deciding, found = _deciding(policy), Outcome()
    for event in arrived:
        found.told[event.envelope.id] = deciding.decide(event)
    return found


def within(narrow: Mapping[Any, frozenset[UUID]], wide: Mapping[Any, frozenset[UUID]]) -> bool:
    """Whether nobody has in the one what it has not in the other."""
    return all(given <= wide.get(key, frozenset()) for key, given in narrow.items())


def unidentified(event: Arrived) -> Arrived:
    """The same event, of which nobody can tell who is meant."""
    return replace(event, mentions=tuple(replace(m, exact=(), number=(), local=None) for m in event.mentions))
