"""Fields that the router computes for one recipient, from what that recipient may see, and from nothing else."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from frontdoor_router.core.case import Case
from frontdoor_router.core.decision import Given, IdMaker
from frontdoor_router.core.world import Entry
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.vocabulary import Category, EventType

GRADES = ("standard", "medium", "high")
"""Risk grades in rising order."""


def history(case: Case, desk: str, given: Iterable[Given], ids: IdMaker) -> Section | None:
    """Earlier domestic-abuse incidents about the children this desk sees, as far as this desk was told of them (D9)."""
    if case.type is not EventType.police_incident or "domestic_abuse" not in case.message:
        return None
    seen = sorted({s for g in given if g.section.category is Category.child_identity for s in g.section.subjects})
    if not seen:
        return None
    earlier = _told_before(case, desk, seen)
    body: dict[str, object] = {"domestic_abuse/previous_incidents_count": len(earlier)}
    if earlier:
        body["domestic_abuse/previous_incident_dates"] = [e.occurred_at.date().isoformat() for e in earlier]
        body["domestic_abuse/escalating"] = "yes" if _escalating(case, earlier) else "no"
    return Section(id=ids("derived", case.envelope.id, desk), category=Category.history_summary, subjects=tuple(seen), body=body)


def _told_before(case: Case, desk: str, seen: Iterable[str]) -> list[Entry]:
    found: dict[UUID, Entry] = {}
    for ref in seen:
        person = case.subjects[ref].person
        for entry in case.world.entries.get(person.id, ()) if person else ():
            event = case.world.events.get(entry.event)
            if entry.domestic_abuse and event and any(t.desk == desk and not t.withdrawn for t in event.told) and entry.event != case.envelope.id:
                found[entry.event] = entry
    return sorted(found.values(), key=lambda e: e.occurred_at)


def _escalating(case: Case, earlier: list[Entry]) -> bool:
    """Closer together than before, or a higher grade than the last."""
    times: list[datetime] = [*(e.occurred_at for e in earlier), case.envelope.occurred_at]
    gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
    closer = len(gaps) > 1 and gaps[-1] < gaps[-2]
    grade = case.message["domestic_abuse"].get("risk_grade")
    last = earlier[-1].grade
    higher = grade in GRADES and last in GRADES and GRADES.index(grade) > GRADES.index(last)
    return closer or higher
