"""Ties between desks and people that an event begins or ends: involvement, the groups of plans, schools and services moved to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.case import Case
from frontdoor_router.core.world import Tie, runs_beside
from frontdoor_schemas.vocabulary import EventType, Relation, Role

ENDED: Final = frozenset({"ended", "none"})
"""Values of `to_status` by which a plan stops running."""
EARLY_HELP: Final = "early_help"
MOVES: Mapping[str, tuple[tuple[Relation, Role], ...]] = {
    "school": ((Relation.school, Role.school_dsl), (Relation.early_years, Role.early_years_lead)),
    "practice": ((Relation.gp, Role.gp),),
    "community_health": ((Relation.health_visiting, Role.health_visiting), (Relation.school_nursing, Role.school_nursing)),
}
"""What may move, by the end of the fields' names, and as what a desk of which role then stands to the child."""


def ties_of(case: Case, directory: Directory, today: date, zone: ZoneInfo) -> tuple[list[Tie], list[Tie]]:
    """The ties that an event begins, and those that it ends at `case.took_effect_at`.

    Events come in any order. An end is kept as a tie that never holds, so that a beginning before it of which the exchange hears later
    ends with it; and it ends nothing that began after it. Each statement makes a tie of its own: taking one back leaves the others.
    """
    begun, ended = _changes(case, directory, today)
    return [_up_to_its_end(case, tie) for tie in _since(case, begun, zone)] + _ends(case, ended, directory), ended


def _since(case: Case, begun: Iterable[Tie], zone: ZoneInfo) -> list[Tie]:
    """Ties from the day that the event says, if it says one: from its first moment in the partnership's zone."""
    day = case.message.get("since")
    at = datetime.combine(date.fromisoformat(day), time(0), tzinfo=zone).astimezone(UTC) if day else _begins_at(case)
    return [replace(tie, since=at) for tie in begun]


def _changes(case: Case, directory: Directory, today: date) -> tuple[list[Tie], list[Tie]]:
    match case.type:
        case EventType.involvement_started:
            return list(_started(case, directory)), []
        case EventType.involvement_ended:
            return [], list(_ended(case, directory, today))
        case EventType.child_moved:
            return list(_arrived(case, directory)), list(_left(case, directory, today))
        case _:
            group = _group(case)
            return (list(_joined(case, group, directory)), list(_over(case, group, directory))) if group else ([], [])


def about(case: Case, field: str) -> Iterator[UUID]:
    """The known people that a field of the event is about, as its section says."""
    refs = {ref for section in case.sections if field in section.body for ref in section.subjects}
    return (s.person.id for ref, s in case.subjects.items() if ref in refs and s.person is not None)


def _started(case: Case, directory: Directory) -> Iterator[Tie]:
    message = case.message
    desk, relation = message.get("desk"), message.get("relation")
    if desk is None or relation is None or directory.find(desk) is None:
        return
    yield from (_tie(case, person, desk, Relation(relation), directory) for person in about(case, "relation"))


def _begins_at(case: Case) -> datetime:
    return case.took_effect_at if case.type is EventType.child_moved else case.happened_at


def _up_to_its_end(case: Case, tie: Tie) -> Tie:
    """A tie of which an end is known already that came after it was stated."""
    ties = case.world.ties.get(tie.person, ())
    ends = [t for t in ties if t.ends(tie, ties) and t.since > _begins_at(case)]
    end = min(ends, key=lambda t: t.since, default=None)
    return replace(tie, until=end.since, ended_by=end.event) if end else tie


def _ends(case: Case, ended: Iterable[Tie], directory: Directory) -> list[Tie]:
    """What is kept of the ends that an event says: of a plan, or of ties that it ends and the one that it names, known or not."""
    at, desk, group = case.took_effect_at, case.source.desk, _group(case)
    if group is not None:
        people = about(case, group.about) if group.plan and _may_end(case, group, directory) else ()
        return [Tie(person, desk, Relation.plan_group, at, desk, None, case.envelope.id, until=at, plan=group.plan) for person in people]
    ties = {(t.person, t.desk, t.relation) for t in ended} | set(_named_ends(case, directory))
    return [Tie(*t, at, desk, None, case.envelope.id, until=at) for t in sorted(ties, key=str)]


def _named_ends(case: Case, directory: Directory) -> Iterator[tuple[UUID, str, Relation]]:
    if case.type is EventType.child_moved and case.message.get("temporary") != "yes":
        for relation, old, _ in _moves(case, directory):
            if old and (old == case.source.desk or directory.confirms(case.source.desk, relation)):
                yield from ((person, old, relation) for person in about(case, "moved"))
    desk, said = case.message.get("desk"), case.message.get("relation")
    if case.type is not EventType.involvement_ended or desk is None or said is None:
        return
    if desk == case.source.desk or directory.confirms(case.source.desk, Relation(said)):
        yield from ((person, desk, Relation(said)) for person in about(case, "relation"))


def _runs(case: Case, tie: Tie) -> bool:
    """Whether an event may end a tie: one that began before, or that is announced, and has no end that comes sooner."""
    begun = tie.since <= case.took_effect_at or tie.since > case.now
    return begun and not tie.is_end and not tie.is_taken_back and (tie.until is None or tie.until > case.took_effect_at)


