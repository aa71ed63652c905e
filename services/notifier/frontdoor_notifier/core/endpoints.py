"""What is known of a desk's endpoint, and which addresses a webhook may ever reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from frontdoor_notifier.core.signing import Secret

DEFAULT_IN_FLIGHT = 8
MAX_IN_FLIGHT = 64
"""Attempts under way at one endpoint at once: its share, whatever the others do."""
MAX_URL = 2000

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Status(StrEnum):
    """Whether an endpoint is sent to. Nothing is lost in any of them: deliveries wait."""

    enabled = "enabled"
    suspended = "suspended"  # by an operator
    disabled = "disabled"  # by the receiver: it answered 410


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a desk takes webhooks. `version` rises with every change by an operator."""

    desk: str
    url: str
    secrets: tuple[Secret, ...]
    status: Status
    reason: str | None
    max_in_flight: int
    version: int

    @property
    def enabled(self) -> bool:
        """Whether it is sent to now."""
        return self.status is Status.enabled


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of this instance to be the one sender for a desk."""

    desk: str
    epoch: int
    until: datetime


class BadUrlError(ValueError):
    """An address that no webhook will be sent to. The argument is a code; the address itself is not repeated."""


def check_url(url: str, *, plain_http: bool, allowed: Sequence[Network]) -> str:
    """The address, if it can be an endpoint. Names are judged again, by what they resolve to, at every connection."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadUrlError("not_a_url") from error
    if len(url) > MAX_URL or not url.isascii() or any(c.isspace() for c in url) or not host:
        raise BadUrlError("not_a_url")
    if parts.scheme not in ("https", "http") or (parts.scheme == "http" and not plain_http):
        raise BadUrlError("scheme_not_allowed")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadUrlError("credentials_or_fragment")
    try:
        literal = ip_address(host)
    except ValueError:
        return url
    if not address_allowed(literal, allowed):
        raise BadUrlError("address_refused")
    return url


_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")


def address_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether a connection to this address may be made: public unicast, or in a network that the deployment names.

    An IPv6 address that stands for an IPv4 one is judged by that one: it is where the packets go.
    """
    if any(address.version == network.version and address in network for network in allowed):
        return True
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return address_allowed(inner, allowed)
        if address in _NAT64_LOCAL or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
