"""Who comes into question: desks that a duty names, and desks that the author names. Permission alone never sends."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from frontdoor_chassis.directory import Desk, Directory
from frontdoor_router.core.case import Case, Subject, desks_at, keeps_from, standing
from frontdoor_router.core.conditions import values
from frontdoor_router.core.duties import AgeRange, Duty, EachAdult, EachChild, Tell, WholeEvent
from frontdoor_router.core.facts import IDENTITY_REVIEW, NAMED_BY_AUTHOR
from frontdoor_router.core.known_to import Service, any_unknown, unknown
from frontdoor_router.core.referring import referrers
from frontdoor_router.core.tying import MOVES
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.vocabulary import EventType, Relation, Role

LINKS: Final = "practice_links"
ONLY_AS_PERMITTED = frozenset({"named", "owners", "told_of_thread", "concerned", LINKS})
"""Relations for which it is no failing when the agreements permit nothing: others chose the desk, and a practice's
link workers are of several kinds."""

OWNED = ("actions", "plan_items")
"""Lists of an event whose items have an owner."""
RAISING = frozenset(
    {
        EventType.referral,
        EventType.police_incident,
        EventType.concern,
        EventType.was_not_brought,
        EventType.expectant_mother,
        EventType.school_attendance,
        EventType.adult_service,
    }
)
"""Types by which an agency says that it is concerned about a child."""

OF_ROLE = "role:"
ALWAYS_SOMEBODY = frozenset({"role", "desk"})
"""Relations to an event by which the partnership itself names who is to hear of it."""

OWED_AN_ANSWER = frozenset({"referrer", "owners"})
"""Relations to an event of which nobody may be lost because the desk has ended and nobody has its work."""

STATED_FIELDS = {
    Relation.school: "school",
    Relation.early_years: "school",
    Relation.gp: "practice",
    Relation.health_visiting: "community_health",
    Relation.school_nursing: "community_health",
    Relation.dentist: "dentist",
}
"""Where an author may state a relation that no register has confirmed."""


@dataclass(frozen=True, slots=True)
class Owing:
    """A duty towards one desk about some people; `subjects` is empty when it is about the event as a whole."""

    duty: Duty
    subjects: tuple[str, ...]


@dataclass(slots=True)
class Candidate:
    """A desk that comes into question, and why."""

    desk: str
    owing: list[Owing] = field(default_factory=list)
    named: bool = False
    review: bool = False
    stated: set[str] = field(default_factory=set)
    """Whom it has to do with by the author's own word."""
    linked: set[str] = field(default_factory=set)
    """The children whose practice it is a link worker of: its own, as they are the practice's, and nothing that the author said."""
    asks: str | None = None
    """The purpose under which the desk's own question is answered."""
    predecessors: tuple[Desk, ...] = ()
    """The desks that have ended and whose work it has."""
    by: dict[str, "Candidate"] = field(default_factory=dict)
    """Where there are any: what it is by itself, and what it is through each of them, by the id of the desk."""

    @property
    def acts_for(self) -> tuple[str, ...]:
        """The desk, and those whose work it has: what was said to them and of them counts as said to it and of it."""
        return (self.desk, *(d.id for d in self.predecessors))

    def owe(self, duty: Duty, subject: str | None) -> None:
        """Note that a duty names it, about one person or the event."""
        for n, owing in enumerate(self.owing):
            if owing.duty.id == duty.id:
                if subject is not None and subject not in owing.subjects:
                    self.owing[n] = Owing(duty, (*owing.subjects, subject))
                return
        self.owing.append(Owing(duty, (subject,) if subject else ()))

    @property
    def must_permit(self) -> bool:
        """Whether a duty of the partnership names the desk, so that permitting nothing is a failing for a person to see."""
        return any(o.duty.relation not in ONLY_AS_PERMITTED for o in self.owing)

    @property
    def histories(self) -> tuple[str, ...]:
        """The purposes for which it may know of earlier events that it was not told of."""
        found = dict.fromkeys(o.duty.history for o in self.owing if o.duty.history)
        return (*found, self.asks) if self.asks else tuple(found)

    @property
    def known_to(self) -> tuple[Service, ...]:
        """The services of whose work it is answered."""
        return tuple(dict.fromkeys(service for o in self.owing for service in o.duty.known_to))

    @property
    def flags(self) -> bool:
        """Whether it is told which flags its own records have to show."""
        return any(o.duty.flags for o in self.owing)

    @property
    def proposes(self) -> bool:
        """Whether it is told whom to invite to the meeting."""
        return any(o.duty.propose_invitees for o in self.owing)

    @property
    def purposes(self) -> tuple[str, ...]:
        """The purposes for which it may be told, each asked of the agreements."""
        found = dict.fromkeys(o.duty.because for o in self.owing)
        if self.named:
            found[NAMED_BY_AUTHOR] = None
        if self.review:
            found[IDENTITY_REVIEW] = None
        if self.asks:
            found[self.asks] = None
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Unmet:
    """A duty that found no desk, or none that still exists: a piece of work for a person."""

    duty: Duty
    subject: str | None


