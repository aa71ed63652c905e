"""Posts webhooks with aiohttp: one shared session, no redirects, nothing of the answer kept, addresses judged at the connection."""

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from frontdoor_chassis.clock import Clock
from frontdoor_notifier.core.endpoints import Network, address_allowed
from frontdoor_notifier.core.outcomes import Answered, Outcome, TimedOut, Unreachable, Why, parse_retry_after

MAX_ANSWER = 16_384
"""Bytes of an answer that are read, to be able to use the connection again; a longer one costs the connection."""
RESOLVER_THREADS = 32
"""Look-ups side by side: name servers of some partners that hang must not hold up the names of the others."""
DNS_SECONDS = 30
KEEP_ALIVE_SECONDS = 30
USER_AGENT = "frontdoor-notifier"

AddrInfo = tuple[int, int, int, str, tuple[object, ...]]


class RefusedAddressError(OSError):
    """The address that a name resolved to, or a URL named, is not one that webhooks may reach."""


class Resolver(AbstractResolver):
    """The system's resolver on threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolve")

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        """All addresses of a name. Raises `OSError`."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port, family)
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=family_, proto=proto, flags=socket.AI_NUMERICHOST)
            for family_, _, proto, _, address in found
        ]

    async def close(self) -> None:
        """Let the threads go; a look-up that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: int) -> Sequence[tuple[int, int, int, str, tuple[object, ...]]]:
    return socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)


class Gate:
    """Makes the sockets of the session, and only towards allowed addresses.

    It sees the very address that the connection is made to, whether a name resolved to it or the URL spelt it out: a
    name that changes its address between a check and its use gains nothing.
    """

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = tuple(allowed)

    def __call__(self, info: AddrInfo) -> socket.socket:
        """A socket for this address. Raises `RefusedAddressError`."""
        family, kind, protocol, _, address = info
        if not address_allowed(ip_address(str(address[0]).partition("%")[0]), self._allowed):
            raise RefusedAddressError("not an address that webhooks may reach")
        return socket.socket(family=family, type=kind, proto=protocol)


class AiohttpWebhooks:
    """The one session of this process."""

    def __init__(self, *, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """One attempt."""
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                await _skip_body(response)
                asked = parse_retry_after(response.headers.get("Retry-After"), self._clock.now())
                return Answered(response.status, asked)
        except TimeoutError:
            return TimedOut()
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: what aiohttp says of an answer it cannot read
            return Unreachable(_why(error))

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def _why(error: BaseException) -> Why:
    cause = getattr(error, "os_error", None) or error
    if isinstance(cause, RefusedAddressError):
        return "address_refused"
    if isinstance(error, aiohttp.ClientConnectorDNSError | aiohttp.InvalidURL):
        return "name_not_found"
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return "tls_failed"
    return "connection_failed" if isinstance(error, aiohttp.ClientConnectorError) else "connection_lost"


async def _skip_body(response: aiohttp.ClientResponse) -> None:
    """Read the answer to its end without keeping it, or drop the connection when it has no end."""
    read = 0
    while chunk := await response.content.readany():
        read += len(chunk)
        if read > MAX_ANSWER:
            response.close()
            return


def open_webhooks(
    *, clock: Clock, timeout: timedelta, allowed: Sequence[Network] = (), authorities: ssl.SSLContext | None = None
) -> AiohttpWebhooks:
    """A session. Its pool has no size of its own: each endpoint has its slots, and none waits for another's."""
    connector = aiohttp.TCPConnector(
        limit=0,
        resolver=Resolver(),
        ttl_dns_cache=DNS_SECONDS,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        socket_factory=Gate(allowed),
        ssl=authorities or True,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=timeout.total_seconds()),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Content-Type": "application/json", "User-Agent": USER_AGENT},
        auto_decompress=False,
        trust_env=False,
    )
    return AiohttpWebhooks(session=session, clock=clock)
