"""The backlog: 580 domestic-abuse incidents of standard risk, replayed through the real decision (D4, D6, D7). Everybody is made up."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from frontdoor_chassis.bus import Record
from frontdoor_router.core.measures.asking import Question, Table
from frontdoor_router.core.measures.audiences import Partnership
from frontdoor_router.core.measures.figures import Measured
from frontdoor_router.core.measures.printing import as_csv
from frontdoor_schemas.topics import FAMILY
from frontdoor_schemas.vocabulary import EventType
from support.builders import a_child, an_adult, an_incident, an_involvement
from support.exchange import Exchange, exchange
from support.measuring import group, nhs_number
from support.routers import rows

INCIDENTS, GAPS, REFERRED, REASONED = 580, 65, 20, 15
"""All of them; those with a child and neither referral nor reason (the size of the inspectors' sample); with the one; with the other."""
MORNING = datetime(2020, 11, 10, 10, 0, tzinfo=UTC)
PVP, ROOM, HUB, ROLL = "police.pvp", "police.control-room", "hub.front-door", "council.school-roll"
SCHOOLS = ("ash-primary.dsl", "beck-academy.dsl", "cedar-school.dsl")
AT_ONCE = 100
"""Events on the bus at a time: as many as one transaction decides."""
REFERRAL_ID = str(UUID(int=1))


@dataclass(frozen=True)
class Backlog:
    """A router that has decided all of it: the incidents with a gap, each with its child's school, and all others."""

    running: Exchange
    gaps: dict[UUID, str]
    rest: list[UUID]

    async def table(self) -> Table:
        """The shared data set of the month."""
        return await self.running.engine.figures(Question(date(2020, 11, 1), MORNING + timedelta(days=30), None, Partnership()))

    async def measure(self, name: str) -> Measured:
        """One measure of it."""
        return next(m for m in (await self.table()).measures if m.measure.id == name)


def child(n: int) -> dict[str, Any]:
    """The n-th child."""
    return a_child(1, nhs_number=nhs_number(n), given_name=f"Child{n}")


def incidents() -> list[tuple[int | None, dict[str, Any]]]:
    """All of them in an order that says nothing: whose child it is, where only a gap is a gap, and the incident."""
    gaps = [(n, an_incident(child(n))) for n in range(GAPS)]
    others = [an_incident(child(GAPS + n)) for n in range(REFERRED + REASONED)]
    for n, incident in enumerate(others):
        incident["domestic_abuse"] |= {"child_referral_id": REFERRAL_ID} if n < REFERRED else {"no_referral_reason": "At school that day"}
    adults = [{**an_incident(adults=(an_adult(1),))} for _ in range(INCIDENTS - GAPS - len(others))]
    found: list[tuple[int | None, dict[str, Any]]] = [*gaps, *((None, incident) for incident in (*others, *adults))]
    random.Random(580).shuffle(found)
    return found


@pytest.fixture
async def backlog(database: str) -> AsyncIterator[Backlog]:
    """Decided, with a school confirmed for every child."""
    async with exchange(database, starts=MORNING) as running:
        for known in range(GAPS + REFERRED + REASONED):
            await running.publish(ROLL, "involvement-started", an_involvement(child(known), desk=SCHOOLS[known % 3], relation="school"))
        await running.settle()
        gaps: dict[UUID, str] = {}
        rest: list[UUID] = []
        for number, (n, incident) in enumerate(incidents(), start=1):
            event = await running.publish(ROOM, "police-incident", incident)
            if n is None:
                rest.append(event)
            else:
                gaps[event] = SCHOOLS[n % 3]
            if number % AT_ONCE == 0:
                await running.settle()
        await running.settle()
        yield Backlog(running, gaps, rest)


async def test_of_580_incidents_each_of_the_65_reaches_school_and_front_door_and_is_counted(backlog: Backlog, database: str) -> None:
    assert await rows(database, "SELECT count(*) FROM event WHERE type = 'police-incident' AND state = 'decided'") == [(INCIDENTS,)]
    told: dict[UUID, set[str]] = {}
    for delivery in (d for d in backlog.running.told if d.kind == "disclosure"):
        told.setdefault(delivery.event.id, set()).add(delivery.desk)
    assert all({school, HUB} <= told[event] for event, school in backlog.gaps.items())
    assert all(told[event].isdisjoint(set(SCHOOLS) - {school}) for event, school in backlog.gaps.items())
    owed = "SELECT event FROM obligation WHERE duty = 'gatekeeper' AND desk = $1 AND state = 'open'"
    assert {event for (event,) in await rows(database, owed, PVP)} == backlog.gaps.keys()
    everything = await backlog.measure("police-notification-delay")
    without = await backlog.measure("incidents-without-referral-or-reason")
    assert (everything.total.of, without.total.counted) == (INCIDENTS, GAPS)
    assert without.total.of == GAPS + REFERRED + REASONED
    assert group(without, "field:domestic_abuse.risk_grade", "standard").counted == GAPS
    await _the_gatekeeper_refers(backlog)


async def _the_gatekeeper_refers(backlog: Backlog) -> None:
    """One is referred, of one it is said why not: two gaps fewer."""
    first, second = list(backlog.gaps)[:2]
    await backlog.running.post(PVP, "referral", {"children": [child(1)]}, reply_to=first)
    triaged = {"children": [child(2)], "children_in_household": "yes", "no_referral_reason": "Lives elsewhere"}
    await backlog.running.post(PVP, "incident-triage", triaged, reply_to=second)
    assert (await backlog.measure("incidents-without-referral-or-reason")).total.counted == GAPS - 2


async def test_the_backlog_sent_again_changes_no_figure_and_tells_nobody_twice(backlog: Backlog) -> None:
    running = backlog.running
    before, told = as_csv(await backlog.table()), Counter((d.event.id, d.desk, d.kind) for d in running.told)
    records = running.bus.records(FAMILY[EventType.police_incident])
    producer = await running.bus.producer()
    await producer.send([Record(r.topic, r.key, r.value, r.headers) for r in records])
    await producer.close()
    await running.settle()
    assert as_csv(await backlog.table()) == before
    assert Counter((d.event.id, d.desk, d.kind) for d in running.told) == told
    assert {times for (_, _, kind), times in told.items() if kind == "disclosure"} == {1}
