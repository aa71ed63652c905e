"""What is posted and what is mailed, word for word."""

import random
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdoor_chassis.clock import SettableClock
from frontdoor_notifier.core.parcels import TakenBack
from frontdoor_notifier.core.payload import body_of, message_id, naming_missing, tombstone
from frontdoor_notifier.core.reminders import Reminder, no_longer_wanted, write_mail
from frontdoor_schemas.messages import Message
from frontdoor_schemas.vocabulary import Level
from support.delivering import Told, made_up_id
from unit.notifier.kit import DESK, NOW, parcel

LONDON = ZoneInfo("Europe/London")
UTC_ZONE = ZoneInfo("UTC")


def reminder(**changes: object) -> Reminder:
    given: dict[str, object] = {
        "id": UUID(int=1),
        "desk": DESK,
        "reason": "encompass-school",
        "disclosure": made_up_id(random.Random(1)),
        "due": NOW + timedelta(hours=23),
        "at": NOW,
        "attempts": 1,
        "first_at": NOW,
    }
    return Reminder(**{**given, **changes})  # type: ignore[arg-type] # the fields of a reminder


def test_a_delivery_is_posted_as_the_contract_says() -> None:
    delivery = Told(SettableClock(NOW)).delivery(due=timedelta(hours=1))
    payload = orjson.loads(body_of(delivery))
    assert payload["data"]["disclosure"] == str(delivery.id)
    assert payload["data"]["message"] == {"circumstances": "Marker Lane"}
    Message.model_validate(payload, strict=False)


def test_missing_numbers_are_named_and_nothing_else_changes() -> None:
    body = body_of(Told(SettableClock(NOW)).delivery())
    named = orjson.loads(naming_missing(body, (2, 3)))
    Message.model_validate(named, strict=False)  # what is posted is what the contract describes
    assert named["data"].pop("missing_numbers") == [2, 3]
    assert named == orjson.loads(body)


def test_a_tombstone_says_that_there_was_something_and_nothing_of_it() -> None:
    notice = parcel(7).notice
    payload = orjson.loads(tombstone(notice))
    Message.model_validate(payload, strict=False)
    assert payload["data"] == {"disclosure": str(notice.id), "desk": DESK, "incarnation": 1, "number": 7, "kind": "tombstone"}


def test_the_id_is_that_of_the_disclosure_and_a_tombstone_has_its_own() -> None:
    notice = parcel(7).notice
    assert message_id(notice, None) == str(notice.id)
    assert message_id(notice, TakenBack.recalled) == f"{notice.id}-recalled"


@given(st.text(max_size=100), st.text(max_size=40))
def test_nothing_of_a_reason_that_is_no_code_gets_into_a_mail(reason: str, name: str) -> None:
    mail = write_mail(reminder(reason=f"Ava {reason}"), to="d@a.example", desk_name="Desk", zone=LONDON)
    assert "Ava" not in mail.subject + mail.text
    assert "Reason: unspecified" in mail.text
    assert name not in mail.to or name in "d@a.example"


def test_a_mail_has_a_code_a_local_time_and_an_opaque_reference() -> None:
    wanted = reminder()
    mail = write_mail(wanted, to="d@a.example", desk_name="Ash Primary safeguarding lead", zone=LONDON)
    assert mail.subject == "Frontdoor: something is waiting for Ash Primary safeguarding lead"
    assert mail.text.splitlines()[:5] == [
        "There is something waiting for Ash Primary safeguarding lead in Frontdoor.",
        "",
        "Reason: encompass-school",
        "Due: Wednesday 11 November 2020, 08:00 (Europe/London)",
        f"Reference: {wanted.disclosure.hex[:8] if wanted.disclosure else ''}",
    ]


def test_a_mail_about_nothing_in_particular_says_so() -> None:
    mail = write_mail(reminder(disclosure=None, due=None), to="d@a.example", desk_name="Desk", zone=UTC_ZONE)
    assert "Due: no time is set" in mail.text
    assert "Reference: none" in mail.text


@pytest.mark.parametrize(
    ("wanted", "reached", "why"),
    [
        (Level.received, None, None),
        (Level.received, Level.filed, None),
        (Level.received, Level.received, "collected"),
        (Level.received, Level.acted, "collected"),
        (Level.opened, Level.received, None),
        (Level.opened, Level.opened, "collected"),
        (Level.acted, Level.opened, None),
        (None, Level.opened, None),
        (None, Level.acted, "collected"),
    ],
)
def test_a_reminder_is_wanted_until_the_level_asked_for(wanted: Level | None, reached: Level | None, why: str | None) -> None:
    assert no_longer_wanted(reminder(wanted=wanted, reached=reached)) == why


def test_a_reminder_of_what_was_taken_back_is_not_wanted() -> None:
    assert no_longer_wanted(reminder(taken_back=True)) == "taken_back"
