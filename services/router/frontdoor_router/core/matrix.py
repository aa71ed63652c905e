"""The decision matrix: for every purpose, who is given what under which facts, by which policies, and behind which walls.

A *table* is for pairs of role and category that are ruled alike. Its rows exclude one another, and where none fits nothing
permits. What a row gives has still to pass its *walls*: the forbids that may yet stand against it, each with rows of its
own. So a forbid that reads other facts than the permits does not multiply their rows (docs/decisions/0010), and nothing is
left out: a full record of facts fits one row of one table at most, and one row of each wall.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from frontdoor_router.core.agreements import Ruling
from frontdoor_router.core.facts import Facts
from frontdoor_schemas.vocabulary import Category, EventType, Role

Cube = tuple[tuple[str, tuple[str, ...]], ...]
"""Facts with the values that each may have; every other fact may have any."""


def fits(where: Cube, facts: Facts) -> bool:
    """Whether facts lie in a cube."""
    return all(getattr(facts, name) in values for name, values in where)


class Expected(NamedTuple):
    """What the matrix says of one question. `others` bear perhaps; None: any policy may be named beside."""

    permit: bool
    policies: frozenset[str]
    others: frozenset[str] | None = frozenset()

    def is_met_by(self, ruling: Ruling) -> bool:
        """Whether a ruling is the one expected, by the policies expected."""
        named = frozenset(ruling.policies)
        return ruling.permit is self.permit and self.policies <= named and (self.others is None or named <= self.policies | self.others)


NOTHING_PERMITS = Expected(permit=False, policies=frozenset(), others=None)


@dataclass(frozen=True, slots=True)
class Wall:
    """A forbid, as far as role, category and purpose leave it open: where it lets through, and where it stops."""

    id: str
    lets: tuple[Cube, ...]
    stops: tuple[Cube, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """In this cube these policies permit, and the others perhaps; `never` forbid whatever else is so, else the walls decide."""

    where: Cube
    permits: tuple[str, ...]
    perhaps: tuple[str, ...]
    never: tuple[str, ...]
    walls: tuple[Wall, ...]

    def expects(self, facts: Facts) -> Expected:
        """What is to be ruled on facts of its cube."""
        if self.never:
            return Expected(permit=False, policies=frozenset(self.never), others=None)
        standing = frozenset(wall.id for wall in self.walls if not any(fits(where, facts) for where in wall.lets))
        if standing:
            return Expected(permit=False, policies=standing)
        return Expected(permit=True, policies=frozenset(self.permits), others=frozenset(self.perhaps))


class Cell(NamedTuple):
    """Who would be given what."""

    role: Role
    category: Category


@dataclass(frozen=True, slots=True)
class Table:
    """Cells that are ruled alike. `nothing` are the cubes that no row covers."""

    rows: tuple[Row, ...]
    nothing: tuple[Cube, ...]
    cells: tuple[Cell, ...]

    def expects(self, facts: Facts) -> Expected:
        """What is to be ruled on a question about one of its cells."""
        return next((row.expects(facts) for row in self.rows if fits(row.where, facts)), NOTHING_PERMITS)


@dataclass(frozen=True)
class Section:
    """The tables of one purpose from a day on, `until` another day (not included) or for good."""

    from_: date
    until: date | None
    tables: tuple[Table, ...]

    @cached_property
    def by_cell(self) -> Mapping[Cell, Table]:
        """The table of every cell that has one; for any other, nothing permits anything."""
        return {cell: table for table in self.tables for cell in table.cells}


class Use(NamedTuple):
    """A duty that gives a purpose: for telling a desk of an event, or (`past`) of what came before."""

    duty: str
    on: EventType
    relation: str
    past: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """All that is ruled on one purpose, and the duties that give it as their reason."""

    purpose: str
    uses: tuple[Use, ...]
    sections: tuple[Section, ...]
