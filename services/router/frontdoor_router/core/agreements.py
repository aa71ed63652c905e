"""What the agreements in force rule: may a desk of this role see this category under these facts. Deny by default.

Anything but a clean `Allow` is no permission; anything unclean is an error for a person, never a decision.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, TypeVar

import cedarpy
import orjson

from frontdoor_router.core.facts import BUILT_IN_PURPOSES, Facts, cedar_schema, strays
from frontdoor_router.core.policies import Agreement, Policy

REMEMBERED: Final = 100_000
"""Rulings, and verdicts, kept per epoch: about 100 MB at most, and far more than one area's kinds of question."""

_K = TypeVar("_K")
_V = TypeVar("_V")


class Remembered(dict[_K, _V]):
    """So many answers at most; the oldest go first."""

    def __init__(self, most: int = REMEMBERED) -> None:
        super().__init__()
        self._most = most

    def add(self, answers: Iterable[tuple[_K, _V]]) -> None:
        """Remember more."""
        self.update(answers)
        while len(self) > self._most:
            del self[next(iter(self))]


class CannotDecideError(Exception):
    """Cedar did not answer cleanly. No disclosure; a person has to decide. The message names no facts of a person."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One policy in force: the pack, its hash, and the agreements of the day."""

    number: int
    hash: str
    agreements: tuple[str, ...]
    opens: date

    @property
    def id(self) -> str:
        """Its name in decisions and audit: pack number, hash, first day."""
        return f"{self.number}-{self.hash[:12]}-{self.opens.isoformat()}"


@dataclass(frozen=True, slots=True)
class Ruling:
    """The answer to one question, and the policies that made it: permits if permitted, else forbids, or none at all."""

    permit: bool
    policies: tuple[str, ...]


Question = tuple[str, str, Facts]
"""Role, category, facts."""


class Verdict(NamedTuple):
    """Whether sections of a kind are given to a desk, and by which policies, or because of which not."""

    permitted: bool
    policies: tuple[str, ...]


class Agreements:
    """The agreements of one epoch. Remembers its rulings: role, category and facts are all that Cedar hears."""

    def __init__(
        self, agreements: Iterable[Agreement], epoch: Epoch, *, purposes: frozenset[str] = frozenset(), remember: int = REMEMBERED
    ) -> None:
        """Parse once. Raises `ValueError` when the policies do not parse or validate together."""
        self.epoch = epoch
        self.policies: dict[str, Policy] = {p.id: p for a in agreements for p in a.policies}
        self._purposes = purposes | BUILT_IN_PURPOSES
        self._schema = cedarpy.Schema.from_str(cedar_schema())
        self._entities = cedarpy.Entities.from_json_str("[]", self._schema)
        text = "\n".join(p.text for p in self.policies.values())
        result = cedarpy.validate_policies(text, self._schema)
        if not result.validation_passed:
            raise ValueError("; ".join(str(e) for e in result.errors))
        self._policy_set = cedarpy.PolicySet.from_str(text)
        self._known: Remembered[Question, Ruling] = Remembered(remember)
        self.verdicts: Remembered[Hashable, Verdict] = Remembered(remember)
        """What projection made of rulings, under all that they depend on."""

    def permits(self, role: str, category: str, facts: Facts) -> Ruling:
        """One ruling. Raises `CannotDecideError`."""
        (answer,) = self.permits_all([(role, category, facts)])
        if isinstance(answer, CannotDecideError):
            raise answer
        return answer

    def permits_all(self, questions: Sequence[Question]) -> list[Ruling | CannotDecideError]:
        """The rulings in the order of the questions; an error stands in for the one that it concerns, never for others."""
        answers: list[Ruling | CannotDecideError | None] = [self._known.get(q) for q in questions]
        missing = list(dict.fromkeys(q for q, a in zip(questions, answers, strict=True) if a is None))
        fresh = dict(zip(missing, self._evaluate(missing), strict=True)) if missing else {}
        self._known.add((q, a) for q, a in fresh.items() if isinstance(a, Ruling))
        return [a or fresh[q] for q, a in zip(questions, answers, strict=True)]

    def _evaluate(self, questions: Sequence[Question]) -> list[Ruling | CannotDecideError]:
        odd = [self._odd(facts) for _, _, facts in questions]
        asked = [_request(q) for q, stray in zip(questions, odd, strict=True) if stray is None]
        try:
            results = iter(cedarpy.is_authorized_batch(asked, self._policy_set, self._entities, self._schema))
            return [stray or self._ruling(next(results)) for stray in odd]
        except Exception as error:  # noqa: BLE001 - whatever Cedar's bindings raise, nothing of the batch is permitted
            return [CannotDecideError(f"Cedar failed: {type(error).__name__}") for _ in questions]

    def _odd(self, facts: Facts) -> CannotDecideError | None:
        found = strays(facts, self._purposes)
        return CannotDecideError(f"facts outside their vocabulary: {', '.join(found)}") if found else None

    def _ruling(self, result: cedarpy.AuthzResult) -> Ruling | CannotDecideError:
        if result.diagnostics.errors or result.decision is cedarpy.Decision.NoDecision:
            return CannotDecideError("; ".join(result.diagnostics.errors) or "Cedar gave no decision")
        named = result.diagnostics.id_annotations_by_reason
        policies = tuple(sorted(named[reason] for reason in result.diagnostics.reasons))
        return Ruling(result.decision is cedarpy.Decision.Allow, policies)


def _request(question: Question) -> dict[str, str]:
    role, category, facts = question
    context = facts._asdict()
    return {
        "principal": f'Role::"{role}"',
        "action": 'Action::"disclose"',
        "resource": f'Category::"{category}"',
        "context": orjson.dumps(context).decode(),
    }