@dataclass(slots=True)
class Search:
    """The result of looking for candidates."""

    candidates: dict[str, Candidate] = field(default_factory=dict)
    unmet: list[Unmet] = field(default_factory=list)
    colleagues: dict[str, Candidate] = field(default_factory=dict)
    """Other desks of the publishing agency that a duty would tell if another agency said what this one says. Its own word makes nobody a
    recipient: they are given work, without content."""
    absent: list[str] = field(default_factory=list)
    """Desks that the author names and that do not exist, or no longer, and whose work nobody has."""
    before: Callable[[str], tuple[Desk, ...]] = field(default=lambda _: ())
    """The desks whose work a desk has."""

    def meant(self, desk: str, *, through: str | None = None) -> Iterator[Candidate]:
        """Have a desk come into question, by itself or through one whose work it has: what it is now, and what it is by that."""
        candidate = self.candidates.get(desk)
        if candidate is None:
            candidate = self.candidates[desk] = Candidate(desk, predecessors=self.before(desk))
        yield candidate
        if candidate.predecessors:
            yield candidate.by.setdefault(through or desk, Candidate(through or desk))

    def add(self, desk: str, duty: Duty, subject: str | None, *, through: str | None = None, stated: bool = False) -> None:
        """Note that a duty names a desk, about one person or the event."""
        for candidate in self.meant(desk, through=through):
            candidate.owe(duty, subject)
            if stated and subject is not None:
                candidate.stated.add(subject)
            if subject is not None and duty.tell == EachChild(LINKS):
                candidate.linked.add(subject)


def find_candidates(case: Case, duties: Iterable[Duty], directory: Directory, today: date) -> Search:
    """Work out every desk that a duty or the author addresses. The source desk is never its own recipient."""
    search = Search(before=lambda desk: directory.predecessors(desk, today))
    for duty in duties:
        if duty.tell is not None and applies(duty, case, directory, today):
            _tell(search, case, duty, duty.tell, directory, today)
    for desk in sorted(named_desks(case)):
        acting = directory.acting(desk, today)
        for candidate in search.meant(acting.id, through=desk) if acting else ():
            candidate.named = True
        if acting is None:
            search.absent.append(desk)
    if case.for_review:
        for found in directory.desks_of_role(Role.front_door, today):
            for candidate in search.meant(found.id):
                candidate.review = True
    source = directory.acting(case.source.desk, today)
    search.candidates.pop(source.id if source else case.source.desk, None)
    return search


def applies(duty: Duty, case: Case, directory: Directory, today: date) -> bool:
    """Whether an event asks for a duty."""
    answered = case.answers_now
    before = answered.marks if answered else ()
    if not duty.applies(case.message, source=case.source.role, cause=answered.type if answered else None, said_before=before):
        return False
    if duty.names_another and not any(case.names_first(child) for child in case.children):
        return False
    return not duty.only_if_unknown or any_unknown(case, duty.only_if_unknown, directory, today)


def named_desks(case: Case) -> frozenset[str]:
    """Desks that the author names: in an audience, as members or invited, or as asked."""
    model = MODELS[case.type]
    named = desks_at(case.message, model.names_desks | model.asks_desks)
    audiences = {to for section in case.sections for to in section.to if "." in to}
    return named | audiences


