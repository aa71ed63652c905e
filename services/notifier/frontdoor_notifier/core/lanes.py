"""The order of sending: lanes per desk and thread, one attempt under way in each, bounded slots per endpoint.

A lane is blocked by its first delivery that is not settled, and all lanes of a desk by a missing number. A block ends
before the deadline of a successor; that one is then sent and names what is missing before it. When all that ailed the first
was that the endpoint could not be reached, it is tried again before it is overtaken: an endpoint that is back gets it first.
"""

import heapq
import itertools
from bisect import insort
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from frontdoor_notifier.core.parcels import Parcel, Sending, Waiting

MAX_NAMED = 100
"""Missing numbers named in one delivery."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of a desk that have not come in, and until when that holds the later ones up."""

    incarnation: int
    numbers: tuple[int, ...]
    until: datetime

    def before(self, parcel: Parcel) -> tuple[int, ...]:
        """Those missing before a delivery."""
        if parcel.notice.incarnation != self.incarnation:
            return ()
        return tuple(n for n in self.numbers if n < parcel.notice.number)


@dataclass(frozen=True, slots=True)
class Pick:
    """Send this now, naming these numbers as missing before it."""

    parcel: Parcel
    missing: tuple[int, ...] = ()


def _order(parcel: Parcel) -> tuple[int, int]:
    return parcel.notice.order


@dataclass(slots=True)
class Lane:
    """What is owed to one desk in one thread, in order of number."""

    thread: UUID
    parcels: list[Parcel] = field(default_factory=list)
    busy: bool = False
    queued: bool = False
    blocked: bool = False
    first_tried_at: datetime | None = None

    def choose(self, now: datetime, gap: Gap | None, margin: timedelta) -> Pick | datetime | None:
        """What to send now, or when to look again; None: when something changes."""
        if self.busy:
            return None
        wake: datetime | None = None
        earlier: list[int] = []
        gap_end = self._gap_end(gap, margin)
        for parcel in self.parcels:
            at = may_go_at(parcel, gap=gap, gap_end=gap_end, overtakes=bool(earlier), margin=margin)
            if at is not None and at <= now:
                if earlier and self._first_is_to_be_tried(at):
                    return _pick(self.parcels[0], gap, [])
                return _pick(parcel, gap, earlier)
            wake = soonest(wake, at)
            earlier.append(parcel.notice.number)
        self.blocked = bool(self.parcels)
        return wake

    def _first_is_to_be_tried(self, since: datetime) -> bool:
        return _waits_for_the_endpoint(self.parcels[0]) and (self.first_tried_at is None or self.first_tried_at < since)

    def _gap_end(self, gap: Gap | None, margin: timedelta) -> datetime | None:
        """A gap ends for the whole lane before the first deadline in it, so that the lane's own order is kept."""
        if gap is None:
            return None
        return min([gap.until, *(p.notice.due - margin for p in self.parcels if p.notice.due)])


def _pick(parcel: Parcel, gap: Gap | None, earlier: list[int]) -> Pick:
    missing = (*(gap.before(parcel) if gap else ()), *earlier)
    return Pick(parcel, tuple(sorted(missing))[:MAX_NAMED])


def may_go_at(parcel: Parcel, *, gap: Gap | None, gap_end: datetime | None, overtakes: bool, margin: timedelta) -> datetime | None:
    """From when a delivery may be sent; None: not while an earlier one of its lane is unsettled."""
    moments = [parcel.next_at or parcel.notice.filed_at]
    if overtakes:
        if parcel.notice.due is None:
            return None
        moments.append(parcel.notice.due - margin)
    if gap is not None and gap_end is not None and gap.before(parcel):
        moments.append(gap_end)
    return max(moments)


def _waits_for_the_endpoint(parcel: Parcel) -> bool:
    code = parcel.last_code
    return isinstance(parcel.state, Waiting) and code is not None and not code.startswith("http_")


