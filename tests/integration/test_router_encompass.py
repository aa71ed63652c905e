"""The domestic-abuse night through the real router on a real database."""

from collections.abc import AsyncIterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from frontdoor_schemas.vocabulary import Level
from support.builders import a_child, an_adult, an_incident, an_involvement
from support.exchange import Exchange, exchange

LONDON = ZoneInfo("Europe/London")
SCHOOL_A, SCHOOL_B, NURSERY, PRACTICE = "ash-primary.dsl", "beck-academy.dsl", "little-oaks.lead", "mill-lane.gp"


@pytest.fixture
async def night(database: str) -> AsyncIterator[Exchange]:
    """The Stockton exchange on the evening of 10 November 2020, two children at two schools known to it."""
    async with exchange(database, starts=datetime(2020, 11, 10, 21, 0, tzinfo=LONDON)) as running:
        for child, school in ((a_child(1, born="2011-05-02"), SCHOOL_A), (a_child(2, born="2007-01-19"), SCHOOL_B)):
            await running.post("council.school-roll", "involvement-started", an_involvement(child, desk=school, relation="school"))
            await running.post("nhs.registration", "involvement-started", an_involvement(child, desk=PRACTICE, relation="gp"))
        running.told.clear()
        yield running


async def test_each_school_is_told_of_its_own_pupil_and_of_no_other(night: Exchange) -> None:
    incident = an_incident(a_child(1, born="2011-05-02"), a_child(2, born="2007-01-19"), adults=(an_adult(),), place="1 Marker Lane")
    event = await night.post("police.pvp", "police-incident", incident)
    assert {SCHOOL_A, SCHOOL_B, PRACTICE, "hub.front-door"} <= night.desks_told(event)
    ash, beck = night.message(SCHOOL_A, event), night.message(SCHOOL_B, event)
    assert [c["given_name"] for c in ash["children"]] == ["Given1"]
    assert [c["given_name"] for c in beck["children"]] == ["Given2"]
    assert "place" not in ash
    assert not {"nps.duty", "crc.duty", "cgl.substance-misuse"} & night.desks_told(event)


async def test_a_school_that_has_not_opened_it_is_reminded_then_its_deputy_then_the_encompass_desk(night: Exchange) -> None:
    event = await night.post("police.pvp", "police-incident", an_incident(a_child(1, born="2011-05-02")))
    await night.receipt(night.to(SCHOOL_A, event), Level.received)
    await night.move_to(datetime(2020, 11, 11, 8, 0, tzinfo=LONDON))
    assert any(r.desk == SCHOOL_A for r in night.reminds)
    await night.move_to(datetime(2020, 11, 11, 12, 0, tzinfo=LONDON))
    assert "police.encompass" in night.desks_told(event, "overdue")


async def test_a_school_that_opened_it_in_time_is_left_in_peace(night: Exchange) -> None:
    event = await night.post("police.pvp", "police-incident", an_incident(a_child(1, born="2011-05-02")))
    await night.receipt(night.to(SCHOOL_A, event), Level.opened)
    await night.move_to(datetime(2020, 11, 12, 12, 0, tzinfo=LONDON))
    assert not any(r.desk == SCHOOL_A for r in night.reminds)


async def test_a_child_that_fits_two_people_is_held_and_only_the_front_door_is_told(night: Exchange) -> None:
    await night.post(
        "hub.front-door",
        "involvement-started",
        an_involvement(a_child(3, given_name="Given1", born="2011-05-02"), desk="hub.front-door", relation="involved"),
    )
    event = await night.post(
        "police.pvp", "police-incident", an_incident(a_child(1, born="2011-05-02", nhs_number=None, voice={"obtained": "yes"}))
    )
    assert night.desks_told(event) == {"hub.front-door"}
    assert night.to("hub.front-door", event).marks == ("identity_not_confirmed",)
    held = await night.engine.ledger.event(event)
    assert held is not None
    assert [(t["reason"], t["owner"]) for t in held["tasks"]] == [("two-people-fit", "hub.review")]
