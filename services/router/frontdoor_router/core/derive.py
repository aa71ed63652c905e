"""Fields that the router computes for one recipient, from what that recipient may know, and from nothing else."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.case import Case
from frontdoor_router.core.chronicle import said_to
from frontdoor_router.core.conditions import present
from frontdoor_router.core.decision import Given, IdMaker
from frontdoor_router.core.duties import Expects
from frontdoor_router.core.effects import DONE
from frontdoor_router.core.known_to import KnownTo, answer
from frontdoor_router.core.past import Completed, Line, Past
from frontdoor_router.core.proposing import proposals
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.fields import Block, Computed, Nest
from frontdoor_schemas.sections import keys_in_order
from frontdoor_schemas.vocabulary import Category, EventType, SubjectRule

GRADES = ("standard", "medium", "high")
"""Risk grades in rising order."""
ABUSE, GRADE = "domestic_abuse", "domestic_abuse.risk_grade="
PROTECTION_ENDED = frozenset({"plan_type=child_protection", "to_status=ended"})
REPORTED = "stage=reported"
RUNS_ON = "accepted=yes"
CLOSED = frozenset(f"{field}={word}" for field, words in DONE.values() for word in words)
"""What an answer to a referral says when the referral no longer runs."""
CONCERN = "concern_types.type="
MAX_DATES = 20
"""Dates that are listed, the latest; the number counts all. What is added to an event has to fit beside the largest one in a record."""
MAX_LINES = 30
"""Lines of a chronology that come with an event, the latest: about three kilobytes. A query gives the whole of it."""


@dataclass(frozen=True)
class View:
    """What the computed fields of one recipient are worked out from.

    `lines` are about the children whom it sees, `given` is what it sees, `lacking` what the partnership expects of the event in vain.
    """

    case: Case
    lines: tuple[Line, ...]
    given: Sequence[Given]
    lacking: Sequence[Expects]
    zone: ZoneInfo

    def before(self, *types: EventType, mark: str | None = None) -> list[Line]:
        """Lines of earlier events, one for each event: of these types, with this mark."""
        if not self.lines:
            return []
        found = {x.entry.event: x for x in self.lines if x.entry.occurred_at <= self.case.happened_at}
        return [x for x in found.values() if (not types or x.entry.type in types) and (mark is None or mark in x.marks)]

    def days(self, lines: Iterable[Line]) -> list[str]:
        """The days of the latest of them."""
        return [_day(x.entry.occurred_at, self.zone) for x in lines][-MAX_DATES:]

    @property
    def concerns(self) -> frozenset[str]:
        """The types of concern of this event that the recipient sees, as marks."""
        return frozenset(m for m in said_to([g.section for g in self.given], (), self.case.marked) if m.startswith(CONCERN))


def made(view: View, seen: Sequence[str], ids: IdMaker, desk: str) -> Iterator[Section]:
    """The sections that the router makes for one desk: one for each category and set of people."""
    bodies: dict[tuple[Category, tuple[str, ...]], dict[str, object]] = {}
    for block, fields in _to_derive(MODELS[view.case.type]):
        if block and not present(block, view.case.message):
            continue
        for path, computed, work_out in fields:
            value = work_out(view)
            if value is not None:
                about = () if computed.held.subject is SubjectRule.event else tuple(seen)
                bodies.setdefault((computed.held.category, about), {})[path] = value
    for (category, about), body in bodies.items():
        section = ids("derived", view.case.envelope.id, desk, category.value)
        yield Section(id=section, category=category, subjects=about, body=body)


@cache
def computed_paths(model: type[Block], at: str = "") -> tuple[tuple[str, Computed], ...]:
    """Every computed field of a type of event, by its path; those in items of lists are nobody's to compute."""
    found = [(at + name, computed) for name, computed in model.computed.items()]
    for name, shape in model.plan.fields.items():
        if isinstance(shape, Nest) and not shape.many:
            for nested in shape.plans.values():
                found += computed_paths(nested.model, f"{at}{name}/")
    return tuple(found)


class _Derived(NamedTuple):
    """A computed field of a type: its path, what it is, and how it is worked out."""

    path: str
    computed: Computed
    work_out: "Deriver"


@cache
def _to_derive(model: type[Block]) -> tuple[tuple[tuple[str, ...], tuple[_Derived, ...]], ...]:
    """What is computed of a type, by the block that has to be there."""
    found: dict[tuple[str, ...], list[_Derived]] = {}
    for path, computed in computed_paths(model):
        *block, name = path.split("/")
        if name in DERIVED:
            found.setdefault(tuple(block), []).append(_Derived(path, computed, DERIVED[name]))
    return tuple((block, tuple(fields)) for block, fields in found.items())


