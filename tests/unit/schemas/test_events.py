"""Submissions: how each type is read, and what becomes of amendments."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from contract.made_up import REPLIED_TO, SOURCE, a_body, a_submission, rng, submitted
from frontdoor_schemas.amendments import Correction
from frontdoor_schemas.events import CASE_MODELS, MODELS, parse, to_sections
from frontdoor_schemas.sections import join
from frontdoor_schemas.vocabulary import EventType


def _read(event_type: EventType, posted: dict[str, Any]) -> Any:
    return parse(event_type, json.dumps(posted).encode())


@pytest.mark.parametrize("event_type", EventType)
def test_every_type_is_read_with_every_field(event_type: EventType) -> None:
    posted = a_submission(event_type)
    read = _read(event_type, posted)
    assert read.type is event_type
    assert isinstance(read.data, MODELS[event_type])
    assert read.data.model_dump(mode="json", exclude_unset=True) == posted["data"]


@pytest.mark.parametrize("event_type", CASE_MODELS)
def test_the_least_that_is_accepted(event_type: EventType) -> None:
    least = {"occurred_at": "2020-11-10T21:40:00Z", "children": [{"ref": "child-1"}]}
    needed = {n: a_body(event_type)[n] for n, info in MODELS[event_type].model_fields.items() if info.is_required()}
    if "about" in needed:
        one = needed["about"][0]  # an adult, where nobody else can be meant
        least = least if one == "child-1" else {"occurred_at": least["occurred_at"], "adults": [{"ref": one}]}
        needed["about"] = [one]
    posted = a_submission(event_type, {**needed, **least})
    assert _read(event_type, posted).data.occurred_at.year == 2020


def test_an_outcome_needs_a_decision() -> None:
    needed = {n for n, info in MODELS[EventType.referral_outcome].model_fields.items() if info.is_required()}
    assert needed == {"occurred_at", "decided_at", "accepted"}


@pytest.mark.parametrize("event_type", EventType)
def test_who_must_reply_cannot_do_without_and_whoever_may_can(event_type: EventType) -> None:
    posted = a_submission(event_type)
    posted.pop("in_reply_to", None)
    if MODELS[event_type].must_reply:
        with pytest.raises(ValidationError, match="in_reply_to"):
            _read(event_type, posted)
    else:
        assert _read(event_type, posted).in_reply_to is None
        assert str(_read(event_type, posted | {"in_reply_to": REPLIED_TO}).in_reply_to) == REPLIED_TO


def test_a_type_is_not_read_as_another() -> None:
    with pytest.raises(ValidationError):
        _read(EventType.referral, a_submission(EventType.police_incident))


def test_a_correction_is_cut_as_the_event_that_it_puts_in_place() -> None:
    correction = submitted(EventType.correction)
    assert isinstance(correction.data, Correction)
    message = join(to_sections(correction, SOURCE, rng()))
    assert message["amends"] == {"reason": "made up", "type": "police-incident"}
    inner = join(
        to_sections(submitted(EventType.police_incident, a_submission(EventType.correction)["data"]["event"]["data"]), SOURCE, rng())
    )
    assert {n: v for n, v in message.items() if n != "amends"} == inner


def test_a_correction_cannot_put_an_amendment_in_place() -> None:
    for event_type in (EventType.correction, EventType.withdrawal):
        posted = a_submission(EventType.correction)
        posted["data"]["event"] = {"type": event_type.value, "data": a_body(event_type)}
        with pytest.raises(ValidationError, match="event"):
            _read(EventType.correction, posted)


def test_a_withdrawal_says_why_and_who_and_nothing_else() -> None:
    message = join(to_sections(submitted(EventType.withdrawal), SOURCE, rng()))
    assert message.keys() == {"occurred_at", "reason", "source"}


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b"\xff", b'{"type":"referral","data":{"author":{"name":"\\ud800"}}}', b"[" * 9000]
)
def test_what_cannot_be_read_is_refused(raw: bytes) -> None:
    with pytest.raises(ValidationError):
        parse(EventType.referral, raw)


def test_an_error_does_not_repeat_what_was_sent() -> None:
    secret = "Ava Marker of 1 Marker Lane"
    posted = a_submission(EventType.referral, {"occurred_at": secret, "children": [{"ref": secret, "born": secret, "nhs_number": secret}]})
    with pytest.raises(ValidationError) as caught:
        _read(EventType.referral, posted)
    assert "Marker" not in str(caught.value)
