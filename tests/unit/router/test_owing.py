"""What a desk is asked for when it owes more than one thing, and who may give the reply."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from frontdoor_chassis.directory import load_directory
from frontdoor_router.core.decision import Obligation
from frontdoor_router.core.owing import COLLECT, ask_of, may_answer
from frontdoor_schemas.vocabulary import EventType, Level
from frontdoor_standalone.deployment import pack_folder

SOON = datetime(2020, 11, 12, 15, 0, tzinfo=UTC)
LATER = SOON + timedelta(days=5)
NOBODY = UUID(int=0)


def owed(satisfied_by: str, due: datetime, duty: str = "duty") -> Obligation:
    """An obligation of one desk."""
    return Obligation(NOBODY, duty, "oak.dsl", None, None, (satisfied_by,), due, ())


def test_of_two_replies_the_one_that_is_due_first_is_asked_for() -> None:
    report, response = owed("reply:meeting-report", LATER), owed("reply:meeting-response", SOON)
    for both in ([report, response], [response, report]):
        ask = ask_of(both)
        assert ask is not None
        assert (ask.reply, ask.due) == (EventType.meeting_response, SOON)


def test_the_highest_level_is_asked_for_by_the_earliest_time() -> None:
    ask = ask_of([owed("received", LATER), owed("acted", SOON)])
    assert ask is not None
    assert (ask.level, ask.reply, ask.due) == (Level.acted, None, SOON)


def test_what_is_only_to_be_collected_asks_for_nothing() -> None:
    assert ask_of([owed("received", SOON, COLLECT)]) is None


@pytest.mark.parametrize(
    ("source", "desk", "asked", "expected"),
    [
        ("trust.school-nursing", "trust.school-nursing", True, True),
        ("trust.midwifery", "trust.school-nursing", True, False),
        ("trust.midwifery", "trust.school-nursing", False, True),
        ("police.control-room", "police.pvp", True, False),
        ("police.supervisor", "police.pvp", True, True),
        ("ash-primary.deputy", "ash-primary.dsl", True, True),
        ("ash-primary.dsl", "ash-primary.deputy", True, False),
        ("beck-secondary.dsl", "ash-primary.dsl", False, False),
        ("trust.midwifery", "trust.no-longer-in-the-pack", True, False),
        ("trust.midwifery", "trust.no-longer-in-the-pack", False, True),
    ],
)
def test_who_may_give_the_reply_that_a_desk_owes(source: str, desk: str, asked: bool, expected: bool) -> None:
    directory = load_directory(pack_folder("stockton"))
    assert may_answer(source, desk, directory, SOON.date(), asked=asked) is expected
