"""Ends a consumer of aiokafka within a time that can be told."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

STOP_SECONDS = 2.0
"""For leaving the group, and for all connections to close when that took longer."""


async def stop_consumer(inner: AIOKafkaConsumer) -> None:
    """Leave the group and disconnect; what does not end in time is cut off, and the group finds out by itself.

    aiokafka waits for a join that is under way, which is two requests and no end of them while no leader answers.
    """
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await inner.stop()
    except (KafkaError, TimeoutError):
        await _cut_off(inner)


async def _cut_off(inner: AIOKafkaConsumer) -> None:
    """Close what an unfinished `stop` left. aiokafka offers nothing of the kind, hence what is taken from its inside."""
    coordinator, fetcher = inner._coordinator, inner._fetcher  # noqa: SLF001
    left: list[asyncio.Future[Any]] = []
    if coordinator is not None:
        tasks = coordinator._coordination_task, coordinator._heartbeat_task, coordinator._commit_refresh_task  # noqa: SLF001
        left += [task for task in tasks if task is not None]
    for task in left:
        task.cancel()
    # As tasks of their own: how they end, cancelled or failed, must not become our end.
    if fetcher is not None:
        left.append(asyncio.ensure_future(fetcher.close()))
    left.append(asyncio.ensure_future(inner._client.close()))  # noqa: SLF001
    await asyncio.wait(left, timeout=STOP_SECONDS)
    for one in left:
        if not one.done():
            one.cancel()
        elif not one.cancelled():
            one.exception()  # seen
