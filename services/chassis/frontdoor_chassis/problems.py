"""Failures that a caller is told about: one class each, with code, status and title. Rendered in one place, `web.py`."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class ProblemError(Exception):
    """Base of every failure that is answered as a problem (RFC 9457).

    `detail` and `errors` are for the caller: they name fields and rules and never repeat a value that was sent.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong here"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(self.title)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
