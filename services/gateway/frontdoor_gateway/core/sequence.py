"""The numbers of a desk's deliveries: without gaps within an incarnation; a cursor says how far a reader has got."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from frontdoor_gateway.core.failures import UnreadableCursorError

_CURSOR = re.compile(r"([0-9]{1,9})-([0-9]{1,18})-([0-9]{1,18})")


class Place(NamedTuple):
    """A number within an incarnation of the router's numbering. Places are in order."""

    incarnation: int
    number: int


START = Place(0, 0)
"""Before the first delivery."""


class Cursor(NamedTuple):
    """A place, and how many recalls the reader had seen there: what was recalled later, it had in its hands."""

    incarnation: int
    number: int
    recalls: int

    @property
    def place(self) -> Place:
        """Where it points."""
        return Place(self.incarnation, self.number)

    def __str__(self) -> str:
        return f"{self.incarnation}-{self.number}-{self.recalls}"


BEGINNING = Cursor(0, 0, 0)


def read_cursor(text: str) -> Cursor:
    """The cursor that `str` wrote. Raises `UnreadableCursorError`."""
    found = _CURSOR.fullmatch(text)
    if not found:
        raise UnreadableCursorError
    return Cursor(*(int(part) for part in found.groups()))


def follows(place: Place, previous: Place) -> bool:
    """Whether nothing is missing between two places. A new incarnation counts on, or begins again at 1."""
    if place.incarnation == previous.incarnation:
        return place.number == previous.number + 1
    return place.incarnation > previous.incarnation and place.number in {1, previous.number + 1}


def advance(head: Place, beyond: Iterable[Place]) -> Place:
    """The end of the part without gaps, given the places beyond the present end in order."""
    for place in beyond:
        if not follows(place, head):
            break
        head = place
    return head
