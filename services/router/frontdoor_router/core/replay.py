"""An earlier event once more, for a desk that asks: which of its sections the desk may read (again), and of whom it may know.

The agreements are asked as if the event were told now: its own author, audience, consent and people, the ties of today, and the
question's purpose.
"""

from collections.abc import Iterator
from uuid import UUID

from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.case import Case, Source, Subject, withheld
from frontdoor_router.core.effects import protection, stated_protection
from frontdoor_router.core.facting import NO, CaseFacts, DeskFacts, Kinds, SectionKind
from frontdoor_router.core.identify import Known, Mention, PersonKind, Unsure, WhyHeld
from frontdoor_router.core.policy import DayPolicy
from frontdoor_router.core.project import project
from frontdoor_router.core.recollection import Content
from frontdoor_router.core.world import World
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.sections import join
from frontdoor_schemas.vocabulary import Category, Role

BEFORE = "(given to this desk before)"
ITS_OWN = "(its own words)"
"""Stand for the policies by which a section may be read that no agreement is asked about."""

Policies = tuple[str, ...]


class Replay:
    """One earlier event for one desk. Raises `CannotDecideError` when the agreements give no clean answer."""

    def __init__(self, content: Content, candidate: Candidate, *, policy: DayPolicy, world: World, case: Case) -> None:
        self.content = content
        self._desk = policy.directory.desk(candidate.desk)
        self._candidate = candidate
        self._policy = policy
        self._case = _case_of(content, policy, world, case)
        self._given = frozenset[str]().union(*(held.given for held in world.recollection.held_by(candidate.desk, content.envelope.id)))
        self._readable: dict[UUID, Policies] | None = None

    def about(self, person: UUID, category: Category) -> Iterator[tuple[Section, Policies]]:
        """Sections of a category about a person that the desk may read, with what permits it."""
        refs = self.content.refs_of(person)
        yield from ((s, why) for s, why in self._sections(category) if refs.intersection(s.subjects))

    def about_event(self, category: Category) -> Iterator[tuple[Section, Policies]]:
        """Sections of a category about the event itself."""
        yield from ((s, why) for s, why in self._sections(category) if not s.subjects)

    def may_know(self, person: UUID) -> bool:
        """Whether the desk may know that the event was about a person."""
        if self.content.source == self._desk.id:
            return True
        before = self._policy.directory.predecessors(self._desk.id, self._policy.today)
        if self._case is None or withheld(self._case, self._desk.id, *(d.id for d in before)):
            return False
        role, facts, purposes = self._desk.role.value, self._facts(self._case), self._candidate.purposes
        kinds = [(ref, SectionKind(Category.history_summary, (ref,), (), source=NO)) for ref in self.content.refs_of(person)]
        asked = [(role, Category.history_summary.value, facts.of(kind, ref, purpose)) for ref, kind in kinds for purpose in purposes]
        return any(self._policy.rules.permits(*question).permit for question in asked)

    def _sections(self, category: Category) -> Iterator[tuple[Section, Policies]]:
        if self._readable is None:
            self._readable = self._read()
        for section in self.content.sections:
            if section.category is category and section.id in self._readable:
                yield section, self._readable[section.id]

    def _read(self) -> dict[UUID, Policies]:
        if self.content.source == self._desk.id:
            return {s.id: (ITS_OWN,) for s in self.content.sections}
        found = {s.id: (BEFORE,) for s in self.content.sections if str(s.id) in self._given}
        return self._permitted() | found

    def _permitted(self) -> dict[UUID, Policies]:
        before = self._policy.directory.predecessors(self._desk.id, self._policy.today)
        if self._case is None or withheld(self._case, self._desk.id, *(d.id for d in before)):
            return {}
        audience = {self._desk.id, self._desk.role.value}
        sections = Kinds.of([s for s in self.content.sections if not s.to or audience.intersection(s.to)])
        facts = self._facts(self._case)
        seen = project(sections, purposes=self._candidate.purposes, role=self._desk.role, facts=facts, rules=self._policy.rules)
        return {g.section.id: g.policies for g in seen.given}

    def _facts(self, case: Case) -> DeskFacts:
        lead = Role.no_school_lead in self._desk.roles
        return DeskFacts(CaseFacts(case), self._candidate, role=self._desk.role.value, no_school_lead=lead)


def _case_of(content: Content, policy: DayPolicy, world: World, asked: Case) -> Case | None:
    """The event as a case of today; None where its source is no longer known, so that nothing can be said of it."""
    source = policy.directory.find(content.source)
    if source is None:
        return None
    message = join(content.sections)
    blocks = {b["ref"]: b for kind in ("children", "adults") for b in message.get(kind, ())}
    return Case(
        envelope=content.envelope,
        type=content.type,
        sections=content.sections,
        message=message,
        source=Source(source.id, source.agency, source.role),
        subjects={ref: _subject(ref, person, blocks.get(ref, {}), world) for ref, person in content.people.items()},
        cause=world.events.get(content.envelope.cause) if content.envelope.cause else None,
        now=asked.now,
        world=world,
        was_protected=content.was_protected,
    )


def _subject(ref: str, who: UUID | None, block: dict[str, object], world: World) -> Subject:
    person = world.register.people.get(who) if who else None
    identity = Known(person.id, ()) if person else Unsure(WhyHeld.no_exact_identifier)
    kind: PersonKind = "child" if ref.startswith("child-") else "adult"
    return Subject(Mention(ref, kind, (), (), None, None), identity, person, protection(person, stated_protection(block)))
