"""What is known before a scenario starts: who goes to which school and practice, who manages whom.

Relations are posted as events by the pack's registers and its lead agency, through the gateways like everything else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from frontdoor_chassis.directory import Directory
from frontdoor_schemas.vocabulary import EventType, Relation, Role
from frontdoor_standalone.rehearsal.people import Individual, blocks
from frontdoor_standalone.rehearsal.steps import NONE

SCHOOL_AGE = 5
LONG_BEFORE = timedelta(days=60)
"""How long the relations of a scenario's people have been so."""

ROLES: Mapping[Relation, tuple[Role, ...]] = {
    Relation.school: (Role.school_dsl,),
    Relation.early_years: (Role.early_years_lead,),
    Relation.gp: (Role.gp,),
    Relation.health_visiting: (Role.health_visiting,),
    Relation.school_nursing: (Role.school_nursing,),
    Relation.midwifery: (Role.midwifery,),
    Relation.dentist: (Role.dentist,),
    Relation.manages: (Role.nps, Role.crc, Role.probation),
    Relation.treats: (Role.adult_mental_health, Role.substance_misuse),
}
"""Which desk of an agency a relation means."""


class UnknownRelationError(ValueError):
    """A person's relation names a desk that the pack does not have."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One event to post before the start."""

    source: str
    type: EventType
    data: dict[str, Any]


def seeds(everybody: Mapping[str, Individual], directory: Directory, starts: datetime) -> list[Seed]:
    """Everything to be posted before the start. Raises `UnknownRelationError`."""
    on = starts.date()
    lead = _front_door(directory)
    found = []
    for individual in everybody.values():
        if individual.nhs_number is None or individual.born is None:
            continue  # nobody can be told for certain that this is the same person later: so nothing is known
        ties = list(_ties(individual, directory, on)) or [(Relation.involved, lead)]
        for relation, desk in ties:
            registers = [r for r in directory.registers.get(relation, ()) if directory.in_force(r, on)]
            found.append(_seed(registers[0] if registers else lead, individual, relation, desk, starts))
    return found


def _front_door(directory: Directory) -> str:
    mine = (d for d in directory.desks.values() if d.agency == directory.lead_agency and d.role is Role.front_door)
    return next(mine).id


def _ties(individual: Individual, directory: Directory, on: date) -> Iterator[tuple[Relation, str]]:
    person = individual.person
    stated = [
        (Relation.school, person.school),
        (Relation.early_years, person.setting),
        (Relation.gp, person.gp),
        (Relation.health_visiting, person.health_visiting),
        (Relation.school_nursing, person.school_nursing),
        (Relation.midwifery, person.midwifery),
        (Relation.dentist, person.dentist),
        (Relation.manages, person.managed_by),
        (Relation.treats, person.treated_by),
    ]
    for relation, name in stated:
        if name and name != NONE:
            yield relation, desk_for(name, relation, directory)
    for desk in person.involved:
        yield Relation.involved, desk
    for desk in person.plan_group:
        yield Relation.plan_group, desk
    stated_health = person.community_health == NONE or person.health_visiting or person.school_nursing
    if not individual.adult and not stated_health:
        yield from _community_health(individual, directory, on)


def _community_health(individual: Individual, directory: Directory, on: date) -> Iterator[tuple[Relation, str]]:
    relation = Relation.health_visiting if _age(individual, on) < SCHOOL_AGE else Relation.school_nursing
    if named := individual.person.community_health:
        yield relation, desk_for(named, relation, directory)
        return
    (role,) = ROLES[relation]
    for desk in directory.desks_of_role(role, on)[:1]:
        yield relation, desk.id


def _age(individual: Individual, on: date) -> int:
    born = date.fromisoformat(individual.born or on.isoformat())
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def desk_for(name: str, relation: Relation, directory: Directory) -> str:
    """The desk that a relation names: a desk itself, or the desk of an agency that has the fitting role."""
    if directory.find(name):
        return name
    mine = (d for d in directory.desks.values() if d.agency == name and d.by_role)
    fitting = [d.id for d in mine if set(d.roles) & set(ROLES.get(relation, ()))]
    if not fitting:
        raise UnknownRelationError(f"“{name}” is no desk of the pack and no agency with a desk for {relation.value}")
    return fitting[0]


def _seed(source: str, individual: Individual, relation: Relation, desk: str, starts: datetime) -> Seed:
    named = blocks([individual], full=False)
    data = {
        "occurred_at": (starts - timedelta(hours=2)).isoformat(),
        **named.fields(),
        "about": list(named.refs.values()),
        "relation": relation.value,
        "desk": desk,
        "since": (starts - LONG_BEFORE).date().isoformat(),
    }
    return Seed(source, EventType.involvement_started, data)
