"""What an answer says of one person, list by list: from what the asking desk may know of her or him, and from nothing else."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from frontdoor_router.core.asking import CONCERN, About
from frontdoor_router.core.facting import CARING
from frontdoor_router.core.flags import CURRENT, PREVIOUS, PROTECTION, change
from frontdoor_router.core.flags import shown as standing_flags
from frontdoor_router.core.known_to import JUSTICE, TREATMENT
from frontdoor_router.core.past import Line
from frontdoor_router.core.replay import Policies, Replay
from frontdoor_router.core.sheets import Item
from frontdoor_router.core.world import Tie
from frontdoor_schemas.envelope import DeliveryKind, Section
from frontdoor_schemas.vocabulary import Category, EventType, Role

PLAN, STATUS, PRIMARY = "plan_type=", "to_status=", "category_primary="
RUNNING = frozenset({"started", "breached"})
MINUTES = frozenset(
    {EventType.conference_minutes, EventType.core_group_minutes, EventType.child_in_need_minutes, EventType.meeting_minutes}
)
CONCERN_FACTS: Mapping[str, str] = {"what": "what", "impact_on_child": "impact_on_child"}
STRENGTH_FACTS: Mapping[str, str] = {"strengths": "strengths", "protective_factors": "protective_factors"}
NEED_FACTS: Mapping[str, str] = {"unmet_needs": "unmet_needs", "unmet_need": "unmet_needs"}
WORKER_FACTS: Mapping[str, str] = {name: name for name in ("desk", "name", "role", "contact")}
CHILD_NAMES = ("given_name", "family_name", "born", "unborn", "expected_on", "sex")
ADULT_NAMES = ("given_name", "family_name")


def value_of(line: Line, mark: str) -> str | None:
    """What a line says after a mark."""
    return next((m.removeprefix(mark) for m in sorted(line.marks) if m.startswith(mark)), None)


def _day(about: About, moment: datetime) -> str:
    return moment.astimezone(about.asking.zone).date().isoformat()


# ---------------------------------------------------------------- from the chronology and the ties: the agreements are asked


def chronology(about: About) -> Iterator[Item]:
    """Every event, sorted by when it happened (L1, L4)."""
    for line in about.lines:
        said = {"said": sorted(line.marks)} if line.marks else {}
        yield _item(about, "earlier", line, {"on": _day(about, line.entry.occurred_at), "event_type": line.entry.type.value, **said})


def counted(about: About) -> Iterator[Item]:
    """How many there are."""
    if about.lines:
        yield _item(about, "events_count", about.lines[-1], {"count": len(about.lines)})


def frequency(about: About) -> Iterator[Item]:
    """How many in each month of the partnership's calendar (L4)."""
    months: dict[str, list[Line]] = {}
    for line in about.lines:
        months.setdefault(_day(about, line.entry.occurred_at)[:7], []).append(line)
    yield from (_item(about, "frequency", lines[0], {"month": month, "count": len(lines)}) for month, lines in months.items())