def _tie(case: Case, person: UUID, desk: str, relation: Relation, directory: Directory, plan: str | None = None) -> Tie:
    confirmed = case.source.desk if directory.confirms(case.source.desk, relation) else None
    since = _begins_at(case)
    worker, contact = _worker(case, desk)
    stated = (person, desk, relation, since, case.source.desk, confirmed, case.envelope.id)
    return Tie(*stated, plan=plan, worker=worker, contact=contact, withheld_from=case.withheld_from)


def _worker(case: Case, desk: str) -> tuple[str | None, str | None]:
    """The desk's worker and how to reach her or him, as an involvement says. Of what is withheld from anybody nothing is kept."""
    worker = case.message.get("worker", {}) if case.type is EventType.involvement_started else {}
    if case.withheld_from or worker.get("desk", desk) != desk:
        return None, None
    return worker.get("name"), worker.get("contact")


def _ended(case: Case, directory: Directory, today: date) -> Iterator[Tie]:
    """Ties that end: a desk may end its own, whoever confirmed them; another's only who may confirm the relation."""
    desk, relation = case.message.get("desk"), case.message.get("relation")
    if desk is None or relation is None:
        return
    if not (_is_of(desk, case.source.desk, directory, today) or directory.confirms(case.source.desk, Relation(relation))):
        return
    for person in about(case, "relation"):
        for tie in case.world.ties.get(person, ()):
            if _is_of(tie.desk, desk, directory, today) and tie.relation.value == relation and _runs(case, tie):
                yield tie


def _is_of(tied: str, desk: str | None, directory: Directory, today: date) -> bool:
    """Whether a tie is a desk's own, or that of a desk whose work it has."""
    acting = directory.acting(tied, today) if tied != desk else None
    return tied == desk or (acting is not None and acting.id == desk)


class Group(NamedTuple):
    """The group of one plan: of which kind, by which field the event says about whom, in which it lists the desks; `over`: it ends."""

    plan: str | None
    about: str
    desks: str
    over: bool


def _group(case: Case) -> Group | None:
    """The group that an event begins, changes or ends."""
    said = case.message
    match case.type:
        case EventType.plan_status:
            return Group(said.get("plan_type"), "to_status", "members", over=said.get("to_status") in ENDED)
        case EventType.early_help_assessment:
            return Group(EARLY_HELP, "stage", "team", over=said.get("stage") == "closed")
        case _:
            return None


def _may_end(case: Case, group: Group, directory: Directory) -> bool:
    return group.over and directory.confirms(case.source.desk, Relation.plan_group)


def _joined(case: Case, group: Group, directory: Directory) -> Iterator[Tie]:
    if group.over:
        return
    for person in about(case, group.about):
        for desk in case.message.get(group.desks, ()):
            if directory.find(desk):
                yield _tie(case, person, desk, Relation.plan_group, directory, group.plan)


def newest_worker(ties: Iterable[Tie]) -> tuple[str, str | None] | None:
    """The worker whom the last of these ties that names one names, and the contact; ties are in the order in which they were stated."""
    return next(((t.worker, t.contact) for t in reversed(list(ties)) if t.worker is not None), None)


def _over(case: Case, group: Group, directory: Directory) -> Iterator[Tie]:
    """The group of the plan that ended; that of another plan of the child runs on, with who is in the group of none in particular."""
    if not _may_end(case, group, directory):
        return
    for person in about(case, group.about):
        ties = case.world.ties.get(person, ())
        last = group.plan is None or not runs_beside(group.plan, case.took_effect_at, ties)
        for tie in ties:
            its_own = tie.plan == group.plan or (tie.plan is None and last)
            if tie.relation is Relation.plan_group and its_own and _runs(case, tie):
                yield tie


def _moves(case: Case, directory: Directory) -> Iterator[tuple[Relation, str | None, str | None]]:
    """Which relations change, from which desk and to which. A community health service visits or nurses: its desk says which."""
    for field, relations in MOVES.items():
        old, new = case.message.get(f"from_{field}"), case.message.get(f"to_{field}")
        for relation, role in relations:
            before, after = (desk if _fills(desk, role, directory) else None for desk in (old, new))
            if before or after:
                yield relation, before, after


def _fills(desk: str | None, role: Role, directory: Directory) -> bool:
    found = directory.find(desk) if desk else None
    return found is not None and role in found.roles


def _arrived(case: Case, directory: Directory) -> Iterator[Tie]:
    for relation, _, new in _moves(case, directory):
        for person in about(case, "moved") if new else ():
            yield _tie(case, person, new or "", relation, directory)


def _left(case: Case, directory: Directory, today: date) -> Iterator[Tie]:
    """Ties that end with a move: said by whom they are with, or by who may confirm. One who moves for a while leaves nobody (G23)."""
    if case.message.get("temporary") == "yes":
        return
    for relation, old, new in _moves(case, directory):
        may = directory.confirms(case.source.desk, relation)
        for person in about(case, "moved"):
            for tie in case.world.ties.get(person, ()):
                mine, at_old, at_new = (_is_of(tie.desk, desk, directory, today) for desk in (case.source.desk, old, new))
                left = at_old or (old is None and may and not at_new)
                if tie.relation is relation and left and (may or mine) and _runs(case, tie):
                    yield tie
