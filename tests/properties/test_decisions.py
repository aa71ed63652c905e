"""What holds of every decision under each pack: no order matters, less is never more, nobody learns who else was told."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache, cached_property
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from frontdoor_chassis.directory import Desk
from frontdoor_router.core.candidates import find_candidates
from frontdoor_router.core.facting import CaseFacts, DeskFacts, Kinds
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.policy import DayPolicy, policy_of
from frontdoor_router.core.project import project
from frontdoor_schemas.events import CASE_MODELS
from frontdoor_schemas.vocabulary import Relation, Role
from support.budget import examples
from support.deciding import Told
from support.packs import PARTNERSHIPS, the_pack
from support.rulings import forbids
from support.stories import Cast, Family, Outcome, Step, arrivals, cast_of, decided, events, stories, tie, ties, unidentified, within

Hidden = tuple[dict[str, Any], str, str]
"""Somebody, a relation, and the desk that stands in it."""
STATED = {Role.school_dsl: "school", Role.early_years_lead: "school", Role.gp: "practice", Role.health_visiting: "community_health"}
PROBATION = {Role.nps, Role.crc, Role.probation}
BY_STATEMENT = {"school", "early_years", "gp", "health_visiting"}
NAMES = sorted(folder.parent.name for folder in PARTNERSHIPS.glob("*/agencies.toml"))
FAMILY, OTHERS = Family(0), Family(1)

quick = settings(deadline=None, max_examples=examples(10), suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
"""For each of the packs."""
slow = settings(quick, max_examples=examples(4))
"""For packs that are made anew for every example: what their agreements rule is remembered by nobody."""


def changed(pack: Pack, **parts: Any) -> Pack:
    return replace(pack, **parts, _ready={})


@dataclass(frozen=True)
class Scene:
    """A partnership on a day, with those who play in its stories."""

    pack: Pack = field(repr=False)
    day: date

    @cached_property
    def policy(self) -> DayPolicy:
        return policy_of(self.pack, self.day)

    @cached_property
    def cast(self) -> Cast:
        return cast_of(self.pack.directory, self.day)

    @cached_property
    def desks(self) -> Sequence[Desk]:
        return [d for d in self.pack.directory.desks.values() if d.in_force(self.day)]

    @cached_property
    def asserting(self) -> Sequence[Desk]:
        """Desks of agencies whose word confirms nothing."""
        directory = self.pack.directory
        confirming = {directory.desk(desk).agency for desks in directory.registers.values() for desk in desks}
        return [d for d in self.desks if d.agency not in {directory.lead_agency, *confirming}]

    @cached_property
    def trusting(self) -> Pack:
        """The pack as it would be if it went by what authors state of schools, practices and community health."""
        duties = (replace(d, stated=d.tell is not None and d.relation in BY_STATEMENT) for d in self.pack.duties)
        return changed(self.pack, duties=tuple(duties))

    @cached_property
    def hidden(self) -> Sequence[Hidden]:
        """Relations of the family."""
        of_both = ((FAMILY.children, self.cast.child_ties), (FAMILY.adults, self.cast.adult_ties))
        return [(p, relation, desk) for people, ties in of_both for p in people for relation, desk in ties]

    @cached_property
    def probation(self) -> Set[str]:
        """The desks of the services that manage adults."""
        return {d.id for d in self.desks if not PROBATION.isdisjoint(d.roles)}

    def may_tell(self, hidden: Hidden, event: Step) -> bool:
        """Whether its author can gather who manages an adult. Each probation service is given its own part alone
        (`core.probation-own-part`), so one that the author names is told, and has a line in its ledger, only if it manages somebody."""
        named = {*self.probation, *(role.value for role in PROBATION)}
        return hidden[1] == "manages" and (event.source in self.probation or not named.isdisjoint(_words(event.body)))

    def ties(self) -> st.SearchStrategy[list[Step]]:
        return ties(FAMILY, self.cast)

    def events(self, **limits: Any) -> st.SearchStrategy[Step]:
        return events(FAMILY, cast=self.cast, **limits)

    def stories(self, family: Family = FAMILY, most: int = 3) -> st.SearchStrategy[list[Step]]:
        return stories(family, most, self.cast)


def _words(node: Any) -> Iterator[str]:
    match node:
        case Mapping():
            for value in node.values():
                yield from _words(value)
        case list():
            for value in node:
                yield from _words(value)
        case str():
            yield node


@cache
def scene_of(name: str) -> Scene:
    """Ten weeks after the pack begins, before any of its agencies ends."""
    pack = the_pack(name)
    begins = min(a.from_ for a in pack.directory.agencies.values())
    return Scene(pack, max(begins + timedelta(weeks=10), date(2020, 11, 10)))


@pytest.fixture(scope="module", params=NAMES)
def scene(request: pytest.FixtureRequest) -> Scene:
    return scene_of(request.param)


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
@given(data=st.data())
def test_the_order_of_agencies_duties_and_policies_changes_no_decision(scene: Scene, data: st.DataObject) -> None:
    arrived, mixed = arrivals(data.draw(scene.stories()), scene.policy), data.draw(in_another_order(scene.pack))
    assert same(decided(arrived, policy_of(mixed, scene.day)), decided(arrived, scene.policy))


@quick
@given(data=st.data())
def test_what_happens_to_other_people_in_between_changes_no_decision(scene: Scene, data: st.DataObject) -> None:
    mine = arrivals(data.draw(scene.stories(most=2)), scene.policy)
    theirs = arrivals(data.draw(scene.stories(OTHERS, most=1)), scene.policy)
    places = data.draw(st.permutations([0] * len(mine) + [1] * len(theirs)))
    queues = (iter(mine), iter(theirs))
    together = decided([next(queues[place]) for place in places], scene.policy)
    alone = Outcome(decided(mine, scene.policy).told | decided(theirs, scene.policy).told)
    assert same(together, alone)


@quick
@given(data=st.data())
def test_the_order_in_which_ties_became_known_changes_no_decision(scene: Scene, data: st.DataObject) -> None:
    *before, last = arrivals([*data.draw(scene.ties()), data.draw(scene.events())], scene.policy)
    one = decided([*before, last], scene.policy).told[last.envelope.id]
    other = decided([*data.draw(st.permutations(before)), last], scene.policy).told[last.envelope.id]
    assert {d.desk: d.kind for d in one.decision.disclosures} == {d.desk: d.kind for d in other.decision.disclosures}
    assert within(_by_desk(one), _by_desk(other))
    assert within(_by_desk(other), _by_desk(one))


def _by_desk(told: Told) -> dict[str, frozenset[UUID]]:
    return {d.desk: frozenset(g.section.id for g in d.given if not g.made) for d in told.decision.disclosures if d.kind == "disclosure"}


@slow
@given(data=st.data())
def test_a_forbid_more_gives_nobody_anything_more(scene: Scene, data: st.DataObject) -> None:
    arrived = arrivals(data.draw(scene.stories()), scene.policy)
    forbid = data.draw(forbids(scene.pack))
    narrow = decided(arrived, policy_of(changed(scene.pack, agreements=(*scene.pack.agreements, forbid)), scene.day))
    assert within(narrow.given, decided(arrived, scene.policy).given)


@quick
@given(data=st.data())
def test_not_knowing_who_is_meant_gives_nobody_more_but_the_front_door(scene: Scene, data: st.DataObject) -> None:
    *before, last = arrivals([*data.draw(scene.ties()), data.draw(scene.events())], scene.policy)
    wide = decided([*before, last], scene.policy)
    narrow = decided([*before, unidentified(last)], scene.policy)
    front_doors = {d.id for d in scene.desks if Role.front_door in d.roles}
    assert within({key: given for key, given in narrow.given.items() if key[1] not in front_doors}, wide.given)


@quick
@given(data=st.data())
def test_projecting_what_is_given_gives_it_again_and_adds_nothing(scene: Scene, data: st.DataObject) -> None:
    arrived, rules = arrivals(data.draw(scene.stories()), scene.policy), scene.policy.rules
    for event, told in zip(arrived, decided(arrived, scene.policy).told.values(), strict=True):
        shared = CaseFacts(told.case)
        candidates = find_candidates(told.case, scene.policy.duties(told.case.type), scene.pack.directory, scene.day).candidates
        for candidate in candidates.values():
            desk = scene.pack.directory.desk(candidate.desk)
            facts = DeskFacts(shared, candidate, role=desk.role.value, no_school_lead=Role.no_school_lead in desk.roles)

            def given_of(sections: Iterable[Any]) -> list[Any]:
                seen = project(Kinds.of(tuple(sections)), purposes=candidate.purposes, role=desk.role, facts=facts, rules=rules)  # noqa: B023
                return [g.section for g in seen.given]

            once = given_of(event.sections)
            assert all(section in event.sections for section in once)
            assert given_of(once) == once


@quick
@given(data=st.data())
def test_an_agencys_own_word_that_it_works_with_somebody_gives_it_nothing(scene: Scene, data: st.DataObject) -> None:
    known, event = data.draw(scene.ties()), data.draw(scene.events())
    desk, person = data.draw(st.sampled_from(scene.asserting)), data.draw(st.sampled_from(FAMILY.people))
    relations = data.draw(st.lists(st.sampled_from(Relation), min_size=1, max_size=3, unique=True))
    own = [tie(person, relation.value, desk.id, by=desk.id) for relation in relations]
    prepared = arrivals([*known, *own, event], scene.policy)
    before, said, last = prepared[: len(known)], prepared[len(known) : -1], prepared[-1]
    desks = {d.id for d in scene.desks if d.agency == desk.agency}
    asserted = decided([*before, *said, last], scene.policy).of_desks(desks, {last.envelope.id})
    silent = decided([*before, last], scene.policy).of_desks(desks, {last.envelope.id})
    assert asserted == silent


@quick
@given(data=st.data())
def test_an_agency_that_states_a_child_to_be_its_own_is_told_nothing_for_it(scene: Scene, data: st.DataObject) -> None:
    policy = policy_of(scene.trusting, scene.day)
    known = data.draw(scene.ties())
    event = data.draw(scene.events(kinds=sorted({d.on for d in scene.trusting.duties if d.stated})))
    source, own = data.draw(
        st.sampled_from([(a, b) for a in scene.asserting for b in scene.asserting if a.agency == b.agency and b.role in STATED])
    )
    children = [{**child, STATED[own.role]: own.id} for child in event.body["children"]]
    silent, said = (replace(event, source=source.id, body=body) for body in (event.body, {**event.body, "children": children}))
    desks = {d.id for d in scene.desks if d.agency == source.agency}

    def told(one: Step) -> set[str]:
        *_, last = arrived = arrivals([*known, one], policy)
        return {desk for _, desk in decided(arrived, policy).of_desks(desks, {last.envelope.id})}

    assert told(said) == told(silent)


@slow
@given(data=st.data())
def test_nobody_is_given_a_section_but_by_an_agreement_in_force_on_that_day(scene: Scene, data: st.DataObject) -> None:
    agreements, day = scene.pack.agreements, scene.day
    other, ended = data.draw(st.sets(st.sampled_from(agreements))), data.draw(st.booleans())
    dates = {"until": day} if ended else {"from_": day + timedelta(days=1), "until": None}
    dated = [replace(a, **dates) if a in other else a for a in agreements]
    arrived = arrivals(data.draw(scene.stories()), scene.policy)
    outcome = decided(arrived, policy_of(changed(scene.pack, agreements=tuple(dated)), day))
    in_force = {p.id for a in agreements if a not in other and a.in_force(day) for p in a.policies}
    for told in outcome.told.values():
        for given_section in (g for d in told.decision.disclosures for g in d.given):
            assert given_section.policies
            assert set(given_section.policies) <= in_force
    without = changed(scene.pack, agreements=tuple(a for a in agreements if a not in other))
    assert same(outcome, decided(arrived, policy_of(without, day)))


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


def shows(scene: Scene, event: Step, relation: str) -> bool:
    """Whether the pack lets the publisher of such an event know of desks in a relation."""
    return any(d.shown_to_publisher and d.relation == relation for d in scene.policy.duties(event.type))


def changes_what_the_publisher_sees(scene: Scene, known: list[Step], event: Step, hidden: Hidden) -> bool:
    """Whether one relation more, of some desk to somebody in an event, changes anything that its publisher gets to know."""
    person, relation, desk = hidden
    policy = scene.policy
    assume(event.source.partition(".")[0] not in {desk.partition(".")[0], scene.pack.directory.lead_agency})
    *before, extra, last = arrivals([*known, tie(person, relation, desk, scene.cast.lead), event], policy)
    more, less = (decided(run, policy).told[last.envelope.id] for run in ([*before, extra, last], [*before, last]))
    return bool(shown_to(event.source, more, policy) != shown_to(event.source, less, policy))


@quick
@given(data=st.data())
def test_the_publisher_learns_of_no_recipient_that_is_hidden_from_it(scene: Scene, data: st.DataObject) -> None:
    known, event, hidden = data.draw(scene.ties()), data.draw(scene.events()), data.draw(st.sampled_from(scene.hidden))
    assume(not shows(scene, event, hidden[1]) and not scene.may_tell(hidden, event))
    assert not changes_what_the_publisher_sees(scene, known, event, hidden)


@quick
@given(data=st.data())
def test_in_a_protected_case_the_publisher_learns_of_nobody_whom_it_did_not_name(scene: Scene, data: st.DataObject) -> None:
    relations = dict(scene.cast.child_ties)
    showing = sorted({d.on for d in scene.pack.duties if d.shown_to_publisher and d.tell is not None and d.relation in relations})
    event = data.draw(scene.events(kinds=showing or tuple(CASE_MODELS), protection=["yes"]))
    hidden = data.draw(st.sampled_from(scene.hidden))
    assume(not scene.may_tell(hidden, event))
    assert not changes_what_the_publisher_sees(scene, data.draw(scene.ties()), event, hidden)


@quick
@given(data=st.data())
def test_what_a_desk_is_given_does_not_depend_on_who_else_is_told(scene: Scene, data: st.DataObject) -> None:
    known, event = data.draw(scene.ties()), data.draw(scene.events())
    person, relation, desk = data.draw(st.sampled_from(scene.hidden))
    *before, extra, last = arrivals([*known, tie(person, relation, desk, scene.cast.lead), event], scene.policy)
    apart = {desk} | scene.probation if relation == "manages" else {desk}
    others = {d.id for d in scene.desks if d.id not in apart and d.agency != scene.pack.directory.lead_agency}
    more, less = (decided(run, scene.policy).of_desks(others, {last.envelope.id}) for run in ([*before, extra, last], [*before, last]))
    assert more == less
