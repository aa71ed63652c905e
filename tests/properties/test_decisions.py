"""What holds of every decision under a real pack: no order matters, less is never more, nobody learns who else was told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from frontdoor_chassis.directory import Desk
from frontdoor_router.core.candidates import find_candidates
from frontdoor_router.core.facting import CaseFacts, DeskFacts, Kinds
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.policies import Agreement
from frontdoor_router.core.policy import DayPolicy, policy_of
from frontdoor_router.core.project import project
from frontdoor_schemas.vocabulary import Relation, Role
from support.deciding import Told
from support.packs import the_pack
from support.rulings import forbids
from support.stories import (
    ADULT_TIES,
    CHILD_TIES,
    LEAD,
    Family,
    Outcome,
    Step,
    arrivals,
    decided,
    events,
    stories,
    tie,
    ties,
    unidentified,
    within,
)

PACK = the_pack("stockton")
NOVEMBER = date(2020, 11, 10)
POLICY = policy_of(PACK, NOVEMBER)
FAMILY, OTHERS = Family(0), Family(1)
LEAD_AGENCY = LEAD.partition(".")[0]

quick = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
slow = settings(quick, max_examples=12)
"""For packs that are made anew for every example: what their agreements rule is remembered by nobody."""


def changed(pack: Pack = PACK, **parts: Any) -> Pack:
    return replace(pack, **parts, _ready={})


def everything(told: Told) -> Mapping[str, Any]:
    """All of a decision that has no order of its own."""
    decision = told.decision
    return {
        "told": {
            (d.id, d.desk, d.kind, d.reason, frozenset(d.purposes), frozenset(d.marks), d.ask, d.visible, d.refers_to)
            for d in decision.disclosures
        },
        "given": {(d.id, g.section.id, repr(g.section.body)) for d in decision.disclosures for g in d.given},
        "withheld": {(d.id, w.category, w.subjects) for d in decision.disclosures for w in d.withheld},
        "owed": {(o.id, o.duty, o.desk, o.due, frozenset(o.satisfied_by), frozenset(o.stages)) for o in decision.obligations},
        "work": {(t.id, t.reason, t.owner, frozenset(t.refs)) for t in decision.tasks},
        "ties": {(t.person, t.desk, t.relation, t.confirmed_by) for t in (*decision.ties, *decision.ended)},
        "missing": set(decision.missing),
        "met": set(decision.met),
    }


def same(one: Outcome, other: Outcome) -> bool:
    return {e: everything(t) for e, t in one.told.items()} == {e: everything(t) for e, t in other.told.items()}


@st.composite
def in_another_order(draw: st.DrawFn, pack: Pack) -> Pack:
    """A pack of which every file lists what it lists in another order. Versions of one duty stay apart by their dates."""
    directory = replace(
        pack.directory,
        agencies=dict(draw(st.permutations(sorted(pack.directory.agencies.items())))),
        desks=dict(draw(st.permutations(sorted(pack.directory.desks.items())))),
    )
    agreements = [replace(a, policies=tuple(draw(st.permutations(a.policies)))) for a in draw(st.permutations(pack.agreements))]
    rules = {name: tuple(draw(st.permutations(getattr(pack, name)))) for name in ("duties", "expects", "patterns")}
    return changed(pack, directory=directory, agreements=tuple(agreements), **rules)


@slow
@given(stories(FAMILY), in_another_order(PACK))
def test_the_order_of_agencies_duties_and_policies_changes_no_decision(story: Sequence[Step], mixed: Pack) -> None:
    arrived = arrivals(story, POLICY)
    assert same(decided(arrived, policy_of(mixed, NOVEMBER)), decided(arrived, POLICY))


@quick
@given(stories(FAMILY, most=2), stories(OTHERS, most=1), st.data())
def test_what_happens_to_other_people_in_between_changes_no_decision(
    story: Sequence[Step], other: Sequence[Step], data: st.DataObject
) -> None:
    mine, theirs = arrivals(story, POLICY), arrivals(other, POLICY)
    places = data.draw(st.permutations([0] * len(mine) + [1] * len(theirs)))
    queues = (iter(mine), iter(theirs))
    together = decided([next(queues[place]) for place in places], POLICY)
    alone = Outcome(decided(mine, POLICY).told | decided(theirs, POLICY).told)
    assert same(together, alone)


@quick
@given(ties(FAMILY), events(FAMILY), st.data())
def test_the_order_in_which_ties_became_known_changes_no_decision(known: list[Step], event: Step, data: st.DataObject) -> None:
    *before, last = arrivals([*known, event], POLICY)
    one = decided([*before, last], POLICY).told[last.envelope.id]
    other = decided([*data.draw(st.permutations(before)), last], POLICY).told[last.envelope.id]
    assert {d.desk: d.kind for d in one.decision.disclosures} == {d.desk: d.kind for d in other.decision.disclosures}
    assert within(_by_desk(one), _by_desk(other))
    assert within(_by_desk(other), _by_desk(one))


def _by_desk(told: Told) -> dict[str, frozenset[UUID]]:
    return {d.desk: frozenset(g.section.id for g in d.given if not g.made) for d in told.decision.disclosures if d.kind == "disclosure"}


@slow
@given(stories(FAMILY), forbids(PACK))
def test_a_forbid_more_gives_nobody_anything_more(story: Sequence[Step], forbid: Agreement) -> None:
    arrived = arrivals(story, POLICY)
    narrow = decided(arrived, policy_of(changed(agreements=(*PACK.agreements, forbid)), NOVEMBER))
    assert within(narrow.given, decided(arrived, POLICY).given)


@quick
@given(ties(FAMILY), events(FAMILY))
def test_not_knowing_who_is_meant_gives_nobody_more_but_the_front_door(known: list[Step], event: Step) -> None:
    *before, last = arrivals([*known, event], POLICY)
    wide = decided([*before, last], POLICY)
    narrow = decided([*before, unidentified(last)], POLICY)
    front_doors = {d.id for d in PACK.directory.desks.values() if d.role is Role.front_door}
    assert within({key: given for key, given in narrow.given.items() if key[1] not in front_doors}, wide.given)


@quick
@given(stories(FAMILY))
def test_projecting_what_is_given_gives_it_again_and_adds_nothing(story: Sequence[Step]) -> None:
    arrived = arrivals(story, POLICY)
    for event, told in zip(arrived, decided(arrived, POLICY).told.values(), strict=True):
        shared = CaseFacts(told.case)
        candidates = find_candidates(told.case, POLICY.duties(told.case.type), PACK.directory, NOVEMBER).candidates
        for candidate in candidates.values():
            desk = PACK.directory.desk(candidate.desk)
            facts = DeskFacts(shared, candidate, role=desk.role.value, no_school_lead=Role.no_school_lead in desk.roles)

            def given_of(sections: Iterable[Any]) -> list[Any]:
                seen = project(Kinds.of(tuple(sections)), purposes=candidate.purposes, role=desk.role, facts=facts, rules=POLICY.rules)  # noqa: B023
                return [g.section for g in seen.given]

            once = given_of(event.sections)
            assert all(section in event.sections for section in once)
            assert given_of(once) == once


CONFIRMING = {desk for desks in PACK.directory.registers.values() for desk in desks}
ASSERTING = [
    d
    for d in PACK.directory.desks.values()
    if d.agency != LEAD_AGENCY and not {x.agency for x in PACK.directory.desks.values() if x.id in CONFIRMING} & {d.agency}
]


@quick
@given(
    ties(FAMILY),
    events(FAMILY),
    st.sampled_from(ASSERTING),
    st.sampled_from(FAMILY.people),
    st.lists(st.sampled_from(Relation), min_size=1, max_size=3, unique=True),
)
def test_an_agencys_own_word_that_it_works_with_somebody_gives_it_nothing(
    known: list[Step], event: Step, desk: Desk, person: dict[str, Any], relations: list[Relation]
) -> None:
    own = [tie(person, relation.value, desk.id, by=desk.id) for relation in relations]
    prepared = arrivals([*known, *own, event], POLICY)
    before, said, last = prepared[: len(known)], prepared[len(known) : -1], prepared[-1]
    desks = {d.id for d in PACK.directory.desks.values() if d.agency == desk.agency}
    asserted = decided([*before, *said, last], POLICY).of_desks(desks, {last.envelope.id})
    silent = decided([*before, last], POLICY).of_desks(desks, {last.envelope.id})
    assert asserted == silent


STATED = {Role.school_dsl: "school", Role.early_years_lead: "school", Role.gp: "practice", Role.health_visiting: "community_health"}
BY_STATEMENT = {"school", "early_years", "gp", "health_visiting"}
TRUSTING = changed(duties=tuple(replace(d, stated=d.tell is not None and d.relation in BY_STATEMENT) for d in PACK.duties))
"""The pack as it would be if it went by what authors state of schools, practices and community health."""
GOES_BY_STATEMENT = sorted({d.on for d in TRUSTING.duties if d.stated})
STATING = [(source, own) for source in ASSERTING for own in ASSERTING if source.agency == own.agency and own.role in STATED]


@quick
@given(ties(FAMILY), events(FAMILY, kinds=GOES_BY_STATEMENT), st.sampled_from(STATING))
def test_an_agency_that_states_a_child_to_be_its_own_is_told_nothing_for_it(
    known: list[Step], event: Step, stating: tuple[Desk, Desk]
) -> None:
    policy, (source, own) = policy_of(TRUSTING, NOVEMBER), stating
    children = [{**child, STATED[own.role]: own.id} for child in event.body["children"]]
    silent, said = (replace(event, source=source.id, body=body) for body in (event.body, {**event.body, "children": children}))
    desks = {d.id for d in PACK.directory.desks.values() if d.agency == source.agency}

    def told(one: Step) -> set[str]:
        *_, last = arrived = arrivals([*known, one], policy)
        return {desk for _, desk in decided(arrived, policy).of_desks(desks, {last.envelope.id})}

    assert told(said) == told(silent)


@slow
@given(stories(FAMILY), st.sets(st.sampled_from(PACK.agreements)), st.booleans())
def test_nobody_is_given_a_section_but_by_an_agreement_in_force_on_that_day(
    story: Sequence[Step], other: set[Agreement], ended: bool
) -> None:
    dates = {"until": NOVEMBER} if ended else {"from_": NOVEMBER + timedelta(days=1), "until": None}
    dated = [replace(a, **dates) if a in other else a for a in PACK.agreements]
    arrived = arrivals(story, POLICY)
    outcome = decided(arrived, policy_of(changed(agreements=tuple(dated)), NOVEMBER))
    in_force = {p.id for a in PACK.agreements if a not in other and a.in_force(NOVEMBER) for p in a.policies}
    for told in outcome.told.values():
        for given_section in (g for d in told.decision.disclosures for g in d.given):
            assert given_section.policies
            assert set(given_section.policies) <= in_force
    without = changed(agreements=tuple(a for a in PACK.agreements if a not in other))
    assert same(outcome, decided(arrived, policy_of(without, NOVEMBER)))


Hidden = tuple[dict[str, Any], str, str]
HIDDEN: list[Hidden] = [
    (person, relation, desk)
    for people, possible in ((FAMILY.children, CHILD_TIES), (FAMILY.adults, ADULT_TIES))
    for person in people
    for relation, desk in possible
    if relation != "manages"  # whom another service manages is kept from a probation service: that it is so, it may tell
]


def shown_to(source: str, told: Told, policy: DayPolicy) -> Any:
    """All that the publisher of an event gets to know of who was told: its ledger, and what goes to its own agency."""
    agency = source.partition(".")[0]
    lines = {d.desk for d in told.decision.disclosures if d.visible and d.kind is not None}
    own = {
        (d.desk, d.kind, d.reason, frozenset(g.section.id for g in d.given if not g.made))
        for d in told.decision.disclosures
        if policy.directory.desk(d.desk).agency == agency and d.kind is not None
    }
    return lines, own


def shows(event: Step, relation: str) -> bool:
    """Whether the pack lets the publisher of such an event know of desks in a relation."""
    return any(d.shown_to_publisher and d.relation == relation for d in POLICY.duties(event.type))


def changes_what_the_publisher_sees(known: list[Step], event: Step, hidden: Hidden) -> bool:
    """Whether one relation more, of some desk to somebody in an event, changes anything that its publisher gets to know."""
    person, relation, desk = hidden
    assume(event.source.partition(".")[0] not in {desk.partition(".")[0], LEAD_AGENCY})
    *before, extra, last = arrivals([*known, tie(person, relation, desk), event], POLICY)
    more, less = (decided(run, POLICY).told[last.envelope.id] for run in ([*before, extra, last], [*before, last]))
    return bool(shown_to(event.source, more, POLICY) != shown_to(event.source, less, POLICY))


@quick
@given(ties(FAMILY), events(FAMILY), st.sampled_from(HIDDEN))
def test_the_publisher_learns_of_no_recipient_that_is_hidden_from_it(known: list[Step], event: Step, hidden: Hidden) -> None:
    assume(not shows(event, hidden[1]))
    assert not changes_what_the_publisher_sees(known, event, hidden)


SHOWING = sorted({d.on for d in PACK.duties if d.shown_to_publisher and d.tell is not None and d.relation in dict(CHILD_TIES)})


@quick
@given(ties(FAMILY), events(FAMILY, kinds=SHOWING, protection=["yes"]), st.sampled_from(HIDDEN))
def test_in_a_protected_case_the_publisher_learns_of_nobody_whom_it_did_not_name(known: list[Step], event: Step, hidden: Hidden) -> None:
    assert not changes_what_the_publisher_sees(known, event, hidden)


@quick
@given(ties(FAMILY), events(FAMILY), st.sampled_from(HIDDEN))
def test_what_a_desk_is_given_does_not_depend_on_who_else_is_told(known: list[Step], event: Step, hidden: Hidden) -> None:
    person, relation, desk = hidden
    *before, extra, last = arrivals([*known, tie(person, relation, desk), event], POLICY)
    others = {d.id for d in PACK.directory.desks.values() if d.id != desk and d.agency != LEAD_AGENCY}
    more, less = (decided(run, POLICY).of_desks(others, {last.envelope.id}) for run in ([*before, extra, last], [*before, last]))
    assert more == less
