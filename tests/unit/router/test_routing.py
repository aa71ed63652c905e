"""In which order events are decided, what waits, and what one that cannot be decided does to the others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.case import Case
from frontdoor_router.core.decide import Decider
from frontdoor_router.core.decision import Decision
from frontdoor_router.core.draft import Draft
from frontdoor_router.core.identify import lock_numbers
from frontdoor_router.core.outgoing import HeldEvent
from frontdoor_router.core.routing import Routing, Tally
from frontdoor_router.core.world import World
from support.builders import a_child, an_incident
from support.deciding import NIGHT, Deciding
from support.sessions import MemorySession

CLOSE_AFTER = timedelta(days=2)


class Faulty(Decider):
    """Fails at some events, after it has changed the world."""

    fails: frozenset[UUID] = frozenset()

    def decide(self, arrived: Arrived, world: World, now: datetime) -> tuple[Case, Decision]:
        done = super().decide(arrived, world, now)
        if arrived.envelope.id in self.fails:
            raise KeyError("a fault of our own")
        return done


@pytest.fixture
def deciding() -> Deciding:
    """Makes events."""
    return Deciding()


@pytest.fixture
def session() -> MemorySession:
    """An empty store."""
    return MemorySession()


def routing(deciding: Deciding, *, fails: frozenset[UUID] = frozenset()) -> Routing:
    """A routing under the pack of the tests."""
    decider = Faulty(policy=deciding.policy, ids=deciding.ids)
    decider.fails = fails
    return Routing(decider=decider, keys=deciding.keys, epoch="riverside-1", others_close_after=CLOSE_AFTER)


Make = Callable[..., Arrived]


@pytest.fixture
def make(deciding: Deciding) -> Make:
    """Makes an incident, which may come after another or answer it."""

    def made(*, after: Arrived | None = None, cause: Arrived | None = None, n: int = 1) -> Arrived:
        links: dict[str, Any] = {"after": after.envelope.id if after else None, "reply_to": cause.envelope.id if cause else None}
        return deciding.arrived("police.pvp", "police-incident", an_incident(a_child(n)), **links)

    return made


def ids(*events: Arrived) -> list[UUID]:
    """Their ids."""
    return [e.envelope.id for e in events]


async def route(deciding: Deciding, session: MemorySession, *events: Arrived, fails: frozenset[UUID] = frozenset()) -> Tally:
    """Route one batch."""
    return await routing(deciding, fails=fails).route(events, session, NIGHT)


async def test_events_that_do_not_follow_one_another_are_decided_as_they_come(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    events = [make(n=n) for n in (1, 2, 3)]
    tally = await route(deciding, session, *events)
    assert session.order == ids(*events)
    assert (tally.decided, tally.waiting, tally.parked, tally.disclosures) == (3, 0, 0, 3)


async def test_an_event_comes_after_what_it_follows_whatever_their_order_on_the_bus(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    first = make()
    second = make(after=first)
    third = make(cause=second)
    await route(deciding, session, third, second, first)
    assert session.order == ids(first, second, third)


async def test_what_ends_or_takes_back_goes_first_among_those_that_do_not_follow_one_another(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    incident = make()
    about = {"children": [a_child(1)], "about": ["child-1"], "relation": "school", "desk": "oak.dsl"}
    ended = deciding.arrived("hub.front-door", "involvement-ended", about)
    withdrawal = deciding.arrived("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=incident.envelope.id)
    other = make(n=2)
    await route(deciding, session, other, incident, withdrawal, ended)
    assert session.order == ids(ended, other, incident, withdrawal)


async def test_an_event_waits_for_one_that_has_not_come_and_is_decided_when_it_has(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    first = make()
    second = make(after=first)
    assert (await route(deciding, session, second)).waiting == 1
    assert session.order == []
    await route(deciding, session, first)
    assert session.order == ids(first, second)
    assert session.waiting == {}


async def test_a_chain_that_waits_is_released_link_by_link(deciding: Deciding, session: MemorySession, make: Make) -> None:
    first = make()
    second = make(after=first)
    third = make(cause=second)
    fourth = make(after=third)
    await route(deciding, session, fourth, third, second)
    assert len(session.waiting) == 3
    await route(deciding, session, first)
    assert session.order == ids(first, second, third, fourth)


async def test_an_event_that_waits_for_two_waits_for_both(deciding: Deciding, session: MemorySession, make: Make) -> None:
    before, cause = make(), make(n=2)
    event = deciding.arrived("police.pvp", "police-incident", an_incident(a_child(1)), after=before.envelope.id, reply_to=cause.envelope.id)
    await route(deciding, session, event)
    await route(deciding, session, before)
    assert session.order == ids(before)
    await route(deciding, session, cause)
    assert session.order == ids(before, cause, event)


async def test_what_waits_goes_on_when_what_it_waits_for_is_set_aside_under_the_lock_of_their_thread(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    bad = make()
    second = make(after=bad)
    third = make(cause=second)
    await route(deciding, session, second, third)
    await session.park(HeldEvent(bad.envelope, "police", (), NIGHT), Draft(), NIGHT)
    session.locks.clear()
    await routing(deciding).route([], session, NIGHT, [bad.envelope])
    assert session.locks[0] == lock_numbers([], [bad.envelope.thread], deciding.keys)
    assert (session.order, session.waiting) == (ids(second, third), {})


async def test_what_is_sent_again_after_what_it_waits_for_was_set_aside_waits_no_more(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    bad = make()
    second = make(after=bad)
    await route(deciding, session, second)
    await session.park(HeldEvent(bad.envelope, "police", (), NIGHT), Draft(), NIGHT)
    await route(deciding, session, second)
    assert (session.order, session.waiting) == (ids(second), {})


async def test_two_that_wait_for_one_another_wait(deciding: Deciding, session: MemorySession, make: Make) -> None:
    first = make()
    second = make(after=first)
    knotted = replace(first, envelope=first.envelope.model_copy(update={"after": second.envelope.id}))
    assert (await route(deciding, session, knotted, second)).waiting == 2


async def test_an_event_that_was_decided_is_not_decided_again_and_its_publisher_is_answered(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    event = make()
    await route(deciding, session, event)
    tally = await route(deciding, session, event)
    assert (len(session.saved), tally.seen_before, session.answered) == (1, 1, ids(event))


async def test_an_event_that_stands_twice_in_a_batch_is_decided_once(deciding: Deciding, session: MemorySession, make: Make) -> None:
    event = make()
    tally = await route(deciding, session, event, event)
    assert (len(session.saved), tally.seen_before, session.answered) == (1, 1, [])


async def test_what_cannot_be_decided_is_set_aside_with_work_for_a_person_and_the_others_go_on(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    first, bad, last = make(), make(n=2), make(n=3)
    tally = await route(deciding, session, first, bad, last, fails=frozenset(ids(bad)))
    assert session.order == ids(first, last)
    ((held, draft),) = session.parked
    assert (held.envelope.id, held.gateway, held.others_close_at) == (bad.envelope.id, "police", NIGHT + CLOSE_AFTER)
    assert [t.reason for t in draft.tasks] == ["error:KeyError"]
    assert (tally.decided, tally.parked) == (2, 1)


async def test_what_follows_an_event_that_was_set_aside_is_decided(deciding: Deciding, session: MemorySession, make: Make) -> None:
    bad = make()
    follower = make(after=bad)
    later = make(cause=bad)
    await route(deciding, session, bad, follower, fails=frozenset(ids(bad)))
    await route(deciding, session, later)
    assert session.order == ids(follower, later)


async def test_what_an_event_had_changed_before_it_failed_is_unknown_to_those_after_it(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    bad, same_child = make(), make()
    await route(deciding, session, bad, same_child, fails=frozenset(ids(bad)))
    (decided,) = session.saved
    assert len(decided.decision.people) == 1
    assert len(decided.case.world.register.people) == 1
    assert set(decided.case.world.events) == {same_child.envelope.id}


def a_question(deciding: Deciding) -> Arrived:
    """A question about a child."""
    return deciding.arrived("oak.dsl", "query", {"children": [a_child(1)], "question": "chronology", "purpose": "A made-up reason"})


async def test_questions_are_decided_by_themselves_after_what_came_before_was_written(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    first, asked, too, last = make(), a_question(deciding), a_question(deciding), make(n=2)
    tally = await route(deciding, session, first, asked, too, last)
    assert session.order == ids(first, asked, too, last)
    assert session.recollected == [ids(asked, too)]
    assert (tally.decided, tally.disclosures) == (4, 4)


async def test_nothing_more_is_read_for_events_that_ask_nothing(deciding: Deciding, session: MemorySession, make: Make) -> None:
    await route(deciding, session, make(), make(n=2))
    assert session.recollected == []


async def test_a_question_that_cannot_be_decided_is_set_aside_and_the_others_go_on(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    bad, asked, last = a_question(deciding), a_question(deciding), make()
    tally = await route(deciding, session, bad, asked, last, fails=frozenset(ids(bad)))
    assert session.order == ids(asked, last)
    assert (tally.decided, tally.parked) == (2, 1)


async def test_an_event_of_a_desk_that_there_is_not_is_set_aside(deciding: Deciding, session: MemorySession) -> None:
    await route(deciding, session, deciding.arrived("gone.desk", "police-incident", an_incident(a_child(1))))
    assert [t.reason for _, draft in session.parked for t in draft.tasks] == ["error:UnknownDeskError"]


async def test_threads_and_identifiers_are_locked_before_anything_is_read_and_in_order(
    deciding: Deciding, session: MemorySession, make: Make
) -> None:
    await route(deciding, session, make(), make(n=2))
    (numbers,) = session.locks
    assert numbers == sorted(numbers)
    assert len(numbers) == 6  # two threads, two numbers, each alone and with its birth date


async def test_an_empty_batch_is_nothing(deciding: Deciding, session: MemorySession) -> None:
    assert await route(deciding, session) == Tally()


def test_other_services_close_at_a_time_that_depends_on_nothing_but_the_event(deciding: Deciding, make: Make) -> None:
    assert routing(deciding).closes_at(make().envelope) == NIGHT + CLOSE_AFTER
    assert routing(deciding).set_aside(uuid4(), "unreadable", NIGHT).tasks
