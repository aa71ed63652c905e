"""Whom to invite to a meeting: who works with somebody of it, and who raised a concern (register F9, F20 to F23).

Proposals go to the desk that is asked to hold the meeting, where a duty says so. Ties count as they do for `known_to`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from frontdoor_chassis.directory import Desk, Directory
from frontdoor_router.core.candidates import raised_by
from frontdoor_router.core.case import Case, Subject
from frontdoor_router.core.facting import CARING
from frontdoor_router.core.known_to import category_of_work, working
from frontdoor_schemas.vocabulary import Category, Relation, Role

CONCERNED = "concerned"
"""The reason for a desk that raised a concern; for all others it is the relation."""
NO_REASON = frozenset({Relation.no_school, Relation.dentist})
"""That a child has a dentist, as most have, or no school, is no reason to invite; a dentist who raised a concern is concerned."""
NEVER_INVITED = frozenset({Role.register, Role.manager})

LOCAL = frozenset(
    {
        *(Role.school_dsl, Role.early_years_lead, Role.gp, Role.dentist),
        *(Role.health_visiting, Role.school_nursing, Role.midwifery),
    }
)
"""Roles of desks that look after those who live near them: that one works with somebody says where she or he is."""

WALLED = frozenset({Category.offence_and_court, Category.adult_health_and_treatment})
"""Who may know where somebody is may not therefore know of these."""

_FIELDS: Mapping[Category, str] = {
    Category.locating: "proposed_invitees_protected",
    Category.offence_and_court: "proposed_invitees_justice",
    Category.adult_health_and_treatment: "proposed_invitees_treatment",
    Category.child_health: "proposed_invitees_health",
    Category.professional_network: "proposed_invitees",
}
FIELDS = frozenset(_FIELDS.values())


@dataclass(frozen=True, slots=True)
class Proposal:
    """A desk to invite because of one person, and why. That it works with that person is a fact of the category of its work.

    In a protected case, where a desk says where somebody is, it is a locating fact.
    """

    ref: str
    desk: str
    reason: str
    category: Category

    @property
    def field(self) -> str:
        """The computed field that carries it."""
        return _FIELDS[self.category]


def proposals(case: Case, convenor: Sequence[str], directory: Directory, today: date) -> list[Proposal]:
    """Whom a convenor should invite, in order; not itself. `convenor` is its id, before those of the desks whose work it has."""
    found = dict.fromkeys(
        Proposal(subject.ref, desk.id, reason, _category(case, desk, reason))
        for subject in (*case.children, *case.adults)
        for desk, reason in _reasons(case, subject, convenor, directory, today)
        if desk.id != convenor[0] and desk.in_force(today) and desk.role not in NEVER_INVITED
    )
    return sorted(found, key=lambda one: (one.ref, one.field, one.desk, one.reason))


def _category(case: Case, desk: Desk, reason: str) -> Category:
    """In a protected case who raised a concern locates as a school does: it is who wrote. Justice and treatment stay facts of their own."""
    work = category_of_work(desk.role)
    locates = reason == CONCERNED or reason in CARING or not LOCAL.isdisjoint(desk.roles)
    return Category.locating if case.protected and locates and work not in WALLED else work


def _reasons(case: Case, subject: Subject, to: Sequence[str], directory: Directory, today: date) -> Iterator[tuple[Desk, str]]:
    ties = working(case, subject, directory, today, to)
    yield from ((desk, tie.relation.value) for tie, desk in ties if tie.relation not in NO_REASON)
    if subject.mention.kind == "child":
        raised = (directory.acting(desk, today) for desk in raised_by(case, subject, to=to))
        yield from ((desk, CONCERNED) for desk in raised if desk is not None)
