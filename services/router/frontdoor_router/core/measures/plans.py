"""Plans as they run, begin and end: what all events about plans say together, child by child."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from frontdoor_router.core.measures.definitions import PlanIs
from frontdoor_router.core.measures.facts import ChildKey, EventFact
from frontdoor_router.core.tying import ENDED

PLAN_FIELDS = ("plan_type", "from_plan_type", "category_primary", "category_secondary")
"""What is kept of an event about a plan: closed words only, since a plan is kept for as long as it runs."""

BEGUN = frozenset({"started", "breached"})
"""A plan that is breached runs. Without one of these an event begins none: what it lacks is owed, and comes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan of one child. `again`: a plan of this type had ended for this child before."""

    child: ChildKey
    desk: str
    since: datetime
    until: datetime | None
    again: bool
    message: Mapping[str, Any]
    began_with: EventFact
    concerns: frozenset[str]
    next_review: date | None
    open_due: tuple[date, ...]

    def runs(self, at: datetime) -> bool:
        """Whether it had begun, and had not ended, by a moment."""
        return self.since < at and (self.until is None or self.until >= at)

    def is_overdue(self, at: datetime, day: date) -> bool:
        """Whether a review, or an action that is still open, should have been before that day (G9)."""
        return self.runs(at) and any(due < day for due in (*self.open_due, *((self.next_review,) if self.next_review else ())))

    def stands(self, state: PlanIs, start: datetime, end: datetime, last_day: date) -> bool:
        """How it stands at `end`, or within `start <= moment < end`."""
        began = start <= self.since < end
        match state:
            case PlanIs.running:
                return self.runs(end)
            case PlanIs.started:
                return began
            case PlanIs.started_again:
                return began and self.again
            case PlanIs.ended:
                return self.until is not None and start <= self.until < end
            case PlanIs.overdue:
                return self.is_overdue(end, last_day)


@dataclass(frozen=True, slots=True)
class _Said:
    """What one event says of one child's plan, and from when on. One that says neither that it began nor that it ended adds to it."""

    at: datetime
    fact: EventFact
    began: bool
    ended: bool
    next_review: date | None
    open_due: tuple[date, ...] | None


@dataclass(slots=True)
class PlanBook:
    """Collects what events say about plans, in any order, and reads the plans from it in the order of time."""

    _said: dict[tuple[ChildKey, str], list[_Said]] = field(default_factory=dict)

    def add(self, fact: EventFact) -> None:
        """One event about a plan. An event that names no type of plan is about none that could be counted."""
        message = fact.message
        kind, before = message.get("plan_type"), message.get("from_plan_type")
        if kind is None:
            return
        said = self._read(fact)
        for child in _whose(fact):
            self._said.setdefault((child, kind), []).append(said)
            if before not in (None, kind) and said.began:
                self._said.setdefault((child, before), []).append(replace(said, began=False, ended=True))

    def _read(self, fact: EventFact) -> _Said:
        message = fact.message
        stated = message.get("changed_at", message.get("updated_at"))
        kept = {name: message[name] for name in ("occurred_at", *PLAN_FIELDS) if name in message}
        review = message.get("next_review_date")
        return _Said(
            at=datetime.fromisoformat(stated) if stated else fact.occurred_at,
            fact=replace(fact, message=kept, owed=(), replies=(), past=()),
            began=message.get("to_status") in BEGUN,
            ended=message.get("to_status") in ENDED,
            next_review=date.fromisoformat(review) if review else None,
            open_due=_open(message["plan_items"]) if "plan_items" in message else None,
        )

    def plans(self) -> Iterator[Plan]:
        """Every plan that ever ran, of each child and type in the order of time."""
        for (child, _), said in sorted(self._said.items(), key=lambda pair: str(pair[0])):
            yield from _spells(child, sorted(said, key=lambda s: (s.at, s.fact.received_at, s.fact.id)))


def _whose(fact: EventFact) -> frozenset[ChildKey]:
    named = [ref for ref in fact.message.get("about", ()) if ref.startswith("child")]
    return frozenset(fact.child(ref) for ref in named) if named else fact.children


def _open(items: Iterable[Mapping[str, Any]]) -> tuple[date, ...]:
    return tuple(date.fromisoformat(i["due"]) for i in items if "due" in i and i.get("status", "open") == "open")


def _spells(child: ChildKey, said: Iterable[_Said]) -> Iterator[Plan]:
    running: Plan | None = None
    ended_before = False
    for word in said:
        if word.ended:
            if running is not None:
                yield replace(running, until=word.at)
                ended_before = True
            running = None
        elif running is not None:
            running = _updated(running, word)
        elif word.began:
            running = _begun(child, word, again=ended_before)
    if running is not None:
        yield running


def _begun(child: ChildKey, word: _Said, *, again: bool) -> Plan:
    fact = word.fact
    due = word.open_due or ()
    return Plan(child, fact.source, word.at, None, again, fact.message, fact, fact.concerns, word.next_review, due)


def _updated(plan: Plan, word: _Said) -> Plan:
    """A later word about a running plan holds; of what it is silent on, the earlier one."""
    return replace(
        plan,
        desk=word.fact.source,
        message={**plan.message, **word.fact.message},
        concerns=word.fact.concerns or plan.concerns,
        next_review=word.next_review or plan.next_review,
        open_due=plan.open_due if word.open_due is None else word.open_due,
    )
