"""Sending to Apache Kafka so that order survives failures."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from frontdoor_chassis.bus.ports import Record, RecordTooLargeError, SendError
from frontdoor_chassis.bus.sizes import MAX_RECORD_BYTES, check_sizes

SEND_SECONDS = 30.0
"""After this a send is given up. A failover with three brokers on one machine took 11.6 s at worst."""

_BATCH_BYTES = 262_144  # a flush of 512 small records then leaves in one request a partition
_STOP_SECONDS = 2.0
_LOOK_SECONDS = 0.02


class KafkaProducer:
    """Sends idempotently; after a failure everything that was under way is given up and the connection is made anew.

    Making it anew is what keeps the order: an idempotent producer goes on behind a batch that it timed out.
    """

    def __init__(self, connection: dict[str, Any], *, send_seconds: float) -> None:
        self._connection = connection
        self._seconds = send_seconds
        self._inner: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._enqueuing = asyncio.Lock()  # the records of one call stay together and calls keep their order

    async def start(self) -> None:
        """Connect now instead of at the first send."""
        await self._connected()

    async def send(self, records: Sequence[Record]) -> None:
        """Return when every record is on all replicas in sync. Records of calls side by side do not mix."""
        check_sizes(records)
        inner = await self._connected()
        acknowledgements: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(self._seconds):
                await self._enqueue(inner, records, acknowledgements)
                for acknowledgement in acknowledgements:
                    await acknowledgement
        except MessageSizeTooLargeError as error:
            raise RecordTooLargeError(str(error)) from error
        except (KafkaError, TimeoutError) as error:
            raise SendError(said(error, "not acknowledged in time")) from error
        finally:
            if not all(_succeeded(a) for a in acknowledgements) or len(acknowledgements) < len(records):
                await self._discard(inner)
                for acknowledgement in acknowledgements:
                    _succeeded(acknowledgement)  # seen: only the first failure was waited for

    async def close(self) -> None:
        """Let what was handed over leave, then disconnect."""
        inner, self._inner = self._inner, None
        if inner is not None:
            try:
                async with asyncio.timeout(_STOP_SECONDS):
                    await inner.stop()
            except TimeoutError:
                await _tear_down(inner)

    async def _enqueue(self, inner: AIOKafkaProducer, records: Sequence[Record], acknowledgements: list["asyncio.Future[Any]"]) -> None:
        async with self._enqueuing:
            for r in records:
                acknowledgement = await inner.send(r.topic, r.value, key=r.key, headers=list(r.headers))
                acknowledgements.append(acknowledgement)

    async def _connected(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._inner is None:
                self._inner = await self._connect()
            return self._inner

    async def _connect(self) -> AIOKafkaProducer:
        inner = AIOKafkaProducer(
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            max_request_size=MAX_RECORD_BYTES,
            request_timeout_ms=int(self._seconds * 1000),
            **self._connection,
        )
        try:
            async with asyncio.timeout(self._seconds):
                await inner.start()
        except (KafkaError, TimeoutError) as error:
            await _tear_down(inner)
            raise SendError(said(error, "Kafka did not answer in time")) from error
        except BaseException:  # cancelled while connecting: nobody else would close the connection
            await _tear_down(inner)
            raise
        return inner

    async def _discard(self, inner: AIOKafkaProducer) -> None:
        if self._inner is inner:
            self._inner = None
        await _tear_down(inner)


async def _tear_down(inner: AIOKafkaProducer) -> None:
    """End a producer without letting anything else leave; its own `stop` would first send what is queued.

    aiokafka offers nothing of the kind, hence what is taken from its inside.
    """
    sender = inner._sender.sender_task  # noqa: SLF001
    if sender is not None:
        sender.cancel()
    await inner.client.close()
    deadline = time.monotonic() + _STOP_SECONDS
    while sender is not None and not sender.done() and time.monotonic() < deadline:
        _release(inner.client._md_update_fut)  # noqa: SLF001
        await asyncio.wait({sender}, timeout=_LOOK_SECONDS)
    queue = inner._message_accumulator  # noqa: SLF001
    # A batch that waited for its next try is no longer among those under way, from which its end would take it out.
    queue._pending_batches.update(batch for batches in queue._batches.values() for batch in batches)  # noqa: SLF001
    queue.fail_all(SendError("given up after an earlier failure on the same connection"))
    for batch in queue._pending_batches:  # noqa: SLF001
        _succeeded(batch._drain_waiter)  # noqa: SLF001 - seen: nobody waits for room in the queue any more
    # As a task of its own: how the sender ended, cancelled or failed, must not become our end.
    stopping = asyncio.ensure_future(inner.stop())
    await asyncio.wait({stopping}, timeout=_STOP_SECONDS)
    _succeeded(stopping)
    stopping.cancel()


def _release(metadata: "asyncio.Future[Any] | None") -> None:
    # With the client closed nobody brings the news of the cluster that a batch may be waiting for.
    if metadata is not None and not metadata.done():
        metadata.set_result(False)


def _succeeded(acknowledgement: "asyncio.Future[Any]") -> bool:
    # Asking for the exception also marks it as seen.
    return acknowledgement.done() and not acknowledgement.cancelled() and acknowledgement.exception() is None


def said(error: BaseException, otherwise: str) -> str:
    """What an error of aiokafka says; many say nothing but their names."""
    return f"{type(error).__name__}: {error}" if str(error) else otherwise
