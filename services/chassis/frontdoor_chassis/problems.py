"""Failures that a caller is told about: one class each, of a type that the contract knows. Rendered in one place, `web.py`."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from frontdoor_schemas.problems import PROBLEMS, FieldError, Problem, ProblemType


class ProblemError(Exception):
    """Base of every failure that is answered as a problem (RFC 9457).

    `detail` and `errors` are for the caller: they name fields and rules and never repeat a value that was sent.
    """

    kind: ClassVar[ProblemType] = PROBLEMS["internal-error"]

    def __init__(self, detail: str | None = None, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None) -> None:
        super().__init__(self.kind.code)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    def problem(self, *, trace: str | None = None) -> Problem:
        """What the caller is told."""
        k = self.kind
        return Problem(type=k.uri, title=k.title, status=k.status, detail=self.detail, errors=self.errors, trace=trace)
