"""What is left of policies once some names have their values: which facts still matter, and which policies may still bear.

Used to find out where it is worth asking; what is ruled there, Cedar rules.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from frontdoor_router.core.facts import VALUES
from frontdoor_router.core.policies import Every, Is, Policy, Some, Test, comparisons

ALWAYS: Final = Every(())
NEVER: Final = Some(())

Known = Mapping[str, frozenset[str]]
"""Names with the values that they may have; one that is not there may have any."""


def left_of(test: Test, known: Known) -> Test:
    """A test, as far as the names that have few values left do not decide it: `ALWAYS`, `NEVER`, or what stays open."""
    match test:
        case Is(name, values):
            return _compared(test, values, known[name]) if name in known else test
        case Every(parts):
            return _joined(Every, parts, known, without=ALWAYS, decided=NEVER)
        case Some(parts):
            return _joined(Some, parts, known, without=NEVER, decided=ALWAYS)


def _compared(test: Is, values: frozenset[str], may: frozenset[str]) -> Test:
    if may <= values:
        return ALWAYS
    both = values & may
    return Is(test.name, both) if both else NEVER


def _joined(kind: type[Every] | type[Some], parts: Iterable[Test], known: Known, *, without: Test, decided: Test) -> Test:
    found: dict[Test, None] = {}
    for part in parts:
        left = left_of(part, known)
        if left == decided:
            return decided
        if left != without:
            found.update(dict.fromkeys(left.parts if isinstance(left, kind) else (left,)))
    return next(iter(found)) if len(found) == 1 else kind(tuple(found))


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy, as far as it is not decided yet."""

    id: str
    permits: bool
    when: Test
    unless: Test

    @property
    def bears(self) -> bool:
        """Whether it bears on the question whatever else is so."""
        return self.when == ALWAYS and self.unless == NEVER

    @property
    def comparisons(self) -> tuple[Is, ...]:
        """The comparisons that are left."""
        return (*comparisons(self.when), *comparisons(self.unless))


Rules = tuple[Rule, ...]


def rules_of(policies: Iterable[Policy]) -> Rules:
    """Policies of which nothing is decided yet."""
    return tuple(Rule(p.id, p.effect == "permit", p.when, NEVER if p.unless is None else p.unless) for p in policies)


def under(rules: Rules, known: Known) -> Rules:
    """The rules that may still bear when these names have one of these values."""
    left = (Rule(r.id, r.permits, left_of(r.when, known), left_of(r.unless, known)) for r in rules)
    return tuple(r for r in left if r.when != NEVER and r.unless != ALWAYS)


def alike(rules: Rules, fact: str) -> list[tuple[str, ...]]:
    """All values of a fact, put together where no rule tells them apart."""
    sets = [c.values for r in rules for c in r.comparisons if c.name == fact]
    found: dict[tuple[bool, ...], list[str]] = {}
    for value in VALUES[fact]:
        found.setdefault(tuple(value in s for s in sets), []).append(value)
    return [tuple(group) for group in found.values()]