def _tell(search: Search, case: Case, duty: Duty, tell: Tell, directory: Directory, today: date) -> None:
    match tell:
        case EachChild():
            children = filter(case.names_first, case.children) if duty.names_another else case.children
            people = [s for s in children if _in_age(case, s, duty.age, today)]
        case EachAdult():
            people = [s for s in _adults_meant(case) if s.person is not None]
        case WholeEvent(relation):
            _tell_of_event(search, case, duty, relation, directory, today)
            return
    for subject in people:
        if not duty.only_if_unknown or unknown(case, duty.only_if_unknown, subject, directory, today):
            _tell_about(search, case, duty, subject, directory, today)


def _adults_meant(case: Case) -> list[Subject]:
    """The adults whom the event says it is about; all whom it names, where it says so of none."""
    about = case.message.get("about", ())
    return [adult for adult in case.adults if adult.ref in about] or case.adults


def _tell_of_event(search: Search, case: Case, duty: Duty, relation: str, directory: Directory, today: date) -> None:
    named = _desks_of_event(case, relation, directory, today)
    there = [(desk, acting) for desk in named if (acting := directory.acting(desk, today))]
    for desk, acting in there:
        search.add(acting.id, duty, None, through=desk)
    lost = len(there) < len(named) and relation in OWED_AN_ANSWER
    if lost or (not there and (duty.must_find or relation.partition(":")[0] in ALWAYS_SOMEBODY)):
        search.unmet.append(Unmet(duty, None))


def _in_age(case: Case, subject: Subject, age: AgeRange | None, today: date) -> bool:
    if age is None:
        return True
    years = case.age(subject, today)
    return years is None or age.from_ <= years < age.under  # of whom nobody knows the age, nobody may be left out for it


def _tell_about(search: Search, case: Case, duty: Duty, subject: Subject, directory: Directory, today: date) -> None:
    named = list(_desks_about(case, duty, subject, directory, today))
    there = [(desk, stated, acting) for desk, stated in named if (acting := directory.acting(desk, today))]
    for desk, stated, acting in there:
        search.add(acting.id, duty, subject.ref, through=desk, stated=stated)
    if duty.relation == "moved":
        _leave_to_colleagues(search, case, duty, subject, directory, today)
    to_find = (duty.must_find or duty.relation.startswith(OF_ROLE)) and not (duty.relation == "school" and _in_no_school(case, subject))
    missed = len(there) < len(named) or (not named and to_find)
    if missed and subject.person is not None:  # who is not identified is already a task
        search.unmet.append(Unmet(duty, subject.ref))


def _leave_to_colleagues(search: Search, case: Case, duty: Duty, subject: Subject, directory: Directory, today: date) -> None:
    """A move between two desks of the agency that says it: the other one gets work, as the agency's word tells it nothing."""
    source = directory.acting(case.source.desk, today)
    for desk in sorted(_moved(case, subject, directory)):
        if not directory.speaks_for(case.source.agency, desk, today):
            continue
        acting = directory.acting(desk, today)
        if acting is None:
            search.unmet.append(Unmet(duty, subject.ref))
        elif acting.id != (source.id if source else case.source.desk):
            search.colleagues.setdefault(acting.id, Candidate(acting.id)).owe(duty, subject.ref)


def _desks_about(case: Case, duty: Duty, subject: Subject, directory: Directory, today: date) -> Iterator[tuple[str, bool]]:
    relation = duty.relation
    if relation == "no_school_lead":
        if _in_no_school(case, subject):
            yield from ((d.id, False) for d in directory.desks_of_role(Role.no_school_lead, today))
        return
    if relation.startswith(OF_ROLE):
        yield from ((d.id, False) for d in directory.desks_of_role(Role(relation.removeprefix(OF_ROLE)), today))
        return
    if relation == "referral_parties":
        yield from ((d, False) for d in _referral_parties(case, subject))
        return
    if relation == "concerned":
        yield from ((d, False) for d in raised_by(case, subject))
        return
    if relation == "moved":
        yield from ((_not_its_own(case, desk, directory, today), True) for desk in sorted(_moved(case, subject, directory)))
        return
    if relation == LINKS:
        yield from ((d, False) for d in _practice_links(case, subject, directory, today))
        return
    tie = Relation(relation)
    confirmed = list(dict.fromkeys(t.desk for t in case.tied(subject, tie)))
    yield from ((d, False) for d in confirmed if not duty.roles or directory.desk(d).role in duty.roles)
    stated = case.blocks[subject.ref].get(STATED_FIELDS.get(tie, ""))
    if duty.stated and not confirmed and stated and _role_fits(stated, tie, directory):
        yield _not_its_own(case, stated, directory, today), True


