"""What follows an attempt."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from frontdoor_notifier.core.outcomes import Answered, Outcome, TimedOut, Unreachable, code_of, parse_retry_after
from frontdoor_notifier.core.steps import (
    FIRST_WAIT,
    KEEP_TRYING,
    LONGEST_WAIT,
    SHORTEST_WAIT,
    Again,
    Done,
    GivenUp,
    Step,
    backoff,
    next_step,
)

NOW = datetime(2020, 11, 10, 9, 0, tzinfo=UTC)


def after(outcome: Outcome, *, attempts: int = 1, tried_for: timedelta = timedelta(0), seed: int = 1, changed: bool = False) -> Step:
    return next_step(outcome, attempts=attempts, first_at=NOW - tried_for, now=NOW, rng=random.Random(seed), changed=changed)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_done(status: int) -> None:
    assert after(Answered(status)) == Done()


@pytest.mark.parametrize("outcome", [*(Answered(s) for s in (408, 425, 429, 500, 501, 502, 503, 504, 599)), TimedOut()])
def test_what_may_pass_is_tried_again(outcome: Outcome) -> None:
    step = after(outcome)
    assert isinstance(step, Again)
    assert NOW < step.at <= NOW + timedelta(seconds=FIRST_WAIT)
    assert step.code == code_of(outcome)


@pytest.mark.parametrize("why", ["name_not_found", "connection_failed", "connection_lost", "tls_failed", "address_refused"])
def test_what_could_not_be_reached_is_tried_again(why: str) -> None:
    step = after(Unreachable(why))  # type: ignore[arg-type] # each of the literals
    assert isinstance(step, Again)
    assert step.code == why


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 406, 409, 413, 415, 418, 422, 451])
def test_a_refusal_or_redirect_is_given_up_at_once(status: int) -> None:
    assert after(Answered(status, retry_after=60)) == GivenUp(f"http_{status}")


def test_410_says_that_the_endpoint_is_gone() -> None:
    assert after(Answered(410)) == GivenUp("http_410", endpoint_gone=True)


def test_410_of_what_the_endpoint_was_is_tried_again_at_what_it_is() -> None:
    step = after(Answered(410), changed=True, tried_for=KEEP_TRYING)
    assert isinstance(step, Again)
    assert NOW < step.at <= NOW + timedelta(seconds=FIRST_WAIT)
    assert step.code == "http_410"


def test_an_answer_before_the_answer_is_no_answer() -> None:
    assert after(Answered(199)) == GivenUp("http_199")


def test_it_is_tried_for_three_days_and_then_given_up() -> None:
    almost = after(TimedOut(), attempts=400, tried_for=KEEP_TRYING - timedelta(seconds=1))
    assert isinstance(almost, Again)
    assert almost.at == NOW + timedelta(seconds=1), "the last attempt is made when the time is over"
    assert after(TimedOut(), attempts=400, tried_for=KEEP_TRYING) == GivenUp("timed_out")


def test_a_retry_after_is_a_lower_limit() -> None:
    for seed in range(50):
        step = after(Answered(503, retry_after=300), seed=seed)
        assert isinstance(step, Again)
        assert step.at >= NOW + timedelta(seconds=300)


@pytest.mark.parametrize("asked", [1e9, float("inf")])
def test_a_retry_after_beyond_reason_is_clamped(asked: float) -> None:
    step = after(Answered(429, retry_after=asked))
    assert isinstance(step, Again)
    assert step.at == NOW + timedelta(seconds=LONGEST_WAIT)


def test_waits_double_with_full_jitter_up_to_a_limit() -> None:
    for attempts in (1, 2, 5, 10, 11, 50, 10_000):
        waits = [backoff(attempts, random.Random(seed)) for seed in range(500)]
        ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 30))
        assert min(waits) >= SHORTEST_WAIT
        assert max(waits) <= ceiling
        assert max(waits) > 0.9 * ceiling
        assert min(waits) < max(0.1 * ceiling, 2 * SHORTEST_WAIT)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        ("Tue, 10 Nov 2020 09:05:00 GMT", 300.0),
        ("Tue, 10 Nov 2020 08:00:00 GMT", 0.0),
        ("Tue, 10 Nov 2020 09:05:00", 300.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
        ("9" * 400, float("inf")),
        ("-" + "9" * 400, None),
        ("Wed, 21 Oct 99999999999999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct -99999999999999999999 07:28:00 GMT", None),
        ("Wed, 21 Oct 2020 07:28:00 +99999999999999999999", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds
