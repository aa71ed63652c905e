"""The webhook client against real servers: what each failure is called, and where it never connects."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from frontdoor_chassis.clock import SettableClock
from frontdoor_notifier.adapters import webhook
from frontdoor_notifier.adapters.webhook import MAX_ANSWER, AiohttpWebhooks, open_webhooks
from frontdoor_notifier.core.outcomes import Answered, TimedOut, Unreachable
from support.delivering import LOOPBACK, START
from support.receiver import Answer, Receiver, open_receiver

SOON = timedelta(seconds=0.3)
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]


@asynccontextmanager
async def client(
    *, timeout: timedelta = timedelta(seconds=5), allowed: bool = True, authorities: ssl.SSLContext | None = None
) -> AsyncIterator[AiohttpWebhooks]:
    opened = open_webhooks(clock=SettableClock(START), timeout=timeout, allowed=LOOPBACK if allowed else (), authorities=authorities)
    try:
        yield opened
    finally:
        await opened.close()


@asynccontextmanager
async def raw_server(answer: bytes, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Answers every request with these bytes and closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as opened:
        yield opened


HEADERS = {"webhook-id": "m", "webhook-timestamp": "1604998800", "webhook-signature": "v1,x"}


async def post(opened: AiohttpWebhooks, url: str) -> object:
    return await opened.post(url, body=b'{"data":{"number":1,"kind":"x"}}', headers=HEADERS)


async def test_an_answer_is_its_status_and_how_long_to_wait(receiver: Receiver) -> None:
    receiver.next("a", Answer(204), Answer(503, {"Retry-After": "7"}), Answer(429, {"Retry-After": "Tue, 10 Nov 2020 09:01:00 GMT"}))
    async with client() as opened:
        assert await post(opened, receiver.url("a")) == Answered(204)
        assert await post(opened, receiver.url("a")) == Answered(503, 7.0)
        assert await post(opened, receiver.url("a")) == Answered(429, 60.0)
    assert receiver.got[0].headers["Content-Type"] == "application/json"
    assert receiver.got[0].headers["User-Agent"] == "frontdoor-notifier"


async def test_an_answer_that_asks_to_wait_for_a_year_that_is_none_is_an_answer(receiver: Receiver) -> None:
    receiver.next("a", Answer(503, {"Retry-After": "Wed, 21 Oct 99999999999999999999 07:28:00 GMT"}))
    async with client() as opened:
        assert await post(opened, receiver.url("a")) == Answered(503)


async def test_what_hangs_times_out(receiver: Receiver) -> None:
    receiver.always("a", Answer(hang=True))
    async with client(timeout=SOON) as opened:
        assert await post(opened, receiver.url("a")) == TimedOut()


async def test_a_connection_that_breaks_is_lost(receiver: Receiver) -> None:
    receiver.always("a", Answer(drop=True))
    async with client() as opened:
        assert await post(opened, receiver.url("a")) == Unreachable("connection_lost")


async def test_nobody_there_is_a_failed_connection() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with client() as opened:
        assert await post(opened, f"http://127.0.0.1:{port}/") == Unreachable("connection_failed")


async def test_a_name_that_nobody_has_is_not_found() -> None:
    async with client() as opened:
        assert await post(opened, "http://nowhere.invalid/") == Unreachable("name_not_found")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://2130706433:{port}/"]
)
async def test_an_address_within_is_refused_however_it_is_written(receiver: Receiver, url: str) -> None:
    port = receiver.base.rpartition(":")[2]
    async with client(allowed=False) as opened:
        outcome = await post(opened, url.format(port=port))
    assert outcome in (Unreachable("address_refused"), Unreachable("name_not_found"))
    assert receiver.got == []


async def test_a_name_that_moves_to_an_address_within_is_refused_at_the_connection(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(receiver.base.rpartition(":")[2])
    monkeypatch.setattr(webhook, "_look_up", lambda *_: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))])
    async with client(allowed=False) as opened:
        assert await post(opened, f"http://partner.example:{port}/hooks/a") == Unreachable("address_refused")
    async with client(allowed=True) as opened:
        assert await post(opened, f"http://partner.example:{port}/hooks/a") == Answered(204)


async def test_a_redirect_is_an_answer(receiver: Receiver) -> None:
    receiver.next("a", Answer(302, {"Location": receiver.url("b")}))
    async with client() as opened:
        assert await post(opened, receiver.url("a")) == Answered(302)
    assert [g.path for g in receiver.got] == ["a"]


async def test_cookies_are_not_kept(receiver: Receiver) -> None:
    receiver.next("a", Answer(204, {"Set-Cookie": "session=1; Path=/"}))
    async with client() as opened:
        await post(opened, receiver.url("a"))
        await post(opened, receiver.url("a"))
    assert "Cookie" not in receiver.got[1].headers


async def test_an_answer_without_end_costs_no_memory_and_one_connection() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
    async with raw_server(head + b"x" * (MAX_ANSWER * 50)) as url, client() as opened:
        assert await post(opened, url) == Answered(200)


async def test_a_compressed_answer_is_not_unpacked() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
    async with raw_server(head + b"not gzip!") as url, client() as opened:
        assert await post(opened, url) == Answered(200)


ENDLESS_HEADER = b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n"


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"", ENDLESS_HEADER])
async def test_what_is_no_answer_is_a_lost_connection(answer: bytes) -> None:
    async with raw_server(answer) as url, client() as opened:
        assert await post(opened, url) == Unreachable("connection_lost")


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for a name or address that signs itself, and where the certificate is."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up")])
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    now = datetime.now(tz=UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (folder / "cert.pem").write_bytes(built.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, folder / "cert.pem"


async def test_a_certificate_is_verified(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path, "localhost")
    answer = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(answer, tls=context) as url:
        named = url.replace("127.0.0.1", "localhost")
        async with client() as opened:
            assert await post(opened, named) == Unreachable("tls_failed")
        async with client(authorities=ssl.create_default_context(cafile=str(trusted))) as opened:
            assert await post(opened, named) == Answered(204)
            assert await post(opened, url) == Unreachable("tls_failed"), "another name than the certificate's"
