"""Works out the closed facts of one desk and one subject: all that the agreements will ever hear."""

from collections.abc import Iterable
from functools import cached_property

from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.case import Case, Subject, withheld
from frontdoor_router.core.facts import Facts
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.vocabulary import Answer, Relation

YES, NO, UNKNOWN = Answer.yes.value, Answer.no.value, Answer.unknown.value

CARING = frozenset(
    {
        Relation.school,
        Relation.early_years,
        Relation.gp,
        Relation.health_visiting,
        Relation.school_nursing,
        Relation.midwifery,
        Relation.dentist,
    }
)
INVOLVED = frozenset({Relation.involved, Relation.plan_group})
MANAGING = frozenset({Relation.manages, Relation.treats})


def _yes(found: bool) -> str:
    return YES if found else NO


class DeskFacts:
    """The facts of one desk about one event; per subject they are worked out once."""

    def __init__(self, case: Case, candidate: Candidate, *, role: str, no_school_lead: bool) -> None:
        self._case = case
        self._candidate = candidate
        self._role = role
        self._no_school_lead = no_school_lead
        self._known: dict[tuple[str | None, str, str, bool, bool], Facts] = {}

    def of(self, section: Section, subject: str | None, purpose: str) -> Facts:
        """The facts under which one section, as far as it is about one subject, is asked for. The same facts are the same object."""
        desk = self._candidate.desk
        audience = self._audience(section)
        named = desk in section.to or (self._candidate.named and not section.to)
        source = not section.subjects and "source/desk" in section.body
        key = (subject, purpose, audience, named, source)
        facts = self._known.get(key)
        if facts is None:
            facts = self._known[key] = Facts(
                **self._facts(subject, purpose), audience=audience, named_by_author=_yes(named), source_section=_yes(source)
            )
        return facts

    def _audience(self, section: Section) -> str:
        if not section.to:
            return "none"
        desk = self._candidate.desk
        names = {desk, self._role}
        return "named" if names & set(section.to) else "not_named"

    def _facts(self, ref: str | None, purpose: str) -> dict[str, str]:
        case, desk = self._case, self._candidate.desk
        subject = case.subjects[ref] if ref is not None else None
        return {
            "event_type": case.type.value,
            "purpose": purpose,
            "source_role": case.source.role.value,
            "source_agency_is_recipients": _yes(case.source.agency == desk.split(".")[0]),
            "subject_role": subject.mention.kind if subject else "event",
            "of_subject": self._of_children(subject, CARING),
            "involved_with_subject": self._of_children(subject, INVOLVED),
            "plan_group": self._of_children(subject, frozenset({Relation.plan_group})),
            "manages_subject": self._manages(subject),
            "managed_elsewhere": self._managed_elsewhere(subject),
            "child_of_managed_adult": _yes(subject is not None and subject.mention.kind == "child" and self._manages_any),
            "adult_of_subject_child": _yes(subject is not None and subject.mention.kind == "adult" and self._knows_a_child),
            "referrer": _yes(case.cause is not None and case.cause.source == desk),
            "withheld": _yes(withheld(case, desk)),
            "named_for_subject": _yes(ref is not None and ref in self._named_for),
            "protected": self._protected(subject),
            "protected_case": _yes(any(s.protected is Answer.yes for s in case.subjects.values())),
            "listed": _yes(self._listed(subject)),
            "identity": self._identity(subject),
            "consent": self._consent,
        }

    @cached_property
    def _named_for(self) -> frozenset[str]:
        """The people about whom the author wrote something to this desk by name."""
        return frozenset(ref for section in self._case.sections if self._candidate.desk in section.to for ref in section.subjects)

    def _tied(self, subject: Subject, relations: Iterable[Relation]) -> str:
        if subject.ref in self._candidate.stated and set(relations) & CARING:
            return YES  # the pack lets this duty go by what another agency states
        if subject.person is None:
            return UNKNOWN
        ties = self._case.world.ties.get(subject.person.id, ())
        return _yes(
            any(t.desk == self._candidate.desk and t.relation in relations and t.confirmed_by and t.holds(self._case.now) for t in ties)
            or (self._no_school_lead and self._owed_about(subject.ref) and set(relations) == CARING)
        )

    def _owed_about(self, ref: str) -> bool:
        return any(ref in o.subjects and o.duty.relation == "no_school_lead" for o in self._candidate.owing)

    def _of_children(self, subject: Subject | None, relations: frozenset[Relation]) -> str:
        if subject is not None:
            return self._tied(subject, relations)
        found = {self._tied(child, relations) for child in self._case.children}
        return YES if YES in found else UNKNOWN if UNKNOWN in found or not found else NO

    def _manages(self, subject: Subject | None) -> str:
        if subject is None:
            return _yes(self._manages_any)
        return self._tied(subject, MANAGING) if subject.mention.kind == "adult" else NO

    def _managed_elsewhere(self, subject: Subject | None) -> str:
        """Whether another desk than this one manages the adult (event: any adult in it)."""
        adults = self._case.adults if subject is None else [subject] if subject.mention.kind == "adult" else []
        if any(a.person is None for a in adults):
            return UNKNOWN
        ties = (t for a in adults if a.person for t in self._case.world.tied(a.person.id, Relation.manages, self._case.now))
        return _yes(any(t.desk != self._candidate.desk for t in ties))

    @cached_property
    def _manages_any(self) -> bool:
        return any(self._tied(adult, MANAGING) == YES for adult in self._case.adults)

    @cached_property
    def _knows_a_child(self) -> bool:
        return any(self._tied(child, CARING | INVOLVED) == YES for child in self._case.children)

    def _protected(self, subject: Subject | None) -> str:
        found = {subject.protected} if subject else {s.protected for s in self._case.subjects.values()}
        return YES if Answer.yes in found else UNKNOWN if Answer.unknown in found or not found else NO

    def _listed(self, subject: Subject | None) -> bool:
        desk = self._candidate.desk
        if desk in self._case.locating_for:
            return True
        people = [subject] if subject else list(self._case.subjects.values())
        known = [s.person.id for s in people if s.person]
        return bool(known) and all(desk in self._case.world.listed.get(p, ()) for p in known)

    def _identity(self, subject: Subject | None) -> str:
        unsure = subject.person is None if subject else bool(self._case.subjects) and len(self._case.unsure) == len(self._case.subjects)
        return "unconfirmed" if unsure else "confirmed"

    @cached_property
    def _consent(self) -> str:
        consent = self._case.message.get("consent", {})
        if consent.get("override_reason"):
            return "override"
        return str(consent.get("status", UNKNOWN))
