"""The partners' systems, in one process: takes webhooks for every desk, verifies each signature, notes what came and when.

`POST /hooks/<desk>` is the endpoint. `PUT /control/secrets/<desk>` hands over a secret, `GET /control/counts` and
`GET /control/log` say what came: the log as one JSON array a line, `Call`'s fields in order.
"""

import asyncio
import base64
import gc
import hashlib
import hmac
import sys
import time
from collections.abc import Callable
from typing import NamedTuple, cast

import orjson
import uvloop

NO_CONTENT = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"
UNAUTHORISED = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"


class Call(NamedTuple):
    """One webhook with a good signature. `at` is monotonic, and so comparable between processes of one machine."""

    at: float
    desk: str
    message: str
    disclosure: str
    incarnation: int
    number: int
    kind: str
    event: str
    thread: str


class Hooks:
    """What came in, and the receiver's own judgement of it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.refused = 0
        self.duplicated = 0
        self.reordered = 0
        self._secrets: dict[str, bytes] = {}
        self._seen: set[str] = set()
        self._last: dict[tuple[str, str], tuple[int, int]] = {}

    def learn(self, desk: str, secret: str) -> None:
        """Take a desk's secret, as the notifier shows it."""
        self._secrets[desk] = base64.b64decode(secret.removeprefix("whsec_"))

    def take(self, desk: str, headers: dict[bytes, bytes], body: bytes) -> bool:
        """Note one webhook. False when the signature is not the desk's."""
        message = headers.get(b"webhook-id", b"")
        if not self._verified(desk, message, headers, body):
            self.refused += 1
            return False
        said = orjson.loads(body)["data"]
        event = said.get("event") or {}
        place = (said["incarnation"], said["number"])
        call = Call(
            time.monotonic(), desk, message.decode(), said["disclosure"], *place, said["kind"], event.get("id", ""), event.get("thread", "")
        )
        self.calls.append(call)
        self._judge(call)
        return True

    def _verified(self, desk: str, message: bytes, headers: dict[bytes, bytes], body: bytes) -> bool:
        key = self._secrets.get(desk)
        if key is None:
            return False
        signed = message + b"." + headers.get(b"webhook-timestamp", b"") + b"." + body
        wanted = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
        return wanted in headers.get(b"webhook-signature", b"").split()

    def _judge(self, call: Call) -> None:
        if call.message in self._seen:
            self.duplicated += 1
            return
        self._seen.add(call.message)
        lane, place = (call.desk, call.thread), (call.incarnation, call.number)
        if place < self._last.get(lane, place):
            self.reordered += 1
        self._last[lane] = max(place, self._last.get(lane, place))

    def counts(self) -> dict[str, float]:
        """How many came, and what was wrong with them."""
        return {
            "calls": len(self.calls),
            "distinct": len(self._seen),
            "refused": self.refused,
            "duplicated": self.duplicated,
            "reordered": self.reordered,
            "first_at": self.calls[0].at if self.calls else 0.0,
            "last_at": self.calls[-1].at if self.calls else 0.0,
        }

    def log(self) -> bytes:
        """Everything that came, one line each."""
        return b"\n".join(orjson.dumps(tuple(call)) for call in self.calls)


class Endpoint(asyncio.Protocol):
    """One connection. Understands what the notifier's client sends: bodies of known length, one request at a time."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
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
        first, *lines = self._buffer[:head_end].split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        end = head_end + 4 + int(headers.get(b"content-length", b"0"))
        if len(self._buffer) < end:
            return
        body, self._buffer = self._buffer[head_end + 4 : end], self._buffer[end:]
        method, path, _ = first.decode().split(" ")
        self._transport.write(self._answer(method, path, headers, body))

    def _answer(self, method: str, path: str, headers: dict[bytes, bytes], body: bytes) -> bytes:
        match method, path.split("/")[1:]:
            case "POST", ["hooks", desk]:
                return NO_CONTENT if self._hooks.take(desk, headers, body) else UNAUTHORISED
            case "PUT", ["control", "secrets", desk]:
                self._hooks.learn(desk, body.decode())
                return NO_CONTENT
            case "GET", ["control", "counts"]:
                return _found(orjson.dumps(self._hooks.counts()))
            case "GET", ["control", "log"]:
                return _found(self._hooks.log())
            case _:
                return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


def _found(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


async def run(port: int) -> None:
    """Serve until ended."""
    hooks = Hooks()
    make: Callable[[], Endpoint] = lambda: Endpoint(hooks)  # noqa: E731 - what the loop calls
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", port)
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)  # the log is all that grows, and it is kept
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1])))
