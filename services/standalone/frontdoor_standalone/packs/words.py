"""The parts of a rule in plain words. Fields, event types and purposes keep the names that they have in messages."""

from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from typing import assert_never

from frontdoor_router.core.calendar import ALWAYS
from frontdoor_router.core.conditions import Absent, Condition, OneOf, Present
from frontdoor_router.core.deadlines import (
    AtOnce,
    BeforeSchoolDay,
    BeforeWorkingDay,
    CalendarDays,
    DayUnit,
    Elapsed,
    Hours,
    Rule,
    WorkingDays,
    WorkingHours,
    parse_offset,
)
from frontdoor_router.core.duties import BY_TELEPHONE, REPLY, AgeRange, Closed, Duty, EachAdult, EachChild, StatedDue
from frontdoor_router.core.known_to import Service
from frontdoor_router.core.lists import StandingList
from frontdoor_router.core.policies import Every, Is, Some, Test

MINUTES_OF_AN_HOUR = 60
ONE_DAY = timedelta(days=1)

_OF_SOMEBODY: Mapping[str, str] = {
    "school": "the school of {}",
    "early_years": "the nursery or other early-years setting of {}",
    "gp": "the general practice of {}",
    "health_visiting": "the health visitor of {}",
    "school_nursing": "the school nurse of {}",
    "midwifery": "the midwife of {}",
    "dentist": "the dentist of {}",
    "no_school_lead": "the lead for children in no school, for {} who is in none",
    "plan_group": "the plan group of {}",
    "lead_professional": "the lead professional of {}",
    "involved": "everybody who works with {}",
    "referral_parties": "the parties to open referrals about {}",
    "concerned": "every desk that said it was concerned about {}",
    "moved": "the school, practice and community health from which and to which the event moves {}",
    "practice_links": "the link workers of the practice of {}",
    "manages": "the probation service of {}",
    "treats": "the treating service of {}",
}
_OF_THE_EVENT: Mapping[str, str] = {
    "source": "who published it",
    "referrer": "who published what this answers, or else who referred",
    "asked": "every desk that is asked in it",
    "named": "every desk that its author names",
    "owners": "every desk that owns an action in it",
    "told_of_thread": "every desk that was told of the matter before",
}
_TO: Mapping[str, str] = {
    "deputy": "the deputy",
    "manager": "the manager",
    "source": "who published it",
    "told": "every desk that a duty told of it",
    "source-manager": "the manager of who published it",
}
_MET: Mapping[str, str] = {
    "received": "received by a system",
    "opened": "opened by a person",
    "acted": "acted on",
    BY_TELEPHONE: "told by telephone",
}
_NAMES: Mapping[str, str] = {"principal": "the recipient", "resource": "the part"}


def plain(name: str) -> str:
    """A name of the contract as a person writes it."""
    return name.replace("_", " ")


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words with commas, the last one joined by a word."""
    found = list(words)
    return f" {last} ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)


def counted(number: int, what: str) -> str:
    """A number of things."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def period(from_: date, until: date | None) -> str:
    """The days on which something holds, the last one too."""
    return f"from {from_}" if until is None else f"{from_} to {until - ONE_DAY}"


def limit(rule: Rule) -> str:
    """A deadline."""
    match rule:
        case AtOnce(minutes):
            return f"at once; late after {counted(minutes, 'minute')}"
        case Hours(hours):
            return f"{counted(hours, 'hour')}, day and night"
        case WorkingHours(hours, opening):
            return f"{counted(hours, 'hour')}, " + ("day and night" if opening == ALWAYS else f"while “{opening}” is open")
        case WorkingDays(days, at):
            return f"{counted(days, 'working day')}, {_until(at, 'the end of the office day')}"
        case BeforeSchoolDay(at):
            return f"before the school day, {_until(at, 'school opening')}"
        case BeforeWorkingDay(at):
            return f"before the working day, {_until(at, 'office opening')}"
        case CalendarDays(days, at):
            return f"{counted(days, 'day')}, {_until(at, 'the same time of day')}"
        case _ as never:  # pragma: no cover - the union is closed
            assert_never(never)


def _until(at: time | None, else_: str) -> str:
    return f"by {at:%H:%M}" if at else f"by {else_}"


def stage(text: str) -> str:
    """When a reminder or an escalation comes, counted from the deadline."""
    offset = parse_offset(text)
    if isinstance(offset, Elapsed):
        return _away(round(offset.amount.total_seconds() / MINUTES_OF_AN_HOUR))
    unit = {DayUnit.WORKING: "working day", DayUnit.SCHOOL: "school day"}[offset.unit]
    side = "before" if offset.days < 0 else "after"
    return f"{counted(abs(offset.days), unit)} {side}" + (f" at {offset.at:%H:%M}" if offset.at else "")


