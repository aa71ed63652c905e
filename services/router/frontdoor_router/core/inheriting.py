"""What a desk is given because it has the work of desks that have ended: no more than each of them could have had itself.

What a section is given for is told by asking twice: once as the desk stands today, with all ties that count as its own, and once
without those of the desks before it. What only the first answer gives is asked for a third time, of the agreements of the last day of
each desk before it, in that desk's role and by its own ties. Only desks that have the work of others are asked about in this way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from frontdoor_chassis.directory import Desk
from frontdoor_router.core.agreements import Agreements
from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.decision import Given, Withheld
from frontdoor_router.core.draft import Basis
from frontdoor_router.core.facting import CaseFacts, DeskFacts, Kinds
from frontdoor_router.core.past import Reader
from frontdoor_router.core.project import Projection, project
from frontdoor_schemas.vocabulary import Role

NOT_INHERITED = "(not the predecessor's)"
"""Stands among the policies against a section that no desk before this one could have had."""
LAST_DAY = timedelta(days=1)
"""A desk's `until` is the first day on which it is no longer in force."""


def facts_of(basis: Basis, shared: CaseFacts, candidate: Candidate) -> DeskFacts:
    """The facts of a candidate about one event."""
    desk = basis.policy.directory.desk(candidate.desk)
    return DeskFacts(shared, candidate, role=desk.role.value, no_school_lead=Role.no_school_lead in desk.roles)


def as_others_could_have(basis: Basis, shared: CaseFacts, candidate: Candidate, seen: Projection) -> Projection:
    """What a desk sees without what it would only see in the place of desks that could not have seen it themselves.

    Raises `CannotDecideError` when the agreements give no clean answer.
    """
    if not candidate.predecessors or not seen.given:
        return seen
    good = _places(by_itself(basis, shared, candidate, seen.given))
    for desk in candidate.predecessors:
        good |= _places(_as_it_was(basis, shared, candidate, desk, [g for g in seen.given if id(g.section) not in good]))
    lost = (Withheld(g.section.category.value, g.section.subjects, (NOT_INHERITED,)) for g in seen.given if id(g.section) not in good)
    return Projection(tuple(g for g in seen.given if id(g.section) in good), (*seen.withheld, *lost))


def _places(given: Iterable[Given]) -> set[int]:
    """Sections told apart as they are in memory: of those that are made some have one id."""
    return {id(g.section) for g in given}


def not_inherited(seen: Projection) -> list[str] | None:
    """The people about whom something could not be inherited, perhaps none; None when nothing was held back for that."""
    found = [w for w in seen.withheld if w.policies == (NOT_INHERITED,)]
    return sorted({ref for w in found for ref in w.subjects}) if found else None


def by_itself(basis: Basis, shared: CaseFacts, candidate: Candidate, given: Sequence[Given]) -> Sequence[Given]:
    """Of these sections those that the desk has without the ties of others."""
    alone = candidate.by.get(candidate.desk, Candidate(candidate.desk))
    role = basis.policy.directory.desk(candidate.desk).role
    facts = facts_of(basis, shared, alone)
    return project(Kinds.of([g.section for g in given]), purposes=alone.purposes, role=role, facts=facts, rules=basis.policy.rules).given


def places(basis: Basis, shared: CaseFacts, candidate: Candidate) -> Sequence[Reader]:
    """In whose place a desk that has the work of others may know of earlier events: its own without theirs, and each of theirs."""
    if not candidate.predecessors:
        return ()
    alone = candidate.by.get(candidate.desk, Candidate(candidate.desk))
    role = basis.policy.directory.desk(candidate.desk).role.value
    before = ((desk.role.value, *_was(basis, candidate, desk)) for desk in candidate.predecessors)
    ways = ((role, alone, basis.policy.rules), *before)
    return [Reader(role, way.histories, facts_of(basis, shared, way), rules) for role, way, rules in ways]


def _was(basis: Basis, candidate: Candidate, desk: Desk) -> tuple[Candidate, Agreements]:
    """A desk before this one, with what its successor comes into question for, and the agreements of its last day."""
    assert desk.until is not None  # noqa: S101 - only a desk that has ended comes before another
    was = replace(candidate.by.get(desk.id, Candidate(desk.id)), owing=candidate.owing)
    return was, basis.policy.pack.agreements_on(desk.until - LAST_DAY)


def _as_it_was(basis: Basis, shared: CaseFacts, candidate: Candidate, desk: Desk, given: Sequence[Given]) -> Sequence[Given]:
    """Of these sections those that a desk could have had on its last day, for the purposes for which its successor comes into question."""
    if not given:
        return ()
    was, rules = _was(basis, candidate, desk)
    facts, sections = facts_of(basis, shared, was), Kinds.of([g.section for g in given])
    return project(sections, purposes=candidate.purposes, role=desk.role, facts=facts, rules=rules).given
