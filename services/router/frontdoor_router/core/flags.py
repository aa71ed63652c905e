"""Which flags a record system has to show of a child, worked out from the status of its plans (register C12, I23).

Each plan has a flag of its own while it runs. The end of a child protection plan leaves one that stays: that there was a plan.
"""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.case import Case
from frontdoor_router.core.chronicle import Marks, marks_about
from frontdoor_router.core.decision import IdMaker
from frontdoor_router.core.past import Line, in_its_files
from frontdoor_router.core.tying import ENDED
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.sections import keys_in_order
from frontdoor_schemas.vocabulary import Category, EventType

PROTECTION: Final = "child_protection"
PREVIOUS: Final = "previous_child_protection"
CURRENT: Mapping[str, str] = {
    PROTECTION: "current_child_protection",
    "child_in_need": "child_in_need",
    "looked_after": "looked_after",
    "early_help": "early_help",
}
"""The flag of each kind of plan that has one, while it runs."""
STARTED: Final = "started"
ENDED_PLAN: Final = "ended"
"""Says that there was a plan; `none` says only that there is none now."""


class Change(NamedTuple):
    """A plan starts to run, or stops."""

    at: datetime
    plan: str
    status: str


class Flags(NamedTuple):
    """What one child's record has to show from now on, and no longer."""

    show: frozenset[str]
    clear: frozenset[str]


def change(at: datetime, marks: Marks) -> Change | None:
    """The change that an event said, by what a chronology keeps of it; none where no flag hangs on it."""
    said = dict(mark.split("=", 1) for mark in marks if "=" in mark)
    plan, status = said.get("plan_type"), said.get("to_status")
    if plan is None or status is None or plan not in CURRENT or status not in {STARTED, *ENDED}:
        return None
    return Change(at, plan, status)


def shown(changes: Iterable[Change]) -> frozenset[str]:
    """The flags that stand after all these changes, whatever the order in which they became known."""
    running: dict[str, bool] = {}
    found: set[str] = set()
    for one in sorted(changes):
        if one.plan == PROTECTION and (one.status == ENDED_PLAN or (one.status != STARTED and running.get(one.plan))):
            found.add(PREVIOUS)
        running[one.plan] = one.status == STARTED
    return frozenset(found | {CURRENT[plan] for plan, runs in running.items() if runs})


def instruction(now: Change | None, corrected: Change | None, others: Iterable[Change]) -> Flags | None:
    """What a record has to show after an event, of the flags that it touches or that the version before a correction touched.

    A flag for the past is cleared only if the version that was wrong had set it: it may stand for what happened elsewhere.
    """
    touched = {CURRENT[one.plan] for one in (now, corrected) if one}
    if corrected and corrected.plan == PROTECTION and corrected.status != STARTED:
        touched.add(PREVIOUS)
    stands = shown([*others, *([now] if now else [])])
    show = (stands & touched) | (stands & {PREVIOUS} if now and now.plan == PROTECTION else frozenset())
    return Flags(show, frozenset(touched) - show) if touched else None


def flags_for(case: Case, candidate: Candidate, lines: Mapping[str, Iterable[Line]], ids: IdMaker) -> Iterator[Section]:
    """For one desk: a section for each child on whose plans the event says something, by what the desk may know of those before."""
    for ref, earlier in lines.items():
        others = (change(x.entry.occurred_at, x.marks) for x in earlier if x.entry.type is EventType.plan_status)
        found = instruction(_stated(case, ref), _corrected(case, ref, candidate.acts_for), [one for one in others if one])
        if found is not None:
            seed = ids("flags", case.envelope.id, candidate.desk, ref)
            (key,) = keys_in_order(1, random.Random(seed.int))  # noqa: S311 - a replay has to say the same again
            at = f"flags_to_show/{key}/"
            said = {at + "show": sorted(found.show), at + "clear": sorted(found.clear)}
            body = {at + "about": [ref], **{path: names for path, names in said.items() if names}}
            yield Section(id=seed, category=Category.decision_and_status, subjects=(ref,), body=body)


def _stated(case: Case, ref: str) -> Change | None:
    return change(case.happened_at, marks_about(ref, case.marked)) if case.type is EventType.plan_status else None


def _corrected(case: Case, ref: str, desks: Sequence[str]) -> Change | None:
    """What the version said to these desks that this event puts right: of one that they were not told of their records show nothing."""
    person, version = case.subjects[ref].person, case.cause
    if case.envelope.type is not EventType.correction or version is None or person is None:
        return None
    lines = (entry for entry in case.world.entries.get(person.id, ()) if entry.event == version.id)
    known = ((entry, in_its_files(entry, version, desks)) for entry in lines)
    return next((change(entry.occurred_at, marks) for entry, marks in known if marks is not None), None)
