"""Fields that the router computes for one recipient, from what that recipient may see, and from nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from frontdoor_router.core.case import Case
from frontdoor_router.core.decision import Given, IdMaker
from frontdoor_router.core.world import Entry, Told
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.vocabulary import Category, EventType

GRADES = ("standard", "medium", "high")
"""Risk grades in rising order."""
GRADE = "domestic_abuse/risk_grade"
MAX_DATES = 20
"""Dates that are listed, the latest; the number counts all. What is added to an event has to fit beside the largest one in a record."""


def history(case: Case, desk: str, given: Sequence[Given], ids: IdMaker, zone: ZoneInfo) -> Section | None:
    """Earlier domestic-abuse incidents about the children this desk sees, as far as this desk was told of them (D9)."""
    if case.type is not EventType.police_incident or "domestic_abuse" not in case.message:
        return None
    seen = sorted({s for g in given if g.section.category is Category.child_identity for s in g.section.subjects})
    if not seen:
        return None
    earlier = _told_before(case, desk, seen)
    body: dict[str, object] = {"domestic_abuse/previous_incidents_count": len(earlier)}
    if earlier:
        dates = [e.entry.occurred_at.astimezone(zone).date().isoformat() for e in earlier]
        body["domestic_abuse/previous_incident_dates"] = dates[-MAX_DATES:]
        body["domestic_abuse/escalating"] = "yes" if _escalating(case, earlier, graded=_gives_grade(given)) else "no"
    return Section(id=ids("derived", case.envelope.id, desk), category=Category.history_summary, subjects=tuple(seen), body=body)


@dataclass(frozen=True, slots=True)
class _Known:
    """An earlier incident as far as the desk knows it: that it was, and its grade if the desk was given that."""

    entry: Entry
    grade: str | None


def _told_before(case: Case, desk: str, seen: Iterable[str]) -> list[_Known]:
    found: dict[UUID, _Known] = {}
    for ref in seen:
        person = case.subjects[ref].person
        for entry in case.world.entries.get(person.id, ()) if person else ():
            if not entry.domestic_abuse or entry.event == case.envelope.id or entry.occurred_at > case.happened_at:
                continue
            if told := _disclosures(case, entry, desk):
                found[entry.event] = _Known(entry, entry.grade if any(t.graded for t in told) else None)
    return sorted(found.values(), key=lambda k: k.entry.occurred_at)


def _disclosures(case: Case, entry: Entry, desk: str) -> list[Told]:
    """What tells the desk of an earlier event about this very person: of a sibling's, it does not know that this one was in it."""
    event = case.world.events.get(entry.event)
    return [t for t in event.told if t.desk == desk and entry.person in t.about and not t.withdrawn] if event else []


def _gives_grade(given: Iterable[Given]) -> bool:
    return any(GRADE in g.section.body for g in given)


def _escalating(case: Case, earlier: Sequence[_Known], *, graded: bool) -> bool:
    """Closer together than before, or a higher grade than the last: by what the desk sees of either."""
    times: list[datetime] = [*(k.entry.occurred_at for k in earlier), case.happened_at]
    gaps = [b - a for a, b in pairwise(times)]
    closer = len(gaps) > 1 and gaps[-1] < gaps[-2]
    grade = case.message["domestic_abuse"].get("risk_grade") if graded else None
    last = earlier[-1].grade
    higher = grade in GRADES and last in GRADES and GRADES.index(grade) > GRADES.index(last)
    return closer or higher