def concern_counts(about: About) -> Iterator[Item]:
    """How many are about each type of concern: what adds up below any threshold (C13, L5)."""
    kinds = Counter(m.removeprefix(CONCERN) for line in about.lines for m in line.marks if m.startswith(CONCERN))
    yield from (_item(about, "concern_counts", about.lines[-1], {"concern": kind, "count": n}) for kind, n in sorted(kinds.items()))


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that runs: the line by which it began, and the last that speaks of it."""

    type: str
    began: Line
    last: Line


def plans_of(about: About) -> list[Plan]:
    """The plans that run, by what the desk may know."""
    found: dict[str, Plan] = {}
    for line in about.known:
        kind, status = value_of(line, PLAN), value_of(line, STATUS)
        if line.entry.type is not EventType.plan_status or kind is None or status is None:
            continue
        if status not in RUNNING:
            found.pop(kind, None)
        elif kind in found:
            found[kind] = Plan(kind, found[kind].began, line)
        else:
            found[kind] = Plan(kind, line, line)
    return list(found.values())


def current_plans(about: About) -> Iterator[Item]:
    """Type, status, category, since when (B2)."""
    for plan in plans_of(about):
        category = value_of(plan.last, PRIMARY) or value_of(plan.began, PRIMARY)
        said = {"plan_type": plan.type, "status": value_of(plan.last, STATUS), "category": category}
        yield _item(about, "current_plans", plan.began, {**_there(said), "since": _day(about, plan.began.entry.occurred_at)})


def flags(about: About) -> Iterator[Item]:
    """What plans make a record show (C12, C13)."""
    running = plans_of(about)
    shown = {CURRENT[plan.type]: plan.began for plan in running if plan.type in CURRENT}
    protection = [x for x in about.known if x.entry.type is EventType.plan_status and value_of(x, PLAN) == PROTECTION]
    changes = (change(x.entry.occurred_at, x.marks) for x in protection)
    if CURRENT[PROTECTION] not in shown and PREVIOUS in standing_flags(one for one in changes if one):
        shown[PREVIOUS] = protection[-1]
    yield from (_item(about, "flags", line, {"flag": flag}) for flag, line in shown.items())


def at_address(about: About) -> Iterator[Item]:
    """That somebody lives at the address asked about is itself a fact about her or him."""
    if about.lives_there_by:
        yield Item("at_address", about.ref, about.asking.bare.now, {})


def involved(about: About) -> Iterator[Item]:
    """Who works with the person now, and for what (G27)."""
    for tie in about.ties:
        desk = about.asking.directory.find(tie.desk)
        if desk is not None:
            purpose = next(_purposes(about, tie), None)
            said = _there({"plan": tie.plan, "purpose": purpose})
            facts = {"desk": tie.desk, "role": desk.role.value, "relation": tie.relation.value, "since": _day(about, tie.since), **said}
            yield Item(_field(about, tie, desk.role), about.ref, tie.since, facts, event=tie.event)


def _field(about: About, tie: Tie, role: Role) -> str:
    """That such a service works with somebody is a fact of its kind; where a protected child goes to school says where it is."""
    if role in JUSTICE:
        return "involved_justice"
    if role in TREATMENT:
        return "involved_treatment"
    if tie.relation in CARING and about.protected:
        return "involved_protected"
    return "involved_health" if role is Role.camhs else "involved"


def _purposes(about: About, tie: Tie) -> Iterator[str]:
    replay = about.asking.replay(tie.event)
    if replay is not None:
        for section, _ in replay.about(about.person, Category.professional_network):
            yield from (value for path, value in section.body.items() if path == "purpose")


def minutes(about: About) -> Iterator[Item]:
    """Where the desk finds the minutes that it was given about the person (C10)."""
    held_by = about.asking.recollection.held_by
    for line in about.lines:
        told = about.asking.world.events[line.entry.event].told if line.entry.type in MINUTES else ()
        mine = {t.id for t in told if t.desk == about.asking.desk and t.kind == DeliveryKind.disclosure and about.person in t.about}
        for held in held_by(about.asking.desk, line.entry.event):
            if held.id in mine:
                where = _there({"disclosure": str(held.id), "number": held.number})
                facts = {**where, "event_type": line.entry.type.value, "on": _day(about, line.entry.occurred_at)}
                yield _item(about, "minutes", line, facts)


def _item(about: About, field: str, line: Line, facts: Mapping[str, Any]) -> Item:
    return Item(field, about.ref, line.entry.occurred_at, facts, event=line.entry.event)


def _there(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


# ---------------------------------------------------------------- from what earlier events say: each was ruled for itself


def concerns(about: About) -> Iterator[Item]:
    """What was seen or said about the person, and what it did to her or him (L26, L4)."""
    yield from _from_content(about, "concerns", CONCERN_FACTS)


def strengths(about: About) -> Iterator[Item]:
    """Strengths, and what protects."""
    yield from _from_content(about, "strengths", STRENGTH_FACTS)


def unmet_needs(about: About) -> Iterator[Item]:
    """What is lacking."""
    yield from _from_content(about, "unmet_needs", NEED_FACTS)


def _from_content(about: About, field: str, wanted: Mapping[str, str]) -> Iterator[Item]:
    category = Item(field, None, about.asking.bare.now, {}).category
    for line, replay in about.replays:
        head = {"on": _day(about, line.entry.occurred_at), "event_type": line.entry.type.value}
        for section, policies in replay.about(about.person, category):
            for facts in _said(section, wanted, replay.content.refs_of(about.person)):
                yield Item(field, about.ref, line.entry.occurred_at, {**head, **facts}, line.entry.event, policies)


def _said(section: Section, wanted: Mapping[str, str], refs: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The wanted facts of a section, block by block; of blocks of people only the person's own."""
    blocks: dict[str, dict[str, Any]] = {}
    own = tuple(f"{'children' if ref.startswith('child') else 'adults'}/{ref.partition('-')[2]}/" for ref in refs)
    for path, value in section.body.items():
        place, _, name = path.rpartition("/")
        if name in wanted and (not path.startswith(("children/", "adults/")) or path.startswith(own)):
            blocks.setdefault(place, {})[wanted[name]] = value
    yield from blocks.values()


