"""What holds for every batch of events: whatever their order, nobody is told twice, before its time, or of what is not given."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.decide import Decider
from frontdoor_router.core.identify import Known, Mention, New, Person, Register, Unsure, identify, mentions
from frontdoor_router.core.routing import Routing
from frontdoor_schemas.vocabulary import Category
from support.budget import examples
from support.builders import NHS, a_child, an_incident
from support.deciding import NIGHT, Deciding
from support.sessions import MemorySession

CHILDREN = st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Deciding, list[Arrived]]:
    """Some threads of incidents; each event comes after the one before it in its thread, and some answer an earlier one."""
    deciding = Deciding()
    events: list[Arrived] = []
    for _ in range(draw(st.integers(1, 3))):
        thread: list[Arrived] = []
        for _ in range(draw(st.integers(1, 4))):
            before = thread[-1].envelope.id if thread else None
            cause = draw(st.sampled_from(thread)).envelope.id if thread else None
            people = [a_child(n) for n in draw(CHILDREN)]
            thread.append(deciding.arrived("police.pvp", "police-incident", an_incident(*people), after=before, reply_to=cause))
        events += thread
    return deciding, events


def routing(deciding: Deciding) -> Routing:
    """A routing under the pack of the tests."""
    decider = Decider(policy=deciding.policy, ids=deciding.ids)
    return Routing(decider=decider, keys=deciding.keys, epoch="riverside-1", others_close_after=timedelta(days=2))


@given(histories(), st.data())
@settings(deadline=None, max_examples=examples(40))
def test_every_event_is_decided_once_and_after_what_it_follows_however_the_bus_mixes_them(
    history: tuple[Deciding, list[Arrived]], data: st.DataObject
) -> None:
    deciding, events = history
    mixed = data.draw(st.permutations([*events, *data.draw(st.lists(st.sampled_from(events), max_size=3))]))
    cuts = sorted({0, len(mixed), *data.draw(st.lists(st.integers(0, len(mixed)), max_size=3))})
    session = _routed(deciding, mixed, cuts)
    assert sorted(session.order) == sorted(e.envelope.id for e in events)
    place = {event: n for n, event in enumerate(session.order)}
    for event in events:
        for earlier in (event.envelope.after, event.envelope.cause):
            assert earlier is None or place[earlier] < place[event.envelope.id]
    told = [d.id for one in session.saved for d in one.decision.disclosures]
    assert len(told) == len(set(told))
    assert _of_authors(session) == _of_authors(_routed(deciding, events, [0, len(events)]))


def _routed(deciding: Deciding, events: list[Arrived], cuts: list[int]) -> MemorySession:
    """What becomes of events that come off the bus in these batches."""
    session = MemorySession()

    async def run() -> None:
        for start, end in pairwise(cuts):
            await routing(deciding).route(events[start:end], session, NIGHT)

    asyncio.run(run())
    return session


def _of_authors(session: MemorySession) -> dict[UUID, set[Any]]:
    """Per event who was told, of which of its sections, and who owes what: all but what is worked out from other threads' events."""
    return {
        one.case.envelope.id: {
            *((d.id, d.desk, d.kind, frozenset(g.section.id for g in d.given if not g.made)) for d in one.decision.disclosures),
            *((o.id, o.desk, o.due) for o in one.decision.obligations),
        }
        for one in session.saved
    }


@given(histories())
@settings(deadline=None, max_examples=examples(40))
def test_nothing_is_given_but_sections_of_the_event_and_history_and_each_with_the_policies_that_permit_it(
    history: tuple[Deciding, list[Arrived]],
) -> None:
    deciding, events = history
    for event in events:
        told = deciding.decide(event)
        for disclosure in told.decision.disclosures:
            for given_section in disclosure.given:
                of_event = given_section.section in event.sections
                assert of_event or (given_section.made and given_section.section.category is Category.history_summary)
                assert given_section.policies
            assert disclosure.kind is not None or disclosure.given == ()
        owing = {o.disclosure for o in told.decision.obligations}
        assert {d.id for d in told.decision.disclosures if d.kind is not None} <= owing
        assert all(o.stages for o in told.decision.obligations)


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "nhs_number": st.sampled_from(NHS[:3]),
        "upn": st.sampled_from(["H801200001001", "A801200001002", "E80120000100A"]),
        "born": st.sampled_from(["2011-05-02", "2012-06-03"]),
        "local_id": st.sampled_from(["P-1", "P-2"]),
        "given_name": st.sampled_from(["Ava", "Bea"]),
        "family_name": st.just("Made-Up"),
    },
)


@given(st.lists(FACTS, max_size=8), FACTS)
def test_nobody_is_taken_for_somebody_who_bears_another_number_or_was_born_on_another_day(
    known: list[dict[str, str]], facts: dict[str, str]
) -> None:
    deciding, register = Deciding(), Register()

    def mention(block: dict[str, str]) -> Mention:
        return mentions({"children": [{"ref": "child-1", **block}]}, source_agency="police", make=deciding.keys)[0]

    said: dict[UUID, list[dict[str, str]]] = {}
    for n, block in enumerate(known):
        one = mention(block)
        match identify(one, register):
            case New(keys):
                person = Person(deciding.ids("person", n), "child", born=one.born)
                register.remember(person, keys)
            case Known(found, keys):
                person = register.people[found]
                register.remember(person, keys)
            case Unsure():
                continue
        said.setdefault(person.id, []).append(block)
    result = identify(mention(facts), register)
    if isinstance(result, Known):
        for block in said[result.person]:
            for number in ("nhs_number", "born"):
                assert number not in facts or number not in block or facts[number] == block[number]
    assert isinstance(result, Unsure) or facts.keys() & {"nhs_number", "upn", "local_id"}
    assert not isinstance(result, New) or "born" in facts
