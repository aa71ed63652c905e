"""Which rules of adopted chapters hold in a pack, and which the pack replaces or leaves out. Chapters: docs/pack.md."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from frontdoor_chassis.toml_places import Fault

Kind = Literal["duty", "expects", "deadline", "pattern", "list", "agreement", "concern", "measure"]
"""What a chapter gives: one id of a kind is one rule, in one version or several."""


class Rule(Protocol):
    """Whatever has an id by which a pack can replace it or leave it out."""

    @property
    def id(self) -> str:
        """The same for every version of the rule."""


R_co = TypeVar("R_co", bound=Rule, covariant=True)


@dataclass(frozen=True, slots=True)
class Given(Generic[R_co]):
    """A version of a rule, the chapter that gives it (empty: the pack itself), and where it stands."""

    rule: R_co
    chapter: str
    file: str
    line: int


def that_hold(given: Sequence[Given[R_co]], without: Collection[str]) -> tuple[Given[R_co], ...]:
    """The rules of one kind that hold, in the order given: a pack's own replaces every version of an adopted one of its id."""
    replaced = {g.rule.id for g in given if not g.chapter}
    return tuple(g for g in given if not g.chapter or (g.rule.id not in replaced and g.rule.id not in without))


def given_twice(kind: Kind, given: Iterable[Given[Rule]]) -> Iterator[Fault]:
    """Rules that two chapters give: nothing says which of them would hold, even where the pack has its own."""
    first: dict[str, str] = {}
    for g in given:
        if g.chapter and first.setdefault(g.rule.id, g.chapter) != g.chapter:
            yield Fault(g.file, g.line, f"{kind} “{g.rule.id}” is given by chapter {first[g.rule.id]} as well")
