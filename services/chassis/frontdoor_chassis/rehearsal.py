"""Lets a rehearsal set a service's clock and see whether anything is in flight. Production has no such routes."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException
from pydantic import AwareDatetime, BaseModel

from frontdoor_chassis.clock import ClockError, SettableClock


class Moment(BaseModel):
    """A moment to move to."""

    now: AwareDatetime


@dataclass(frozen=True, slots=True)
class Activity:
    """Whether a service has work in flight at the present moment of its clock, and how much it has done so far."""

    idle: bool
    done: int


def routes(*, clock: SettableClock, token: str, activity: Callable[[], Awaitable[Activity]], moved: Callable[[], None]) -> APIRouter:
    """`PUT /rehearsal/clock` and `GET /rehearsal/activity`, for who holds the token. `moved` wakes loops that watch the clock."""
    router = APIRouter(prefix="/rehearsal", include_in_schema=False)

    def check(given: str) -> None:
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise HTTPException(status_code=403)

    @router.put("/clock")
    async def put_clock(moment: Moment, x_rehearsal_token: Annotated[str, Header()] = "") -> Moment:
        check(x_rehearsal_token)
        try:
            clock.set(moment.now)
        except ClockError as error:
            raise HTTPException(status_code=409, detail=str(error)) from error
        moved()
        return Moment(now=clock.now())

    @router.get("/activity")
    async def get_activity(x_rehearsal_token: Annotated[str, Header()] = "") -> dict[str, object]:
        check(x_rehearsal_token)
        found = await activity()
        return {"idle": found.idle, "done": found.done, "now": clock.now()}

    return router
