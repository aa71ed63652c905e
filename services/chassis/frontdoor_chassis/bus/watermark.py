"""Up to which moment everything that was on the bus has been worked off, whichever instance read it.

A deadline may be judged by what is on the bus before it, and no sooner: of a partition that another instance reads, or
that nobody reads since one died, this instance knows nothing but its end and the position in the database.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from frontdoor_chassis.bus.ports import Position

log = structlog.get_logger(__name__)

GRACE_SECONDS = 60.0
"""How long what is due waits for what is still on the bus, and is then judged all the same. The shortest deadlines are minutes."""
AWAY_SECONDS = 5.0
"""How soon a bus that did not answer is asked again: a question to one that hangs takes longer than much else."""

Places = Mapping[tuple[str, int], Position]
"""By topic and partition."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was due at a moment may be judged. Not `confirmed`: nobody knows what is still on the bus."""

    up_to: datetime
    confirmed: bool


class Watermark:
    """Asks for the ends first and for the positions until they have passed them, so that steady traffic cannot hold it back.

    One for each loop that judges: it is asked while something is due, and `rest` while nothing is.
    """

    def __init__(self, *, ends: Callable[[], Awaitable[Places]], positions: Callable[[], Awaitable[Places]]) -> None:
        """`positions` are those of the group, committed with the work. Both may raise `ConnectionError`."""
        self._ends = ends
        self._positions = positions
        self._asked: tuple[datetime, Places] | None = None
        self._up_to: datetime | None = None
        self._behind_since: float | None = None
        self._away_until = 0.0

    def rest(self) -> None:
        """Nothing is due: nothing waits."""
        self._behind_since = None

    async def known(self, now: datetime) -> Known | None:
        """Up to when what is due may be judged; None: not yet, ask again."""
        if await self._rises(now):
            self._behind_since = None
        elif self._grace_is_over():
            self._asked = None  # the log may have been cut below it
            return Known(now, confirmed=False)
        return Known(min(self._up_to, now), confirmed=True) if self._up_to else None

    async def all_read(self) -> bool:
        """Whether nothing is on the bus that is not worked off. Of a bus that is away nobody knows: False."""
        try:
            ends = await self._ends()
            return _passed(ends, await self._positions())
        except ConnectionError:
            return False

    async def _rises(self, now: datetime) -> bool:
        """Whether more is known than before, or nothing is left to be read."""
        before, moment = self._up_to, asyncio.get_running_loop().time()
        if moment < self._away_until:
            return False
        try:
            if self._asked is not None:
                await self._look(*self._asked)
            if self._asked is None:
                await self._look(now, await self._ends())
        except ConnectionError as error:
            log.warning("bus.unknown", error=type(error).__name__)
            self._away_until = moment + AWAY_SECONDS
            return False
        return self._asked is None or self._up_to != before

    async def _look(self, moment: datetime, ends: Places) -> None:
        self._asked = moment, ends
        if _passed(ends, await self._positions()):
            self._asked, self._up_to = None, moment

    def _grace_is_over(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._behind_since = self._behind_since or now
        return now - self._behind_since > GRACE_SECONDS


def _passed(ends: Places, positions: Places) -> bool:
    return all(_has_passed(positions.get(at), end) for at, end in ends.items())


def _has_passed(position: Position | None, end: Position) -> bool:
    if position is None:
        return end.offset == 0
    return position.topic_id == end.topic_id and position.offset >= end.offset
