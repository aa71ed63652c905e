"""Who may use the router's own interface: whoever holds a token for it. Each look is audited before it is answered."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header

from frontdoor_chassis.problems import ProblemError
from frontdoor_schemas.problems import PROBLEMS

Look = Callable[[str], Awaitable[None]]
"""Records that somebody looked, in the audit, before the answer is given."""


class NotAnOperatorError(ProblemError):
    """No token, or not the one."""

    kind = PROBLEMS["not-an-operator"]


def only_with(*tokens: str) -> Callable[[str], Awaitable[None]]:
    """A dependency that lets nobody through without one of these tokens."""

    async def check(authorization: Annotated[str, Header()] = "") -> None:
        if not any(hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()) for token in tokens):
            raise NotAnOperatorError

    return check
