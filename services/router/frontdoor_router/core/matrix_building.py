"""Works out the decision matrix of a pack: facts are split until it is decided which policies bear."""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from typing import Final, NamedTuple

from frontdoor_router.core.facts import NAMES
from frontdoor_router.core.matrix import Cell, Cube, Row, Section, Slice, Table, Use, Wall
from frontdoor_router.core.pack import Pack, boundaries
from frontdoor_router.core.residue import Rule, Rules, alike, rules_of, under
from frontdoor_schemas.vocabulary import RULED, Role

_PLACE: Final = {name: n for n, name in enumerate(NAMES)}


def slices(pack: Pack) -> Iterator[Slice]:
    """The matrix of a pack, purpose by purpose in order of name."""
    for purpose in sorted(pack.purposes):
        yield Slice(purpose, tuple(_uses(pack, purpose)), tuple(_sections(pack, purpose)))


def _uses(pack: Pack, purpose: str) -> Iterable[Use]:
    """In order of name, whatever file they come from. Versions of a duty that say the same count once."""
    given = ((d, past) for d in pack.duties for why, past in ((d.because, False), (d.history, True)) if why == purpose)
    return sorted({Use(d.id, d.on, d.relation, past) for d, past in given})


def _sections(pack: Pack, purpose: str) -> Iterator[Section]:
    """From the first agreement on; days on which nothing changes for this purpose begin no section."""
    days = boundaries(pack.agreements)
    found = [(day, _tables(pack, day, purpose)) for day in days]
    changes = [(day, tables) for n, (day, tables) in enumerate(found) if n == 0 or tables != found[n - 1][1]]
    ends = [day for day, _ in changes[1:]]
    for (day, tables), until in zip(changes, [*ends, None], strict=True):
        yield Section(day, until, tables)


def _tables(pack: Pack, on: date, purpose: str) -> tuple[Table, ...]:
    policies = (p for a in pack.agreements if a.in_force(on) for p in a.policies)
    rules = tuple(sorted(rules_of(policies), key=lambda r: r.id))
    found: dict[_Content, list[Cell]] = {}
    for cell, left in _cells(under(rules, {"purpose": frozenset({purpose})})):
        found.setdefault(_content(left), []).append(cell)
    return tuple(Table(content.rows, content.nothing, tuple(cells)) for content, cells in found.items() if content.rows)


def _cells(rules: Rules) -> Iterator[tuple[Cell, Rules]]:
    """The cells in which something may be permitted, with the rules that are left there."""
    for role in Role:
        of_role = under(rules, {"principal": frozenset({role.value})})
        for category in RULED:
            left = under(of_role, {"resource": frozenset({category.value})})
            if any(r.permits for r in left):
                yield Cell(role, category), left


class _Content(NamedTuple):
    """A table without its cells."""

    rows: tuple[Row, ...]
    nothing: tuple[Cube, ...]


@cache
def _content(rules: Rules) -> _Content:
    forbids = tuple(r for r in rules if not r.permits)
    leaves = _leaves(tuple(r for r in rules if r.permits))
    rows = tuple(_row(leaf, forbids) for leaf in leaves if leaf.bear)
    return _Content(rows, tuple(leaf.where for leaf in leaves if not leaf.bear))


def _row(leaf: "_Leaf", forbids: Rules) -> Row:
    left = under(forbids, {name: frozenset(values) for name, values in leaf.where})
    never, may = _ids(left, bear=True), {r.id for r in left}
    walls = () if never else tuple(_wall(r) for r in forbids if r.id in may)
    return Row(leaf.where, leaf.bear, leaf.perhaps, never, walls)


def _ids(rules: Rules, *, bear: bool) -> tuple[str, ...]:
    return tuple(r.id for r in rules if r.bears is bear)


def _wall(forbid: Rule) -> Wall:
    leaves = _leaves((forbid,))
    return Wall(forbid.id, tuple(f.where for f in leaves if not f.bear), tuple(f.where for f in leaves if f.bear))


class _Leaf(NamedTuple):
    """A cube in which some policies bear for certain, and others perhaps; or in which none can."""

    where: Cube
    bear: tuple[str, ...]
    perhaps: tuple[str, ...]


@cache
def _leaves(rules: Rules) -> tuple[_Leaf, ...]:
    """The cubes into which facts fall: they exclude one another, and cover everything, as a fact is split into all its values."""
    bear = _ids(rules, bear=True)
    if bear or not rules:
        return (_Leaf((), bear, _ids(rules, bear=False)),)
    facts = sorted({c.name for r in rules for c in r.comparisons}, key=_PLACE.__getitem__)
    return _split(rules, min(facts, key=lambda fact: _open_after(rules, fact)))


def _open_after(rules: Rules, fact: str) -> int:
    """How many comparisons stay open once a fact is split: with the fewest first, there are few rows."""
    parts = {under(rules, {fact: frozenset(values)}) for values in alike(rules, fact)}
    return sum(len(r.comparisons) for part in parts if not any(r.bears for r in part) for r in part)


def _split(rules: Rules, fact: str) -> tuple[_Leaf, ...]:
    found: dict[tuple[_Leaf, ...], list[str]] = {}
    for values in alike(rules, fact):
        found.setdefault(_leaves(under(rules, {fact: frozenset(values)})), []).extend(values)
    if len(found) == 1:
        return next(iter(found))
    return tuple(leaf._replace(where=((fact, tuple(values)), *leaf.where)) for below, values in found.items() for leaf in below)
