"""What a recipient gets."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from contract.made_up import SOURCE, rng, submitted
from frontdoor_schemas.envelope import Ask, Delivery, DeliveryKind, Envelope, Mark
from frontdoor_schemas.events import to_sections
from frontdoor_schemas.messages import Message, message, tombstone
from frontdoor_schemas.sections import join
from frontdoor_schemas.vocabulary import EventType, Level

ID, THREAD, OTHER = (UUID(f"0190b0a0-0000-7000-8000-00000000000{n}") for n in (1, 2, 3))
AT = datetime(2020, 11, 10, 21, 40, tzinfo=UTC)
SECTIONS = to_sections(submitted(EventType.referral), SOURCE, rng())


def _delivery(cause: UUID | None = None, **more: Any) -> Delivery:
    envelope = Envelope(id=ID, type=EventType.referral, thread=THREAD, cause=cause, occurred_at=AT, received_at=AT)
    facts = {"kind": DeliveryKind.disclosure, "sections": SECTIONS} | more
    return Delivery(id=OTHER, desk="hub.front-door", incarnation=1, number=7, at=AT, event=envelope, **facts)


def test_a_disclosure_says_which_event_and_what_of_it() -> None:
    assert message(_delivery()) == {
        "type": "frontdoor.disclosure.v1",
        "timestamp": "2020-11-10T21:40:00.000Z",
        "data": {
            "disclosure": str(OTHER),
            "desk": "hub.front-door",
            "incarnation": 1,
            "number": 7,
            "kind": "disclosure",
            "event": {"id": str(ID), "type": "referral", "thread": str(THREAD), "occurred_at": "2020-11-10T21:40:00.000Z"},
            "message": join(SECTIONS),
        },
    }


def test_what_is_there_is_said() -> None:
    ask = Ask(level=Level.opened, reply=EventType.referral_outcome, due=AT)
    given = {"marks": (Mark.incomplete,), "ask": ask, "reason": "owed", "missing": ("history",), "refers_to": THREAD}
    data = message(_delivery(cause=OTHER, **given))["data"]
    assert data["event"]["cause"] == str(OTHER)
    assert data["ask"] == {"level": "opened", "reply": "referral-outcome", "due": "2020-11-10T21:40:00.000Z"}
    assert (data["marks"], data["reason"], data["missing"], data["refers_to"]) == (["incomplete"], "owed", ["history"], str(THREAD))


def test_an_ask_leaves_out_what_it_does_not_ask() -> None:
    assert message(_delivery(ask=Ask(level=Level.received)))["data"]["ask"] == {"level": "received"}


def test_a_notice_has_no_content_and_no_trace_of_any() -> None:
    data = message(_delivery(kind=DeliveryKind.withdrawn, sections=(), refers_to=OTHER))["data"]
    assert data.keys() == {"disclosure", "desk", "incarnation", "number", "kind", "event", "refers_to"}


@pytest.mark.parametrize("kind", DeliveryKind)
def test_every_kind_of_message_is_of_the_published_form_and_is_json(kind: DeliveryKind) -> None:
    made = message(_delivery(kind=kind))
    assert Message.model_validate_json(json.dumps(made)).data.kind is kind


def test_a_tombstone_says_that_there_was_something_and_not_what() -> None:
    made = tombstone(disclosure=OTHER, desk="hub.front-door", incarnation=1, number=7, at=AT)
    assert made["type"] == "frontdoor.tombstone.v1"
    assert made["data"] == {"disclosure": str(OTHER), "desk": "hub.front-door", "incarnation": 1, "number": 7, "kind": "tombstone"}
    assert Message.model_validate_json(json.dumps(made)).data.message is None
