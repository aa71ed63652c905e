"""How often a desk may ask the exchange, and how long a request waits for the answer."""

import asyncio
import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from frontdoor_chassis.clock import Clock
from frontdoor_gateway.core.failures import TooManyQuestionsError
from frontdoor_gateway.core.submissions import Submission
from frontdoor_schemas.vocabulary import EventType

WINDOW = timedelta(hours=1)
"""A quota of the pack is a number within any hour."""
_WAIT = re.compile(r'\s*wait\s*=\s*"?([0-9]{1,6})"?\s*')


class Question(NamedTuple):
    """A question that is stored: when it was taken in, under which id of its sender."""

    at: datetime
    sender_id: str


class Questions(Protocol):
    """The questions of one gateway's desks."""

    async def questions(self, desk: str, since: datetime, sender_ids: Collection[str]) -> Sequence[Question]:
        """A desk's questions since a moment, and those under these ids whenever they were; oldest first."""
        ...


class Quota:
    """Counts what is stored, so that neither a restart nor another process forgets. A desk's questions are stored one after another."""

    def __init__(self, *, store: Questions, per_hour: Callable[[str], int], clock: Clock) -> None:
        self._store = store
        self._per_hour = per_hour
        self._clock = clock
        self._turns: dict[str, asyncio.Lock] = {}

    def turn(self, desk: str) -> asyncio.Lock:
        """Held from counting until what was counted is stored."""
        return self._turns.setdefault(desk, asyncio.Lock())

    async def refused(self, desk: str, items: Sequence[Submission]) -> dict[UUID, TooManyQuestionsError]:
        """Which of these are too many. What was posted before under the same id is no new question."""
        now = self._clock.now()
        stored = await self._store.questions(desk, now - WINDOW, [i.sender_id for i in items])
        known = {one.sender_id for one in stored}
        times = [one.at for one in stored if one.at > now - WINDOW]
        most = self._per_hour(desk)
        refused: dict[UUID, TooManyQuestionsError] = {}
        for item in items:
            if item.sender_id in known:
                continue
            if len(times) < most:
                times.append(now)
                known.add(item.sender_id)
            else:
                free = (times[-most] if most else now) + WINDOW
                refused[item.event] = TooManyQuestionsError((free - now).total_seconds())
        return refused


def asks(item: object) -> bool:
    """Whether it is a question that would be stored."""
    return isinstance(item, Submission) and item.type is EventType.query


def wait_of(prefer: str, longest: float) -> float:
    """Seconds that a request prefers to wait (RFC 7240), at most so many; what is no such preference is ignored."""
    found = (_WAIT.fullmatch(preference.partition(";")[0]) for preference in prefer.split(","))
    return min(longest, float(next((one[1] for one in found if one), 0)))