def told_with(
    case: Case, desk: str, past: Past, refs: Iterable[str], met: Sequence[Completed], ids: IdMaker, zone: ZoneInfo
) -> Iterator[Section]:
    """The chronology of each child, and the patterns that this event completes: for a desk that is told because of either."""
    for ref in refs:
        lines, completed = past.of(ref)[-MAX_LINES:], [m for m in met if m.ref == ref]
        if lines or completed:
            rng = random.Random(ids("derived-keys", case.envelope.id, desk, ref).int)  # noqa: S311 - a replay has to say the same again
            body = dict(_chronology(lines, ref, zone, rng)) | dict(_patterns(completed, rng))
            yield Section(id=ids("past", case.envelope.id, desk, ref), category=Category.history_summary, subjects=(ref,), body=body)


def _chronology(lines: Sequence[Line], ref: str, zone: ZoneInfo, rng: random.Random) -> Iterator[tuple[str, object]]:
    for key, line in zip(keys_in_order(len(lines), rng), lines, strict=True):
        at = f"earlier/{key}/"
        yield from ((at + "about", [ref]), (at + "on", _day(line.entry.occurred_at, zone)), (at + "event_type", line.entry.type.value))
        if line.marks:
            yield at + "said", sorted(line.marks)


def _patterns(met: Sequence[Completed], rng: random.Random) -> Iterator[tuple[str, object]]:
    for key, one in zip(keys_in_order(len(met), rng), met, strict=True):
        at = f"patterns/{key}/"
        yield from ((at + "about", [one.ref]), (at + "pattern", one.pattern.id), (at + "count", len(one.days)))
        yield at + "dates", [day.isoformat() for day in one.days[-MAX_DATES:]]


def answers_for(case: Case, candidate: Candidate, directory: Directory, ids: IdMaker, zone: ZoneInfo) -> Iterator[Section]:
    """Which services know the people of an event, for a desk that a duty answers: a section for each person and kind of service."""
    today = case.now.astimezone(zone).date()
    found = [one for service in candidate.known_to for one in answer(case, service, directory, today, to=candidate.acts_for)]
    for ref, field in dict.fromkeys((one.ref, one.service.field) for one in found):
        mine = [one for one in found if (one.ref, one.service.field) == (ref, field)]
        seed = ids("known-to", case.envelope.id, candidate.desk, ref, field)
        rng = random.Random(seed.int)  # noqa: S311 - a replay has to say the same again
        keyed = zip(keys_in_order(len(mine), rng), mine, strict=True)
        body = dict(part for key, one in keyed for part in _known(f"{field}/{key}/", one, zone))
        yield Section(id=seed, category=mine[0].service.category, subjects=(ref,), body=body)


def _known(at: str, one: KnownTo, zone: ZoneInfo) -> Iterator[tuple[str, object]]:
    yield from ((at + "about", [one.ref]), (at + "service", one.service.service.value), (at + "answer", one.answer.value))
    if one.ties:
        yield at + "desks", sorted(one.desks)
        yield at + "since", _day(min(tie.since for tie in one.ties), zone)
    yield from ((at + name, said) for name, said in (("worker", one.worker), ("contact", one.contact)) if said)


def proposed_to(case: Case, candidate: Candidate, directory: Directory, ids: IdMaker, today: date) -> Iterator[Section]:
    """Whom to invite, for a desk that a duty tells so: a section for each person and kind of service."""
    found = proposals(case, candidate.acts_for, directory, today) if candidate.proposes else []
    for ref, field in dict.fromkeys((one.ref, one.field) for one in found):
        mine = [one for one in found if (one.ref, one.field) == (ref, field)]
        seed = ids("proposed", case.envelope.id, candidate.desk, ref, field)
        rng = random.Random(seed.int)  # noqa: S311 - a replay has to say the same again
        body: dict[str, object] = {}
        for key, one in zip(keys_in_order(len(mine), rng), mine, strict=True):
            at = f"{field}/{key}/"
            body |= {at + "about": [ref], at + "desk": one.desk, at + "reason": one.reason}
        yield Section(id=seed, category=mine[0].category, subjects=(ref,), body=body)


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).date().isoformat()


# ---------------------------------------------------------------- one function for each computed field


def _some(lines: Sequence[Line]) -> int | None:
    """Their number; nothing is said where there is none, as nothing is said of what the recipient may not know."""
    return len(lines) or None


def _incidents(view: View) -> list[Line]:
    return view.before(EventType.police_incident, mark=ABUSE)


