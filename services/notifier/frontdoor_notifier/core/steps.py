"""What is done after an attempt: finished, again at a later time, or given up. One pure function decides."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from frontdoor_notifier.core.outcomes import Answered, Outcome, TimedOut, Unreachable, code_of

KEEP_TRYING = timedelta(days=3)
"""How long a delivery is tried at least, from its first attempt: a bank-holiday week-end at the receiver's."""
FIRST_WAIT = 2.0
"""Upper limit, in seconds, of the wait after the first failure; it doubles with each further one."""
LONGEST_WAIT = 1800.0
"""Neither our own waits nor a receiver's `Retry-After` exceed half an hour: deadlines are counted in hours."""
SHORTEST_WAIT = 0.25
"""Full jitter may come out at nothing; a receiver that is ill gets this much at least."""
_MAX_DOUBLINGS = 20

RETRIED = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Answers below 500 that say nothing against the message itself."""


@dataclass(frozen=True, slots=True)
class Done:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class Again:
    """Try again at a moment."""

    at: datetime
    code: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """To the dead letters, for a person. `endpoint_gone`: the receiver wants nothing at this address any more."""

    code: str
    endpoint_gone: bool = False


Step = Done | Again | GivenUp


def next_step(
    outcome: Outcome,
    *,
    attempts: int,
    first_at: datetime,
    now: datetime,
    rng: random.Random,
    keep_trying: timedelta = KEEP_TRYING,
    changed: bool = False,
) -> Step:
    """Decide what follows the attempt that was number `attempts`, the first of which was made at `first_at`.

    `changed`: the endpoint is no longer as it was when that attempt was made, and has to say for itself whether it is gone.
    """
    match outcome:
        case Answered(status=status) if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return Done()
        case Answered(status=status, retry_after=asked) if status in RETRIED or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _again(code_of(outcome), attempts, first_at, now, rng, keep_trying, asked or 0.0)
        case Answered(status=HTTPStatus.GONE) if changed:
            return Again(now + timedelta(seconds=backoff(attempts, rng)), code_of(outcome))
        case Answered(status=status):
            return GivenUp(code_of(outcome), endpoint_gone=status == HTTPStatus.GONE)
        case TimedOut() | Unreachable():
            return _again(code_of(outcome), attempts, first_at, now, rng, keep_trying, 0.0)


def _again(code: str, attempts: int, first_at: datetime, now: datetime, rng: random.Random, keep_trying: timedelta, asked: float) -> Step:
    end = first_at + keep_trying
    if now >= end:
        return GivenUp(code)
    wait = min(max(backoff(attempts, rng), asked), LONGEST_WAIT)
    # the last attempt is made when the time is over, not half an hour before
    return Again(min(now + timedelta(seconds=wait), end), code)


def backoff(attempts: int, rng: random.Random) -> float:
    """Seconds to wait: exponential with full jitter, so that receivers coming back are not hit by everybody at once."""
    ceiling = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, _MAX_DOUBLINGS))
    return max(SHORTEST_WAIT, rng.uniform(0.0, ceiling))
