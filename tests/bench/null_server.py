"""Answers every request at once and does nothing: what the load client does against it is what it could do at most."""

import asyncio
import sys
from typing import cast

import uvloop

_RECEIPT = b'{"event":"00000000-0000-7000-8000-000000000001","thread":"00000000-0000-7000-8000-000000000001"}'
ANSWER = b"HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_RECEIPT), _RECEIPT)


class Null(asyncio.Protocol):
    """Reads just enough to know where a request ends."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0 or self._transport is None:
            return
        length = int(self._buffer[self._buffer.find(b"content-length: ") + 16 : head_end].partition(b"\r\n")[0])
        if len(self._buffer) >= head_end + 4 + length:
            self._buffer = b""
            self._transport.write(ANSWER)


async def run(port: int) -> None:
    """Serve until ended."""
    server = await asyncio.get_running_loop().create_server(Null, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1])))