def lead_workers(about: About) -> Iterator[Item]:
    """Who leads each plan that runs, by the last event that says so (B2)."""
    for plan in plans_of(about):
        for line in (plan.last, plan.began):
            if found := list(_workers(about, plan, line)):
                yield found[0]
                break


def _workers(about: About, plan: Plan, line: Line) -> Iterator[Item]:
    replay = about.asking.replay(line.entry.event)
    sections = replay.about_event(Category.professional_network) if replay else ()
    for section, policies in sections:
        worker = {path.rpartition("/")[2]: v for path, v in section.body.items() if path.startswith("lead_worker/")}
        facts = {name: worker[name] for name in WORKER_FACTS if name in worker}
        if facts:
            yield Item("lead_workers", about.ref, line.entry.occurred_at, {"plan_type": plan.type, **facts}, line.entry.event, policies)


@dataclass(frozen=True, slots=True)
class Named:
    """How an earlier event names a person: fields of her or his block, and what permits it."""

    category: Category
    body: Mapping[str, Any]
    event: UUID
    policies: Policies


def name_of(about: About) -> Named | None:
    """The person's name as the newest event has it that the desk may read."""
    child = about.kind == "child"
    category, names = (Category.child_identity, CHILD_NAMES) if child else (Category.family_network, ADULT_NAMES)
    at = f"{'children' if child else 'adults'}/{about.ref.partition('-')[2]}/"
    for line, replay in reversed(about.replays):
        for section, policies in replay.about(about.person, category):
            body = _own_names(section, replay, about.person, names)
            if body:
                return Named(category, {at + name: value for name, value in body.items()}, line.entry.event, policies)
    return None


def _own_names(section: Section, replay: Replay, person: UUID, names: Iterable[str]) -> dict[str, Any]:
    keys = {ref.partition("-")[2] for ref in replay.content.refs_of(person)}
    found = {tuple(path.split("/")): value for path, value in section.body.items()}
    return {p[2]: v for p, v in found.items() if len(p) == 3 and p[1] in keys and p[2] in names}  # noqa: PLR2004 - list, key, field


# ---------------------------------------------------------------- which question is answered with what

Part = Callable[[About], Iterator[Item]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an answer about a person is made of. Without the list `only_with` nothing is said of her or him."""

    made: tuple[Part, ...]
    quoted: tuple[Part, ...] = ()
    names: bool = False
    only_with: str | None = None


RECIPES: Mapping[str, Recipe] = {
    "child_view": Recipe(
        (current_plans, flags, involved, chronology, counted, concern_counts), (lead_workers, concerns, strengths, unmet_needs), names=True
    ),
    "chronology": Recipe((chronology, counted, frequency, concern_counts), (concerns,)),
    "household": Recipe((chronology, counted, frequency, concern_counts), (concerns,), names=True),
    "plan_status": Recipe((current_plans,), (lead_workers,)),
    "address": Recipe((at_address, current_plans, flags, counted, concern_counts), names=True, only_with="at_address"),
    "minutes": Recipe((minutes,)),
}
"""Questions about people. What became of an incident is no question about a person: `incidents`."""