def soonest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The earlier of two moments; None is never."""
    if one is None or other is None:
        return one or other
    return min(one, other)


class Queue:
    """Everything owed to one endpoint that this instance knows of."""

    def __init__(self, *, margin: timedelta) -> None:
        self._margin = margin
        self._lanes: dict[UUID, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._timers: list[tuple[datetime, int, Lane]] = []
        self._counter = itertools.count()
        self._gap: Gap | None = None
        self._size = 0
        self.in_flight = 0

    def __len__(self) -> int:
        return self._size

    def parcels(self) -> list[Parcel]:
        """All of them, in no particular order."""
        return [parcel for lane in self._lanes.values() for parcel in lane.parcels]

    def add(self, parcel: Parcel) -> None:
        """Put a delivery into its lane."""
        lane = self._lanes.get(parcel.notice.thread)
        if lane is None:
            lane = self._lanes[parcel.notice.thread] = Lane(parcel.notice.thread)
        insort(lane.parcels, parcel, key=_order)
        parcel.queued = True
        self._size += 1
        if lane.blocked and lane.parcels[0] is not parcel:
            # a long blocked lane is not looked through again for each that joins it
            gap_end = lane._gap_end(self._gap, self._margin) if self._gap else None  # noqa: SLF001 - the lane is this module's
            at = may_go_at(parcel, gap=self._gap, gap_end=gap_end, overtakes=True, margin=self._margin)
            self._wake_at(lane, at)
        else:
            self._ready_now(lane)

    def set_gap(self, gap: Gap | None) -> None:
        """Numbers are missing, or no longer."""
        if gap == self._gap:
            return
        self._gap = gap
        for lane in self._lanes.values():
            self._ready_now(lane)

    def pick(self, now: datetime, slots: int) -> list[Pick]:
        """Take what may be sent now, as far as slots are free; lanes take turns."""
        self._fire(now)
        picks: list[Pick] = []
        while self._ready and self.in_flight < slots:
            lane = self._ready.popleft()
            lane.queued = False
            match lane.choose(now, self._gap, self._margin):
                case Pick() as pick:
                    lane.busy = True
                    lane.blocked = False
                    if pick.parcel is lane.parcels[0]:
                        lane.first_tried_at = now
                    self.in_flight += 1
                    pick.parcel.state = Sending(now)
                    picks.append(pick)
                case datetime() as at:
                    self._wake_at(lane, at)
                case None:
                    pass
        return picks

    def settled(self, parcel: Parcel, *, gone: bool = False) -> None:
        """An attempt is over, whatever came of it; or it was not made. `gone`: the delivery is not owed any more."""
        self.in_flight -= 1
        lane = self._lanes[parcel.notice.thread]
        lane.busy = False
        if gone or not parcel.pending:
            self._remove(lane, parcel)
        if lane.parcels:
            self._ready_now(lane)

    def discard(self, parcel: Parcel) -> None:
        """Forget a delivery, unless it is under way."""
        lane = self._lanes.get(parcel.notice.thread)
        if lane is not None and parcel in lane.parcels and not isinstance(parcel.state, Sending):
            self._remove(lane, parcel)
            if lane.parcels:
                self._ready_now(lane)

    def hasten(self) -> None:
        """The endpoint can be reached again: what failed because it could not does not wait any longer."""
        hastened = [p for lane in self._lanes.values() for p in lane.parcels if _waits_for_the_endpoint(p)]
        for parcel in hastened:
            parcel.state = Waiting()
            self._ready_now(self._lanes[parcel.notice.thread])

    def start_afresh(self) -> None:
        """The endpoint is another: nothing that failed before counts."""
        for lane in self._lanes.values():
            for parcel in lane.parcels:
                if isinstance(parcel.state, Waiting):
                    parcel.state, parcel.first_at, parcel.attempts = Waiting(), None, 0
            self._ready_now(lane)

    @property
    def has_ready(self) -> bool:
        """Whether lanes stand ready; they may still lack a slot."""
        return bool(self._ready)

    def next_at(self) -> datetime | None:
        """When a lane wants to be looked at again."""
        return self._timers[0][0] if self._timers else None

    def _remove(self, lane: Lane, parcel: Parcel) -> None:
        if parcel is lane.parcels[0]:
            lane.first_tried_at = None
        lane.parcels.remove(parcel)
        parcel.queued = False
        lane.blocked = False
        self._size -= 1
        if not lane.parcels:
            self._lanes.pop(lane.thread, None)

    def _ready_now(self, lane: Lane) -> None:
        lane.blocked = False
        if not lane.queued and not lane.busy:
            lane.queued = True
            self._ready.append(lane)

    def _wake_at(self, lane: Lane, at: datetime | None) -> None:
        if at is not None:
            heapq.heappush(self._timers, (at, next(self._counter), lane))

    def _fire(self, now: datetime) -> None:
        while self._timers and self._timers[0][0] <= now:
            lane = heapq.heappop(self._timers)[2]
            if lane.parcels:
                self._ready_now(lane)
