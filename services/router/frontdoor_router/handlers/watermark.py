"""Up to which moment everything that was on the bus has been worked off, whichever instance read it.

A deadline may be judged by what is on the bus before it, and no sooner: of a partition that another instance reads, or
that nobody reads since one died, this instance knows nothing but its end and the position in the database.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from frontdoor_chassis.bus import Position

Places = Mapping[tuple[str, int], Position]
"""By topic and partition."""


class Watermark:
    """Asks for the ends first and for the positions until they have passed them, so that steady traffic cannot hold it back."""

    def __init__(self, *, ends: Callable[[], Awaitable[Places]], positions: Callable[[], Awaitable[Places]]) -> None:
        """`positions` are those of the group, committed with the work. Both may raise `ConnectionError`."""
        self._ends = ends
        self._positions = positions
        self._asked: tuple[datetime, Places] | None = None
        self.up_to: datetime | None = None
        """What came before this is worked off; later it may be, and nobody has asked yet."""

    async def rise(self, now: datetime) -> bool:
        """Look again. True when `up_to` is later than before, or nothing is left to be read."""
        before = self.up_to
        if self._asked is not None:
            await self._look(*self._asked)
        if self._asked is None:
            await self._look(now, await self._ends())
        return self._asked is None or self.up_to != before

    async def _look(self, moment: datetime, ends: Places) -> None:
        self._asked = moment, ends
        if self._passed(ends, await self._positions()):
            self._asked, self.up_to = None, moment

    async def all_read(self) -> bool:
        """Whether nothing is on the bus that is not worked off."""
        ends = await self._ends()
        return self._passed(ends, await self._positions())

    @staticmethod
    def _passed(ends: Places, positions: Places) -> bool:
        return all(end.offset == 0 or _has_passed(positions.get(at), end) for at, end in ends.items())


def _has_passed(position: Position | None, end: Position) -> bool:
    return position is not None and position.topic_id == end.topic_id and position.offset >= end.offset
