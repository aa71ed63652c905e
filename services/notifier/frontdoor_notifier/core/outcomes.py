"""What one attempt to deliver came to, as a closed union, and its code in histories, metrics and receipts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Answered:
    """The receiver answered. `retry_after` is in seconds, as it asked for, before any limit of ours."""

    status: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No complete answer within the time-out. The receiver may have it all the same."""


Why = Literal["name_not_found", "connection_failed", "connection_lost", "tls_failed", "address_refused"]


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No answer at all: no name, no connection, no trust, or an address that is not allowed."""

    why: Why


Outcome = Answered | TimedOut | Unreachable


def code_of(outcome: Outcome) -> str:
    """A short code without content: `http_503`, `timed_out`, `address_refused`."""
    match outcome:
        case Answered(status=status):
            return f"http_{status}"
        case TimedOut():
            return "timed_out"
        case Unreachable(why=why):
            return why


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for: a number or an HTTP date. None when it is neither."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # a year or an offset may have any number of digits
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
