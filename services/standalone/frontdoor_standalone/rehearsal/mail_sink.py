"""A mail server that takes everything and delivers nothing."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email import message_from_bytes, policy
from types import TracebackType
from typing import Self

from frontdoor_standalone.rehearsal.observed import Mail

ADDRESS = "127.0.0.1"
OK = b"250 ok\r\n"


class MailSink:
    """Speaks as much SMTP as a client needs to hand over a message."""

    def __init__(self, *, desk_of: Callable[[str], str], now: Callable[[], datetime]) -> None:
        self.mails: list[Mail] = []
        self._desk_of = desk_of
        self._now = now
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("the mail sink is not open")
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, ADDRESS, 0)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 rehearsal\r\n")
        to: list[str] = []
        try:
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"RCPT":
                    to.append(line.decode(errors="replace").split(":", 1)[1].strip().strip("<>").split(">")[0])
                if verb == b"DATA":
                    writer.write(b"354 go on\r\n")
                    self._take(to, await reader.readuntil(b"\r\n.\r\n"))
                    to = []
                writer.write(b"221 bye\r\n" if verb == b"QUIT" else OK)
                await writer.drain()
                if verb == b"QUIT":
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # a client that hangs up in the middle has not handed anything over
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _take(self, to: list[str], raw: bytes) -> None:
        message = message_from_bytes(raw, policy=policy.default)
        body = message.get_body(("plain", "html"))
        text = f"{message['subject']}\n{body.get_content() if body else ''}"
        self.mails.extend(Mail(self._desk_of(address), self._now(), text) for address in to)
