"""Signatures, held against the reference library."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from frontdoor_notifier.core.signing import BadSecretError, Secret, keys_in_force, parse_secret, show_secret, sign

NOW = datetime(2020, 11, 10, 9, 0, tzinfo=UTC)
KEYS = [random.Random(n).randbytes(32) for n in range(3)]


@given(st.binary(min_size=24, max_size=64), st.uuids(), st.text(max_size=2000))
def test_the_reference_library_verifies_what_is_signed_here(key: bytes, message_id: object, text: str) -> None:
    body = text.encode("utf-8", errors="ignore")
    headers = sign([key], message_id=str(message_id), at=datetime.now(tz=UTC), body=body)
    Webhook(show_secret(key)).verify(body, headers, json_parse=False)


def test_during_a_rotation_either_secret_verifies_and_no_third() -> None:
    headers = sign(KEYS[:2], message_id="m", at=datetime.now(tz=UTC), body=b"{}")
    for key in KEYS[:2]:
        Webhook(show_secret(key)).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(show_secret(KEYS[2])).verify(b"{}", headers)


def test_the_body_and_the_id_are_signed() -> None:
    headers = sign([KEYS[0]], message_id="m", at=datetime.now(tz=UTC), body=b"{}")
    for body, changed in ((b"[]", headers), (b"{}", {**headers, "webhook-id": "n"})):
        with pytest.raises(WebhookVerificationError):
            Webhook(show_secret(KEYS[0])).verify(body, changed)


def test_the_time_is_that_of_the_clock_in_whatever_zone() -> None:
    from zoneinfo import ZoneInfo

    local = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    assert sign([KEYS[0]], message_id="m", at=local, body=b"")["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_an_old_secret_signs_until_its_time_is_over() -> None:
    secrets = (Secret(KEYS[0]), Secret(KEYS[1], NOW + timedelta(hours=1)))
    assert keys_in_force(secrets, NOW) == (KEYS[0], KEYS[1])
    assert keys_in_force(secrets, NOW + timedelta(hours=1)) == (KEYS[0],)


@given(st.binary(min_size=24, max_size=64))
def test_a_secret_survives_being_shown(key: bytes) -> None:
    assert parse_secret(show_secret(key)) == key


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_c2hvcnQ=", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=", "whsec_not base64 at all!!", "whsec_" + "QUJD" * 40]
)
def test_what_is_no_secret_is_refused(text: str) -> None:
    with pytest.raises(BadSecretError):
        parse_secret(text)
