"""One clock for everything: real in production, settable in a rehearsal. Nothing else asks for the time."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where a service gets the time from."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment by the machine's clock."""
        return datetime.now(tz=UTC)


class ClockError(ValueError):
    """A settable clock was asked to go back."""


class SettableClock:
    """A clock that stands still until it is set. For rehearsals and tests; production settings refuse it."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The moment that was set last."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Move to `moment`. Raises `ClockError` when that is earlier than now."""
        if moment < self._now:
            raise ClockError("a clock does not go back")
        self._now = moment.astimezone(UTC)
