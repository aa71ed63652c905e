"""A partnership begins on topics of its own: what an earlier one left on a cluster is not read as its events."""

import asyncio
import time
from collections.abc import Collection

from confluent_kafka.admin import AdminClient

from frontdoor_standalone.servers import ServerError

ANSWER_SECONDS = 30.0
POLL_SECONDS = 0.1


async def require_none(bootstrap: str, topics: Collection[str]) -> None:
    """Raise `ServerError` when a topic is there already."""
    there = await asyncio.to_thread(_present, bootstrap, topics)
    if there:
        raise ServerError(f"{bootstrap} has topics of a partnership already ({', '.join(sorted(there)[:3])}, …): give an empty cluster")


async def remove(bootstrap: str, topics: Collection[str]) -> None:
    """Return when none of these topics is there any more. Their records are gone. Raises `ServerError`."""
    await asyncio.to_thread(_remove, bootstrap, topics)


def _client(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})


def _there(client: AdminClient, topics: Collection[str]) -> set[str]:
    return set(client.list_topics(timeout=ANSWER_SECONDS).topics) & set(topics)


def _present(bootstrap: str, topics: Collection[str]) -> set[str]:
    return _there(_client(bootstrap), topics)


def _remove(bootstrap: str, topics: Collection[str]) -> None:
    client = _client(bootstrap)  # kept: futures of one that was let go never end
    deadline = time.monotonic() + ANSWER_SECONDS
    while there := _there(client, topics):
        if time.monotonic() > deadline:
            raise ServerError(f"topics cannot be removed from {bootstrap}: {', '.join(sorted(there))}")
        for future in client.delete_topics(sorted(there), operation_timeout=ANSWER_SECONDS).values():
            future.exception(timeout=ANSWER_SECONDS)  # one that is gone by now is no fault; the loop looks again
        time.sleep(POLL_SECONDS)
