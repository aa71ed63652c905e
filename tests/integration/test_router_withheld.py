"""From whom a tie is withheld is kept in the tables and read again: by decisions, by clocks, and on the day on which a desk ends."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from frontdoor_schemas.envelope import Delivery
from frontdoor_schemas.sections import join
from support.asking import MOTHER
from support.builders import a_child, an_involvement
from support.deciding import NIGHT
from support.exchange import Exchange, exchange
from support.routers import rows
from support.withholding import CLINIC, FRONT_DOOR, NURSE, OAK, a_pack

GROVE, DEPUTY = "grove.dsl", "oak.deputy"
MIDNIGHT = datetime(2020, 11, 11, tzinfo=UTC)


@pytest.fixture
async def eve(database: str, tmp_path: Path) -> AsyncIterator[Exchange]:
    """The night before Oak School ends; the child goes there."""
    async with exchange(database, pack=str(a_pack(tmp_path)), starts=NIGHT) as running:
        await running.post(FRONT_DOOR, "involvement-started", an_involvement(a_child(1), desk=OAK, relation="school"))
        yield running


async def works(eve: Exchange, desk: str, *kept_from: str, by: str) -> UUID:
    """A desk works with the child, or treats the mother; from whom that is withheld."""
    about = (
        an_involvement(MOTHER, desk=desk, relation="treats")
        if desk == CLINIC
        else an_involvement(a_child(1), desk=desk, relation="involved")
    )
    return await eve.post(by, "involvement-started", {**about, "sharing": {"withhold_from": list(kept_from)}})


async def referral(eve: Exchange) -> UUID:
    """A referral of both."""
    return await eve.post("police.pvp", "referral", {"children": [a_child(1)], "adults": [MOTHER]})


def treated(delivery: Delivery) -> list[tuple[Any, Any]]:
    """What a delivery answers of the clinic."""
    found = join(delivery.sections).get("known_to_treatment", [])
    return [(one["answer"], one.get("desks")) for one in found]


async def test_a_tie_is_read_as_it_was_withheld_and_the_last_word_holds(eve: Exchange, database: str) -> None:
    await works(eve, CLINIC, "oak", by=CLINIC)
    first = await referral(eve)
    assert treated(eve.to(OAK, first)) == [("unknown", None)]
    assert treated(eve.to(FRONT_DOOR, first)) == [("yes", [CLINIC])]
    await works(eve, CLINIC, by=CLINIC)
    assert treated(eve.to(OAK, await referral(eve))) == [("yes", [CLINIC])]
    kept = await rows(database, "SELECT withheld_from FROM tie WHERE desk = $1 ORDER BY id", CLINIC)
    assert kept == [(["oak"],), ([],)]


async def test_who_published_hears_of_such_a_desk_neither_in_its_ledger_nor_by_a_clock(eve: Exchange, database: str) -> None:
    await works(eve, NURSE, "police", by=FRONT_DOOR)
    event = await eve.post("police.pvp", "meeting-invitation", {"children": [a_child(1)]})
    assert NURSE in eve.desks_told(event)
    await eve.move_to(NIGHT + timedelta(days=2))
    assert not [line for ledger in eve.ledgers if ledger.event == event for line in ledger.lines if line.desk == NURSE]
    assert eve.desks_told(event, "overdue") == {FRONT_DOOR}
    owed = await rows(database, "SELECT duty, hidden_from FROM obligation WHERE event = $1 AND desk = $2 ORDER BY duty", event, NURSE)
    assert owed == [("invite-involved", ["police"]), ("invited-answer", ["police"])]


async def test_a_deputy_does_not_read_what_was_made_for_the_desk_where_that_may_be_withheld_from_it(eve: Exchange) -> None:
    for kept_from, expected in (("elm", [("yes", [CLINIC])]), (DEPUTY, [])):
        await works(eve, CLINIC, kept_from, by=CLINIC)
        event = await referral(eve)
        assert treated(eve.to(OAK, event)) == [("yes", [CLINIC])]
        await eve.move_to(eve.clock.now() + timedelta(hours=1))
        assert treated(eve.to(DEPUTY, event, "overdue")) == expected


@pytest.mark.parametrize(("kept_from", "expected"), [("elm.deputy", [("yes", [CLINIC])]), ("grove", [])])
async def test_a_successor_is_not_handed_what_was_made_for_the_desk_where_that_may_be_withheld_from_it(
    eve: Exchange, kept_from: str, expected: list[Any]
) -> None:
    await works(eve, CLINIC, kept_from, by=CLINIC)
    event = await referral(eve)
    assert treated(eve.to(OAK, event)) == [("yes", [CLINIC])]
    await eve.move_to(MIDNIGHT)
    handed = eve.to(GROVE, event, "overdue")
    assert "child_identity" in {s.category.value for s in handed.sections}
    assert treated(handed) == expected
