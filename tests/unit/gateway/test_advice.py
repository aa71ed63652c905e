"""A small provider posts as little as a form of three boxes holds, and is told at once whom to ask (I6)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from frontdoor_chassis.directory import load_directory
from frontdoor_gateway.core.partnership import Contact, Partnership
from frontdoor_schemas.topics import FAMILY
from frontdoor_schemas.vocabulary import EventType
from support.packs import PARTNERSHIPS
from unit.gateway.kit import ADVICE, SOCIAL_CARE, memory_stand, posted

NAMED = {"occurred_at": "2020-11-10T20:30:00Z", "children": [{"ref": "child-1", "given_name": "Made", "born": "2012-05-15"}]}
"""When, and who: the rest is asked for later, and nothing is refused for its absence."""


async def post(kind: EventType, **said: Any) -> dict[str, Any]:
    """What is answered to an event that says no more than this."""
    async with memory_stand() as stand:
        answer = await (await stand.client(SOCIAL_CARE)).post(f"/v1/{FAMILY[kind]}", json=posted(kind.value, {**NAMED, **said}))
        assert answer.status_code == 202, answer.text
        body: dict[str, Any] = answer.json()
        return body


@pytest.mark.parametrize(
    ("kind", "said"),
    [(EventType.consultation, {"question": "Is there anything that I should do?"}), (EventType.concern, {}), (EventType.referral, {})],
)
async def test_who_worries_about_a_child_writes_three_things_and_is_told_whom_to_ask(kind: EventType, said: dict[str, Any]) -> None:
    assert (await post(kind, **said))["advice"] == {"name": ADVICE.name, "email": ADVICE.email, "telephone": ADVICE.telephone}


async def test_who_asks_for_nothing_of_the_kind_is_told_nobody() -> None:
    assert "advice" not in await post(EventType.plan_status)


def test_it_is_the_front_door_as_long_as_there_is_one() -> None:
    partnership = Partnership(load_directory(PARTNERSHIPS / "wokingham"), "community")
    team = Contact("Wokingham MASH, Duty, triage and assessment team", "front-door@mash.example", "01632 960003")
    assert partnership.advice(datetime(2020, 11, 9, tzinfo=UTC)) == team
    assert partnership.advice(datetime(2010, 1, 1, tzinfo=UTC)) is None
