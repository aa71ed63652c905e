"""Posts are prepared step by step: each is answered at its place, and nobody waits for the whole of a large batch."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from contract.made_up import SOURCE
from frontdoor_chassis.problems import ProblemError
from frontdoor_gateway.core import prepare as steps
from frontdoor_gateway.core.failures import TooLargeError, TypeNotAllowedError, UnreadableEventError
from frontdoor_gateway.core.posts import Post
from frontdoor_gateway.core.prepare import SLICE, By, Prepared, Ready, Refused, prepare
from frontdoor_schemas.vocabulary import EventType
from unit.gateway.kit import posted

BY = By(SOURCE, datetime(2030, 1, 1, tzinfo=UTC), frozenset({EventType.referral}), b"made-up-key")


def _post(sender_id: str, event_type: EventType = EventType.referral, raw: bytes | None = None) -> Post:
    return Post(event_type, orjson.dumps(posted()) if raw is None else raw, sender_id.encode(), sender_id)


def _said(prepared: Prepared) -> str:
    if isinstance(prepared, Ready):
        return prepared.sender_id
    return type(prepared.why if isinstance(prepared, Refused) else prepared).__name__


async def test_each_is_answered_at_its_place_whatever_becomes_of_the_others() -> None:
    refused = TooLargeError("refused before")
    given: list[Post | ProblemError] = [_post(f"post-{n}") for n in range(2 * SLICE + 3)]
    given[0] = _post("unreadable", raw=b"{}")
    given[SLICE] = refused
    given[-1] = _post("not allowed", EventType.query)

    prepared = await prepare(given, BY)

    wanted = [f"post-{n}" for n in range(len(given))]
    wanted[0], wanted[SLICE], wanted[-1] = UnreadableEventError.__name__, TooLargeError.__name__, TypeNotAllowedError.__name__
    assert [_said(p) for p in prepared] == wanted
    assert prepared[SLICE] is refused


async def test_nothing_is_prepared_of_nothing() -> None:
    assert await prepare([], BY) == []


class _Log:
    """Notes which step is done when, and when others have their turn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.notes: list[str] = []
        self.begun = asyncio.Event()
        for name in ("parse", "to_wire", "pack"):
            monkeypatch.setattr(steps, name, self._noting(name, getattr(steps, name)))

    def _noting(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any) -> Any:
            self.notes.append(name)
            self.begun.set()
            return step(*args)

        return noted

    async def ticking(self) -> None:
        while True:
            self.notes.append("turn")
            await asyncio.sleep(0)


async def test_others_have_their_turn_after_a_slice_of_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    log = _Log(monkeypatch)
    other = asyncio.create_task(log.ticking())
    await prepare([_post(f"post-{n}") for n in range(2 * SLICE)], BY)
    other.cancel()

    in_a_row = [len(run.split()) for run in " ".join(log.notes).split("turn") if run.strip()]
    assert in_a_row == [SLICE] * 6


async def test_requests_that_came_in_together_take_each_step_together(monkeypatch: pytest.MonkeyPatch) -> None:
    log = _Log(monkeypatch)
    await asyncio.gather(*(prepare([_post(f"post-{n}")], BY) for n in range(3)))

    assert log.notes == ["parse"] * 3 + ["to_wire"] * 3 + ["pack"] * 3


async def test_a_request_that_is_given_up_takes_no_further_step(monkeypatch: pytest.MonkeyPatch) -> None:
    log = _Log(monkeypatch)
    request = asyncio.create_task(prepare([_post("post")], BY))
    await log.begun.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request

    assert log.notes == ["parse"]