def _escalating(view: View) -> str | None:
    """Closer together than before, or a higher grade than the last: by what the desk sees of either (D9)."""
    earlier = _incidents(view)
    if not earlier:
        return None
    times: list[datetime] = [*(x.entry.occurred_at for x in earlier), view.case.happened_at]
    gaps = [b - a for a, b in pairwise(times)]
    closer = len(gaps) > 1 and gaps[-1] < gaps[-2]
    mine = view.case.message[ABUSE].get("risk_grade") if _sees_grade(view.given) else None
    last = next((m.removeprefix(GRADE) for m in earlier[-1].marks if m.startswith(GRADE)), None)
    higher = mine in GRADES and last in GRADES and GRADES.index(mine) > GRADES.index(last)
    return "yes" if closer or higher else "no"


def _sees_grade(given: Iterable[Given]) -> bool:
    return any("domestic_abuse/risk_grade" in g.section.body for g in given)


def _same_issue_closed(view: View) -> str | None:
    """When the last referral about the same type of concern ended that no longer runs: refused, or closed after it was accepted (A27)."""
    cases = _referrals(view)
    own = cases.pop(view.case.world.asked_first(view.case.cause.id), []) if view.case.cause and _has_one_already(view.case) else []
    mine = view.concerns | _concerns(own)
    ended = [end for lines in cases.values() if mine & _concerns(lines) and (end := _end(lines))]
    return _day(max(line.entry.occurred_at for line in ended), view.zone) if ended else None


def _has_one_already(case: Case) -> bool:
    """Whether an event belongs to a referral that there was before: any but a referral, which may answer whatever led to it."""
    return case.type is not EventType.referral or case.envelope.type is EventType.correction


def _referrals(view: View) -> dict[UUID, list[Line]]:
    """What the desk may know of each earlier referral and of what came of it, in the order of time; other events are cases of their own."""
    found: dict[UUID, list[Line]] = {}
    for line in view.before():
        found.setdefault(view.case.world.asked_first(line.entry.event), []).append(line)
    return found


def _concerns(lines: Iterable[Line]) -> frozenset[str]:
    return frozenset(m for x in lines for m in x.marks if m.startswith(CONCERN))


def _end(lines: Iterable[Line]) -> Line | None:
    """The last word on a referral, if it is that the referral no longer runs: a challenge may have opened it again."""
    said = [x for x in lines if x.entry.type in DONE and x.marks & {RUNS_ON, *CLOSED}]
    return said[-1] if said and said[-1].marks & CLOSED else None


def _yes(found: object) -> str | None:
    return "yes" if found else None


def _episodes(view: View) -> list[Line]:
    """Each episode once: it is reported, reviewed and ended by events of their own."""
    return view.before(EventType.missing_episode, mark=REPORTED)


def _protection_plans(view: View) -> list[Line]:
    """Child protection plans that ended before: one that runs, as at a review conference, is no earlier one (G18)."""
    return [x for x in view.before(EventType.plan_status) if x.marks >= PROTECTION_ENDED]


def _re_registered(view: View) -> str | None:
    """Whether a child whose protection plan begins now had one before (G18). Of another kind of plan it says nothing."""
    begins = view.case.type is EventType.conference_minutes or (
        view.case.message.get("plan_type") == "child_protection" and view.case.message.get("to_status") == "started"
    )
    return _yes(begins and _protection_plans(view))


def _correct(view: View) -> str:
    """Whether every part of the form is there that the partnership expects of it (C8)."""
    return "no" if any(expected.path[0] == "risk_assessment" for expected in view.lacking) else "yes"


Deriver = Callable[[View], Any]

DERIVED: Mapping[str, Deriver] = {
    "earlier_events_count": lambda v: _some(v.before()),
    "earlier_event_dates": lambda v: v.days(v.before()) or None,
    "previous_incidents_count": lambda v: len(_incidents(v)),
    "previous_incident_dates": lambda v: v.days(_incidents(v)) or None,
    "escalating": _escalating,
    "previous_referrals_count": lambda v: _some(v.before(EventType.referral)),
    "previous_referral_dates": lambda v: v.days(v.before(EventType.referral)) or None,
    "same_issue_closed_on": _same_issue_closed,
    "previous_referral_same_issue": lambda v: _yes(_same_issue_closed(v)),
    "re_registration": _re_registered,
    "previous_child_protection_plans": lambda v: _some(_protection_plans(v)),
    "previous_changes_count": lambda v: _some(v.before(EventType.plan_status)),
    "change_of_worker_count": lambda v: _some(v.before(EventType.involvement_started, mark="reason_for_change")),
    "correctly_completed": _correct,
    "previous_episodes_count": lambda v: _some(_episodes(v)),
    "previous_episode_dates": lambda v: v.days(_episodes(v)) or None,
    "prior_missed_count": lambda v: _some(v.before(EventType.was_not_brought)),
    "cumulative_count": lambda v: len(v.before(EventType.concern)) + 1,
}
"""By the name that the contract gives the field. What comes with duties that ask for it is not here: `told_with`,
`answers_for`, `proposed_to`."""
