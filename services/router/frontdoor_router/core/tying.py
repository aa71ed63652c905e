"""Ties between desks and people that an event begins or ends: involvement, the groups of plans, schools and services moved to."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple
from uuid import UUID

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.case import Case
from frontdoor_router.core.world import Tie, World
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


def ties_of(case: Case, directory: Directory, today: date) -> tuple[list[Tie], list[Tie]]:
    """The ties that an event begins, and those that it ends at `case.took_effect_at`."""
    match case.type:
        case EventType.involvement_started:
            return list(_started(case, directory)), []
        case EventType.involvement_ended:
            return [], list(_ended(case, directory, today))
        case EventType.plan_status:
            over = case.message.get("to_status") in ENDED
            group = Group(case.message.get("plan_type"), "to_status", "members", over=over)
            return list(_joined(case, group, directory)), list(_over(case, group, directory))
        case EventType.early_help_assessment:
            group = Group(EARLY_HELP, "stage", "team", over=case.message.get("stage") == "closed")
            return list(_joined(case, group, directory)), list(_over(case, group, directory))
        case EventType.child_moved:
            return list(_arrived(case, directory)), list(_left(case, directory, today))
        case _:
            return [], []


def about(case: Case, field: str) -> Iterator[UUID]:
    """The known people that a field of the event is about, as its section says."""
    refs = {ref for section in case.sections if field in section.body for ref in section.subjects}
    return (s.person.id for ref, s in case.subjects.items() if ref in refs and s.person is not None)


def _started(case: Case, directory: Directory) -> Iterator[Tie]:
    message = case.message
    desk, relation = message.get("desk"), message.get("relation")
    if desk is None or relation is None or directory.find(desk) is None:
        return
    for person in about(case, "relation"):
        tie = _tie(case, person, desk, Relation(relation), directory)
        if not _is_tied(case.world, tie):
            yield tie


def _tie(case: Case, person: UUID, desk: str, relation: Relation, directory: Directory, plan: str | None = None) -> Tie:
    confirmed = case.source.desk if directory.confirms(case.source.desk, relation) else None
    since = _midnight(case.message.get("since")) or (case.took_effect_at if case.type is EventType.child_moved else case.happened_at)
    worker, contact = _worker(case, desk)
    stated = (person, desk, relation, since, case.source.desk, confirmed, case.envelope.id)
    return Tie(*stated, plan=plan, worker=worker, contact=contact, withheld_from=case.withheld_from)


def _worker(case: Case, desk: str) -> tuple[str | None, str | None]:
    """The desk's worker and how to reach her or him, as an involvement says. Of what is withheld from anybody nothing is kept."""
    worker = case.message.get("worker", {}) if case.type is EventType.involvement_started else {}
    if case.withheld_from or worker.get("desk", desk) != desk:
        return None, None
    return worker.get("name"), worker.get("contact")


def _midnight(day: str | None) -> datetime | None:
    return datetime.combine(date.fromisoformat(day), time(0), tzinfo=UTC) if day else None


def _ended(case: Case, directory: Directory, today: date) -> Iterator[Tie]:
    """Ties that end: a desk may end its own, whoever confirmed them; another's only who may confirm the relation."""
    desk, relation = case.message.get("desk"), case.message.get("relation")
    if desk is None or relation is None:
        return
    if not (_is_of(desk, case.source.desk, directory, today) or directory.confirms(case.source.desk, Relation(relation))):
        return
    for person in about(case, "relation"):
        for tie in case.world.ties.get(person, ()):
            if _is_of(tie.desk, desk, directory, today) and tie.relation.value == relation and tie.until is None:
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


def _joined(case: Case, group: Group, directory: Directory) -> Iterator[Tie]:
    if group.over:
        return
    for person in about(case, group.about):
        for desk in case.message.get(group.desks, ()):
            tie = _tie(case, person, desk, Relation.plan_group, directory, group.plan)
            if directory.find(desk) and not _is_tied(case.world, tie):
                yield tie


def _is_tied(world: World, new: Tie) -> bool:
    """Whether running ties say all that a new one would, to all whom it would, with the same worker and its author's wish last."""
    same = [t for t in world.ties.get(new.person, ()) if t.until is None and (t.desk, t.relation) == (new.desk, new.relation)]
    said = any(t.since <= new.since and t.says_all_of(new) and t.withheld_from <= new.withheld_from for t in same)
    mine = [t for t in same if t.plan == new.plan and t.asserted_by.partition(".")[0] == new.asserted_by.partition(".")[0]]
    alike = new.withheld_from == (mine[-1].withheld_from if mine else frozenset())
    return said and alike and (new.worker is None or newest_worker(same) == (new.worker, new.contact))


def newest_worker(ties: Iterable[Tie]) -> tuple[str, str | None] | None:
    """The worker whom the last of these ties that names one names, and the contact; ties are in the order in which they were stated."""
    return next(((t.worker, t.contact) for t in reversed(list(ties)) if t.worker is not None), None)


def _over(case: Case, group: Group, directory: Directory) -> Iterator[Tie]:
    """The group of the plan that ended; that of another plan of the child runs on."""
    if not group.over or not directory.confirms(case.source.desk, Relation.plan_group):
        return
    for person in about(case, group.about):
        for tie in case.world.ties.get(person, ()):
            if tie.relation is Relation.plan_group and tie.until is None and tie.plan in {None, group.plan}:
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
            tie = _tie(case, person, new or "", relation, directory)
            if not _is_tied(case.world, tie):
                yield tie


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
                if tie.relation is relation and tie.until is None and left and (may or mine):
                    yield tie
