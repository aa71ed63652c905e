"""Works out the closed facts of one desk and one subject: all that the agreements will ever hear."""

from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from frontdoor_chassis.directory import Desk
from frontdoor_router.core.candidates import OF_ROLE, Candidate
from frontdoor_router.core.case import Case, Subject, keeps_from, withheld
from frontdoor_router.core.duties import EachAdult, EachChild
from frontdoor_router.core.facts import Facts
from frontdoor_router.core.referring import referred
from frontdoor_router.core.world import Entry
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.vocabulary import Answer, Category, Relation

AUTHOR = "author"
YES, NO, UNKNOWN = Answer.yes.value, Answer.no.value, Answer.unknown.value

CONSENT = "consent.status="
"""Mark of a chronology by which an earlier event says what consent there was."""

Relations = frozenset[Relation]

CARING: Relations = frozenset(
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
PLAN_GROUP: Relations = frozenset({Relation.plan_group})
INVOLVED: Relations = PLAN_GROUP | {Relation.involved, Relation.lead_professional}
MANAGING: Relations = frozenset({Relation.manages, Relation.treats})


class SectionKind(NamedTuple):
    """All of a section that its facts are worked out from: sections of one kind are ruled alike."""

    category: Category
    about: tuple[str | None, ...]
    """Whom to ask about, one by one; None stands for the event itself."""
    to: tuple[str, ...]
    source: str
    """Whether it says who published, and nothing else; or what the author says of himself."""


def kind_of(section: Section) -> SectionKind:
    """The kind of a section."""
    return SectionKind(section.category, section.subjects or (None,), section.to, NO if section.subjects else _source(section))


def _source(section: Section) -> str:
    if "source/desk" in section.body:
        return YES
    return AUTHOR if any(path.startswith("author/") for path in section.body) else NO


class Kinds(NamedTuple):
    """Sections with the kind of each: the same for every desk."""

    sections: Sequence[Section]
    kinds: tuple[SectionKind, ...]
    which: tuple[int, ...]
    """Place of its kind, for each section."""
    abouts: frozenset[tuple[str | None, ...]]
    """The sets of people whom any kind is about: what a desk's facts say of each is put together once."""
    audiences: frozenset[tuple[str, ...]]
    """The authors' audiences of any kind: where a desk stands in each is worked out once."""

    @classmethod
    def of(cls, sections: Sequence[Section]) -> "Kinds":
        """Sort sections by kind."""
        places: dict[SectionKind, int] = {}
        which = tuple(places.setdefault(kind_of(section), len(places)) for section in sections)
        return cls(sections, tuple(places), which, frozenset(kind.about for kind in places), frozenset(kind.to for kind in places))


def _yes(found: bool) -> str:
    return YES if found else NO


class CaseFacts:
    """The facts that are the same for every desk: worked out once for an event and each of its people."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._known: dict[str | None, Mapping[str, str]] = {}

    def of(self, ref: str | None) -> Mapping[str, str]:
        """The facts about one person of the event, or about the event as a whole."""
        if ref not in self._known:
            self._known[ref] = self._work_out(self.case.subjects[ref] if ref is not None else None)
        return self._known[ref]

    def _work_out(self, subject: Subject | None) -> dict[str, str]:
        people = [subject] if subject else list(self.case.subjects.values())
        protected = {s.protected for s in people} | ({Answer.yes} if subject is None and self.case.protected else set())
        unsure = bool(people) and all(s.person is None for s in people)
        return {
            "event_type": self.case.type.value,
            "source_role": self.case.source.role.value,
            "subject_role": subject.mention.kind if subject else "event",
            "protected": YES if Answer.yes in protected else UNKNOWN if Answer.unknown in protected or not protected else NO,
            "protected_case": _yes(self.case.protected),
            "identity": "unconfirmed" if unsure else "confirmed",
            "consent": self._consent,
        }

    @cached_property
    def sections(self) -> Kinds:
        """The event's sections by kind."""
        return Kinds.of(self.case.sections)

    @cached_property
    def _consent(self) -> str:
        consent = self.case.message.get("consent", {})
        return "override" if consent.get("override_reason") else str(consent.get("status", UNKNOWN))

    @cached_property
    def addressed(self) -> list[Section]:
        """The sections for which the author names an audience."""
        return [section for section in self.case.sections if section.to]

    @cached_property
    def managers(self) -> Mapping[str, frozenset[str]]:
        """Who manages each adult whom one knows."""
        ties = ((adult.ref, self.case.ties.get(adult.ref)) for adult in self.case.adults)
        return {ref: frozenset(d for d, found in desks.items() if Relation.manages in found) for ref, desks in ties if desks is not None}

    @cached_property
    def mothers(self) -> Mapping[str, str]:
        """The mother of each child of whom the event says who that is."""
        return {ref: block["mother"] for ref, block in self.case.blocks.items() if "mother" in block}

    @cached_property
    def referred(self) -> Mapping[str, frozenset[str]]:
        """Who made the referral, or asked the question, that this is about, and whom of its people it was about."""
        return referred(self.case)


class _About(NamedTuple):
    """The facts about one subject that are the same for all sections, and what they say."""

    facts: Mapping[str, str]
    said: tuple[str, ...]


class DeskFacts:
    """The facts of one desk about one event."""

    def __init__(self, shared: CaseFacts, candidate: Candidate, *, role: str, no_school_lead: bool) -> None:
        self._shared = shared
        self._case = shared.case
        self._candidate = candidate
        self._desks = candidate.acts_for
        self._agencies = {desk.partition(".")[0] for desk in self._desks}
        self._role = role
        self._audiences = {*self._desks, role, *(d.role.value for d in candidate.predecessors)}
        self._no_school_lead = no_school_lead
        self._known: dict[str | None, _About] = {}
        self._any_child: dict[Relations, str] = {}
        # the same whomever a section is about
        self._whoever = {
            "source_agency_is_recipients": _yes(self._case.source.agency in self._agencies),
            "withheld": _yes(withheld(self._case, *self._desks)),
        }

    def of(self, section: SectionKind, subject: str | None, purpose: str) -> Facts:
        """The facts under which sections of one kind, as far as they are about one subject, are asked for."""
        audience, named = self._addressed(section.to)
        about = self._about(subject).facts
        return Facts(**about, purpose=purpose, audience=audience, named_by_author=_yes(named), source_section=section.source)

    def of_earlier(self, entry: Entry, source: Desk, subject: str, purpose: str) -> Facts:
        """The facts under which the desk may know that an earlier event was, about one person of this one.

        What was true of the author's audience then is not known now, so that nothing of it speaks for the desk.
        """
        kept_from = any(keeps_from(entry.withheld_from, desk) for desk in self._desks)
        said = {
            "event_type": entry.type.value,
            "source_role": source.role.value,
            "source_agency_is_recipients": _yes(source.agency in self._agencies),
            "referrer": NO,
            "withheld": _yes(kept_from),
            "named_for_subject": NO,
            "consent": next((mark.partition("=")[2] for mark in entry.marks if mark.startswith(CONSENT)), UNKNOWN),
        }
        about = {**self._about(subject).facts, **said}
        return Facts(**about, purpose=purpose, audience="none", named_by_author=NO, source_section=NO)

    def all_of(self, sections: Kinds, purposes: tuple[str, ...]) -> list[Hashable]:
        """All that the facts about each kind of section say, whatever is asked for: what is the same is ruled alike, in every event."""
        said = {about: tuple(self._about(subject).said for subject in about) for about in sections.abouts}
        to = {audience: self._addressed(audience) for audience in sections.audiences}
        role = self._role
        return [(role, category, purposes, to[audience], source, said[about]) for category, about, audience, source in sections.kinds]

    def _addressed(self, to: tuple[str, ...]) -> tuple[str, bool]:
        """Whether the desk is of the author's audience, and whether the author named it."""
        if not to:
            return "none", self._candidate.named
        listed = any(desk in to for desk in self._desks)
        return "not_named" if self._audiences.isdisjoint(to) else "named", listed

    def _about(self, subject: str | None) -> "_About":
        about = self._known.get(subject)
        if about is None:
            facts = {**self._shared.of(subject), **self._whoever, **self._work_out(subject)}
            about = self._known[subject] = _About(facts, tuple(facts.values()))
        return about

    def _work_out(self, ref: str | None) -> dict[str, str]:
        subject = self._case.subjects[ref] if ref is not None else None
        child, adult = (subject, None) if subject and subject.mention.kind == "child" else (None, subject)
        return {
            "of_subject": self._tied(subject, CARING) if subject else self._to_any_child(CARING),
            "involved_with_subject": self._tied(child, INVOLVED) if child else self._to_any_child(INVOLVED),
            "plan_group": self._tied(child, PLAN_GROUP) if child else self._to_any_child(PLAN_GROUP),
            "manages_subject": NO if child else self._tied(adult, MANAGING) if adult else _yes(bool(self._managed)),
            "managed_elsewhere": NO if child else self._managed_elsewhere([adult] if adult else self._case.adults),
            "child_of_managed_adult": _yes(child is not None and self._of_managed_adult(child)),
            "adult_of_subject_child": _yes(adult is not None and self._knows_a_child),
            "named_for_subject": _yes(ref in self._named_for),
            "listed": _yes(self._listed(subject)),
            "referrer": _yes(self._referred(ref)),
        }

    @cached_property
    def _named_for(self) -> frozenset[str]:
        """The people about whom the author wrote something to this desk by name."""
        mine = (s for s in self._shared.addressed if any(desk in s.to for desk in self._desks))
        return frozenset(ref for section in mine for ref in section.subjects)

    def _tied(self, subject: Subject, relations: Relations) -> str:
        ref = subject.mention.ref
        if relations is CARING and (ref in self._candidate.stated or ref in self._candidate.linked or ref in self._served):
            return YES  # the pack lets this duty go by what another agency states, or by what the desk is there for
        ties = self._ties.get(ref)
        return UNKNOWN if ties is None else NO if relations.isdisjoint(ties) else YES

    @cached_property
    def _ties(self) -> Mapping[str, frozenset[Relation]]:
        """The relations to each person whom one knows, the desk's own and those of desks whose work it has."""
        desk, *before = self._desks
        none: Relations = frozenset()
        return {ref: ties.get(desk, none).union(*[ties.get(d, none) for d in before]) for ref, ties in self._case.ties.items()}

    @cached_property
    def _served(self) -> frozenset[str]:
        """The people whom a duty means for the desk by its role: children in no school or of an age, adults of whom it is asked."""
        found = (o for o in self._candidate.owing if isinstance(o.duty.tell, EachChild | EachAdult) and self._by_role(o.duty.relation))
        return frozenset(ref for o in found for ref in o.subjects)

    def _by_role(self, relation: str) -> bool:
        return relation.startswith(OF_ROLE) or (self._no_school_lead and relation == "no_school_lead")

    def _to_any_child(self, relations: Relations) -> str:
        said = self._any_child.get(relations)
        if said is None:
            found = {self._tied(child, relations) for child in self._case.children}
            said = self._any_child[relations] = YES if YES in found else UNKNOWN if UNKNOWN in found or not found else NO
        return said

    def _managed_elsewhere(self, adults: Sequence[Subject]) -> str:
        """Whether another desk than this one, or those whose work it has, manages any of these adults."""
        known = self._shared.managers
        if any(a.ref not in known for a in adults):
            return UNKNOWN
        return _yes(any(not known[a.ref].issubset(self._desks) for a in adults))

    @cached_property
    def _managed(self) -> frozenset[str]:
        """The adults of the event whom the desk manages."""
        return frozenset(adult.ref for adult in self._case.adults if self._tied(adult, MANAGING) == YES)

    def _of_managed_adult(self, child: Subject) -> bool:
        """Whether the desk manages an adult around a child: not her whom the event calls the mother of others while this one has another.

        Who is no child's stated mother may be any child's father, or live with it.
        """
        mothers = self._shared.mothers
        mother = mothers.get(child.ref)
        others = {ref for ref in mothers.values() if ref != mother} if mother else frozenset()
        return not self._managed <= others

    @cached_property
    def _knows_a_child(self) -> bool:
        return any(YES in (self._tied(child, CARING), self._tied(child, INVOLVED)) for child in self._case.children)

    def _referred(self, ref: str | None) -> bool:
        """Whether the desk made the referral that the event is about, and of this person: who is only named beside its own child is not."""
        mine = [self._shared.referred[desk] for desk in self._desks if desk in self._shared.referred]
        return bool(mine) if ref is None else any(ref in people for people in mine)

    def _listed(self, subject: Subject | None) -> bool:
        """Who has the work of a desk that was listed by name is another office, and has to be listed itself.

        Of the event as a whole it has to be listed for everybody: nobody can have listed it for who is not identified.
        """
        desk = self._desks[0]
        if desk in self._case.locating_for:
            return True
        listed = self._case.world.listed
        if not listed:
            return False
        people = [subject] if subject else list(self._case.subjects.values())
        return bool(people) and all(s.person is not None and desk in listed.get(s.person.id, ()) for s in people)