def _not_its_own(case: Case, desk: str, directory: Directory, today: date) -> str:
    """The desk that a source states; one of its own agency is put down as itself, who is told nothing: its own word makes no recipient."""
    return case.source.desk if directory.speaks_for(case.source.agency, desk, today) else desk


def _moved(case: Case, subject: Subject, directory: Directory) -> set[str]:
    """The desks from which and to which the event says that a child moves."""
    return {
        section.body[f"{side}_{field}"]
        for field, relations in MOVES.items()
        for side in ("from", "to")
        for section in case.sections
        if f"{side}_{field}" in section.body and subject.ref in section.subjects
        if any(_role_fits(section.body[f"{side}_{field}"], relation, directory) for relation, _ in relations)
    }


def _practice_links(case: Case, subject: Subject, directory: Directory, today: date) -> list[str]:
    """The link workers of the practice with which somebody is registered, or of the desk that has the practice's work (I31)."""
    acting = (directory.acting(tie.desk, today) for tie in case.tied(subject, Relation.gp))
    return sorted({link for practice in acting if practice for link in practice.links})


_ROLES_OF_RELATION = {
    Relation.school: {Role.school_dsl},
    Relation.early_years: {Role.early_years_lead},
    Relation.gp: {Role.gp},
    Relation.health_visiting: {Role.health_visiting},
    Relation.school_nursing: {Role.school_nursing},
    Relation.dentist: {Role.dentist},
}


def _role_fits(desk: str, relation: Relation, directory: Directory) -> bool:
    found = directory.find(desk)
    return found is not None and found.role in _ROLES_OF_RELATION.get(relation, set())


def _in_no_school(case: Case, subject: Subject) -> bool:
    if case.blocks[subject.ref].get("not_in_school"):
        return True
    return bool(case.tied(subject, Relation.no_school))


def raised_by(case: Case, subject: Subject, *, to: Collection[str] = ()) -> list[str]:
    """Desks that said they were concerned about somebody, in order of id; `to` others only those that did not withhold it from them."""
    raised = (entry for entry, _ in standing(case, subject) if entry.type in RAISING)
    return sorted({entry.source for entry in raised if not any(keeps_from(entry.withheld_from, desk) for desk in to)})


def _referral_parties(case: Case, subject: Subject) -> Iterator[str]:
    if subject.person is None:
        return
    for entry in case.world.entries.get(subject.person.id, ()):
        if entry.open and entry.type is EventType.referral:
            yield entry.source
            earlier = case.world.events.get(entry.event)
            yield from (t.desk for t in earlier.told if not t.withdrawn and t.kind == "disclosure") if earlier else ()


def _desks_of_event(case: Case, relation: str, directory: Directory, today: date) -> list[str]:
    match relation.partition(":"):
        case ("role", _, role):
            return [d.id for d in directory.desks_of_role(Role(role), today)]
        case ("desk", _, desk):
            return [desk]
        case ("source", _, _):
            return [case.source.desk]
        case ("asked", _, _):
            return sorted(desks_at(case.message, MODELS[case.type].asks_desks))
        case ("named", _, _):
            return sorted(named_desks(case))
        case ("owners", _, _):
            return sorted({str(owner) for field in OWNED for owner in values((field, "owner"), case.message)})
        case ("referrer", _, _):
            return sorted(referrers(case))
        case ("told_of_thread", _, _):
            return sorted(
                {t.desk for e in case.world.thread(case.envelope.thread) for t in e.told if t.kind == "disclosure" and not t.withdrawn}
            )
        case _:
            raise ValueError(f"no such relation to an event: {relation}")
