"""The client that plays scenarios."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from frontdoor_chassis.web import KEEP_ALIVE_SECONDS
from frontdoor_standalone.exchange import Exchange
from frontdoor_standalone.rehearsal.clock import RehearsalClock, Rest
from frontdoor_standalone.rehearsal.runner import REUSED_SECONDS


def test_no_connection_is_used_again_that_its_service_may_be_closing() -> None:
    assert KEEP_ALIVE_SECONDS >= 2 * REUSED_SECONDS


async def test_when_a_service_does_not_answer_nothing_is_asked_any_more() -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "router":
            await asked.wait()
            raise httpx.ConnectError("nobody there", request=request)
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        raise AssertionError("nothing ends this wait but its being cancelled")

    exchange = Exchange(Path("a-pack"), {}, "http://router", "http://notifier", {}, "an-admin", "a-rehearsal", {})
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        mover = RehearsalClock(datetime(2020, 11, 10, tzinfo=UTC)).attach(exchange, client, Rest())
        with pytest.raises(httpx.ConnectError):
            await mover.settle()
    assert ended.is_set()
