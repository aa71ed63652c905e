"""Who may use the router's own interface: whoever holds a token for it. Each look is audited before it is answered."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header

from frontdoor_chassis.web import token_of

Look = Callable[[str], Awaitable[None]]
"""Records that somebody looked, in the audit, before the answer is given."""


def only_with(*tokens: str) -> Callable[[str], Awaitable[None]]:
    """A dependency that lets nobody through without one of these tokens."""

    async def check(authorization: Annotated[str, Header()] = "") -> None:
        token_of(authorization, tokens)

    return check