def _away(minutes: int) -> str:
    if minutes == 0:
        return "at the deadline"
    hours, rest = divmod(abs(minutes), MINUTES_OF_AN_HOUR)
    amount = counted(abs(minutes), "minute") if rest else counted(hours, "hour")
    return f"{amount} {'before' if minutes < 0 else 'after'}"


def receiver(to: str) -> str:
    """Who is told, or who owes: a word of the pack, a role or a desk."""
    kind, _, name = to.partition(":")
    if kind == "role":
        return f"every desk of the role {plain(name)}"
    return f"desk {name}" if kind == "desk" else _TO[to]


def occasion(one: StandingList) -> str:
    """When a list comes."""
    day = {"day": "each day", "week": f"each {str(one.on).capitalize()}", "month": f"on day {one.on} of each month"}[one.every]
    return f"{day} at {one.at:%H:%M}"


def due(stated: StatedDue | None) -> str:
    """The due time that the event itself states; empty when it states none."""
    if stated is None:
        return ""
    only = f", of those where {listed(condition(one) for one in stated.where)}" if stated.where else ""
    said = f"at `{'.'.join(stated.path)}`{only} (a day: {stated.at} of the office)"
    return f"counted from when the event says {said}: " if stated.starts else f"as the event says {said}, else "


def told(duty: Duty) -> str:
    """Whom a duty tells; empty when it tells nobody."""
    match duty.tell:
        case None:
            return ""
        case EachChild(relation) if relation not in _OF_SOMEBODY:
            return f"{receiver(relation)}, of each child{_age(duty.age)}"
        case EachChild(relation):
            stated = ", as its author states it where no register confirms it" if duty.stated else ""
            roles = f", of the role {listed((plain(r) for r in sorted(duty.roles)), 'or')}" if duty.roles else ""
            return _OF_SOMEBODY[relation].format(f"each child{_age(duty.age)}") + roles + stated
        case EachAdult(relation) if relation not in _OF_SOMEBODY:
            return f"{receiver(relation)}, of each adult"
        case EachAdult(relation):
            return _OF_SOMEBODY[relation].format("each adult")
    return _OF_THE_EVENT[duty.relation] if duty.relation in _OF_THE_EVENT else receiver(duty.relation)


def _age(age: AgeRange | None) -> str:
    if age is None:
        return ""
    if age.under <= 0:
        return " not yet born"
    if age.from_ > 0:
        return f" aged {age.from_} to {age.under - 1}"
    return f" under {age.under}" + (", or not yet born" if age.from_ < 0 else "")


def met(ways: Iterable[str]) -> str:
    """What satisfies a duty."""
    return listed((f"answered by {w.removeprefix(REPLY)}" if w.startswith(REPLY) else _MET[w] for w in ways), "or")


def condition(found: Condition) -> str:
    """What a message has to say."""
    name = f"`{'.'.join(found.path)}`"
    match found:
        case Present():
            return f"{name} is given"
        case Absent():
            return f"{name} is not given"
        case OneOf(_, values):
            return f"{name} is " + listed((str(value).lower() for value in values), "or")


def closed(found: Closed | None) -> str:
    """For which hours a duty is; empty when it is for all."""
    if found is None:
        return ""
    said = f", or where {listed(condition(one) for one in found.or_if)}" if found.or_if else ""
    return f"received while no desk of the role {plain(found.role.value)} is open{said}"


def service(found: Service) -> str:
    """A service of whose work with somebody the exchange answers."""
    complete = ", who tells of everybody" if found.complete else ""
    return f"{plain(found.service.value)}{complete}, of {found.of.replace('-', ' ')}"


def test(found: Test) -> str:
    """What a policy asks, the same however its text is laid out."""
    match found:
        case Is(name, values):
            return f"{_NAMES.get(name, plain(name))} is {listed(sorted(plain(value) for value in values), 'or')}"
        case Every():
            return listed(_bracketed(part) if isinstance(part, Some) else test(part) for part in _flat(found))
        case Some():
            return "; or ".join(test(part) for part in _flat(found))


def _bracketed(found: Test) -> str:
    return f"({test(found)})"


def _flat(found: Every | Some) -> list[Test]:
    """Its parts, with those of a part of its own kind in place of that part."""
    flat: list[Test] = []
    for part in found.parts:
        flat += _flat(part) if isinstance(part, type(found)) else [part]
    return flat
