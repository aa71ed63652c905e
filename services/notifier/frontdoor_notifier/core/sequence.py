"""A desk's numbers as they come in: dense per incarnation, so that a missing one is seen at once."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

MAX_HOLES = 1000
"""A jump beyond this is no gap but another beginning: the records before it are not on the bus any more."""


class Place(StrEnum):
    """Where a number stands in its desk's sequence."""

    next = "next"
    after_gap = "after_gap"
    filled = "filled"  # it was missing until now
    before = "before"  # from before the first that was seen, or of an older incarnation
    known = "known"  # filed already


@dataclass(frozen=True, slots=True)
class DeskSequence:
    """What is known of one desk's numbers. The first number seen of an incarnation is where counting begins."""

    desk: str
    incarnation: int
    first: int
    seen_to: int
    holes: tuple[int, ...] = ()
    gap_since: datetime | None = None

    def accept(self, incarnation: int, number: int, at: datetime) -> tuple["DeskSequence", Place]:
        """The sequence with one more number."""
        if incarnation > self.incarnation:
            return DeskSequence(self.desk, incarnation, number, number), Place.next
        if incarnation < self.incarnation or number < self.first:
            return self, Place.before
        if number == self.seen_to + 1:
            return replace(self, seen_to=number), Place.after_gap if self.holes else Place.next
        if number > self.seen_to:
            return self._jumped(number, at)
        if number in self.holes:
            return self._filled(number), Place.filled
        return self, Place.known

    def _jumped(self, number: int, at: datetime) -> tuple["DeskSequence", Place]:
        missing = tuple(range(self.seen_to + 1, number))
        if len(self.holes) + len(missing) > MAX_HOLES:
            return DeskSequence(self.desk, self.incarnation, number, number), Place.next
        return replace(self, seen_to=number, holes=self.holes + missing, gap_since=at), Place.after_gap

    def _filled(self, number: int) -> "DeskSequence":
        holes = tuple(h for h in self.holes if h != number)
        return replace(self, holes=holes, gap_since=self.gap_since if holes else None)


def begin(desk: str, incarnation: int, number: int) -> DeskSequence:
    """The sequence of a desk of which nothing was seen before."""
    return DeskSequence(desk, incarnation, number, number)
