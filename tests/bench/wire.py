"""A keep-alive HTTP client that does as little as HTTP allows: one request at a time on each connection, bodies of known length."""

import asyncio
from dataclasses import dataclass
from typing import cast


class BrokenConnectionError(ConnectionError):
    """The other side went away before it had answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One connection. Not for answers without a length, which no service here gives to these requests."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[Answer] | None = None
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length = _length(self._buffer, head_end)
        end = head_end + 4 + length
        if len(self._buffer) < end:
            return
        answer = Answer(int(self._buffer[9:12]), self._buffer[head_end + 4 : end])
        self._buffer = self._buffer[end:]
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop's signature
        """Called by the loop."""
        self.lost = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(BrokenConnectionError("closed"))

    async def ask(self, request: bytes) -> Answer:
        """Send one request and wait for its answer. Raises `BrokenConnectionError`."""
        if self.lost or self._transport is None:
            raise BrokenConnectionError("closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """Let go of it."""
        if self._transport is not None:
            self._transport.close()


def _length(buffer: bytes, head_end: int) -> int:
    head = buffer[:head_end].lower()
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    value = head[at + 17 :]
    return int(value.partition(b"\r\n")[0])


async def connect(host: str, port: int) -> Connection:
    """An open connection. Raises `OSError`."""
    _, protocol = await asyncio.get_running_loop().create_connection(Connection, host, port)
    return protocol


def request(method: str, path: str, host: str, headers: dict[str, str], body: bytes) -> bytes:
    """One request as it goes out."""
    fields = {"host": host, **headers, "content-length": str(len(body))}
    return f"{method} {path} HTTP/1.1\r\n".encode() + b"".join(f"{k}: {v}\r\n".encode() for k, v in fields.items()) + b"\r\n" + body
