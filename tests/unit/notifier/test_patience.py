"""A database that is away for a moment is waited for, and not by a service that is to end."""

from collections.abc import Mapping, Sequence

import asyncpg
import pytest

from frontdoor_chassis.bus import Position
from frontdoor_notifier.adapters.patience import AGAIN_SECONDS, Patience, PatientPositions, patient

HELD = {("to.g0", 0): Position("id", 7)}


class Starting:
    """Positions in a database that starts anew: it refuses so many calls."""

    def __init__(self, refusals: int, patience: Patience | None = None) -> None:
        self.calls = 0
        self._refusals = refusals
        self._patience = patience

    async def load(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:  # noqa: ARG002 - the port's signature
        self.calls += 1
        if self.calls <= self._refusals:
            if self._patience is not None and self.calls == self._refusals:
                self._patience.at_end = True
            raise asyncpg.CannotConnectNowError("the database system is starting up")
        return HELD


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits, in seconds, on a clock that stands still."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("frontdoor_notifier.adapters.patience.asyncio.sleep", sleep)
    return found


async def test_where_reading_starts_is_asked_until_the_database_says_it(waits: list[float]) -> None:
    assert await PatientPositions(Starting(3), Patience()).load(["to.g0"]) == HELD
    assert waits == [AGAIN_SECONDS] * 3


async def test_patience_that_is_at_its_end_waits_no_more(waits: list[float]) -> None:
    patience = Patience()
    patience.at_end = True
    with pytest.raises(asyncpg.CannotConnectNowError):
        await PatientPositions(Starting(3), patience).load(["to.g0"])
    assert waits == []


async def test_who_waits_already_gives_up_at_the_next_failure(waits: list[float]) -> None:
    patience = Patience()
    starting = Starting(2, patience)
    with pytest.raises(asyncpg.CannotConnectNowError):
        await PatientPositions(starting, patience).load(["to.g0"])
    assert (starting.calls, waits) == (2, [AGAIN_SECONDS])


async def test_a_fault_of_ours_is_not_waited_for(waits: list[float]) -> None:
    class Wrong:
        patience = Patience()

        @patient
        async def ask(self) -> None:
            raise asyncpg.UndefinedTableError("made up")

    with pytest.raises(asyncpg.UndefinedTableError):
        await Wrong().ask()
    assert waits == []
