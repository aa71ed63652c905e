"""Who is calling: a desk, shown by one of its API keys. Keys live in memory and are read again all the time."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from frontdoor_chassis.clock import Clock
from frontdoor_gateway.core.failures import UnauthenticatedError
from frontdoor_gateway.core.submissions import StoreAwayError
from frontdoor_schemas.vocabulary import Role

log = structlog.get_logger(__name__)

SECRET_BYTES = 32
"""256 bits: nothing to be guessed, so a plain hash is enough to keep."""
LOOK_AGAIN_SECONDS = 1.0
"""How soon an unknown key may make the table be read again: a new key works at once, a guess costs no query."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The desk that calls. Every handler takes one; every query is scoped by it."""

    agency: str
    desk: str
    role: Role
    key: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it is kept: without its secret."""

    id: str
    desk: str
    secret_sha256: bytes
    valid_from: datetime
    valid_until: datetime | None

    def valid(self, now: datetime) -> bool:
        """Whether it may be used at this moment."""
        return self.valid_from <= now and (self.valid_until is None or now < self.valid_until)


class Keys(Protocol):
    """The table of keys."""

    async def all(self) -> Sequence[StoredKey]:
        """Every key that is not over for good."""
        ...


def new_key(desk: str, *, valid_from: datetime, valid_until: datetime | None) -> tuple[StoredKey, str]:
    """A fresh key and the text that its holder has to keep: it is not kept here."""
    key, secret = secrets.token_hex(8), secrets.token_urlsafe(SECRET_BYTES)
    stored = StoredKey(key, desk, hashlib.sha256(secret.encode()).digest(), valid_from, valid_until)
    return stored, f"fd_{key}_{secret}"


class KeyRing:
    """Tells callers by their keys. `desks` says which desk an id is, None when this gateway does not serve it now."""

    def __init__(self, *, keys: Keys, desks: Callable[[str, datetime], tuple[str, Role] | None], clock: Clock) -> None:
        self._keys = keys
        self._desks = desks
        self._clock = clock
        self._known: Mapping[str, StoredKey] = {}
        self._looked = -LOOK_AGAIN_SECONDS

    async def refresh(self) -> None:
        """Read the table again. Where it cannot be read, what was known stays known."""
        try:
            self._known = {key.id: key for key in await self._keys.all()}
        except StoreAwayError:
            log.warning("keys.not_read")

    async def authenticate(self, authorization: str, monotonic: float) -> Caller:
        """Whose key it is, after reading the table again for one that is not known yet."""
        if _parsed(authorization)[0] not in self._known and monotonic - self._looked >= LOOK_AGAIN_SECONDS:
            self._looked = monotonic
            await self.refresh()
        return self.caller(authorization)

    def caller(self, authorization: str) -> Caller:
        """Whose key an `Authorization` header carries. Raises `UnauthenticatedError`, the same for every reason."""
        key, secret = _parsed(authorization)
        stored = self._known.get(key)
        given = hashlib.sha256(secret.encode()).digest()
        if stored is None or not hmac.compare_digest(given, stored.secret_sha256):
            raise UnauthenticatedError
        return self._who(stored)

    def still(self, caller: Caller) -> bool:
        """Whether the key that began a stream is still good."""
        stored = self._known.get(caller.key)
        try:
            return stored is not None and self._who(stored) == caller
        except UnauthenticatedError:
            return False

    def _who(self, stored: StoredKey) -> Caller:
        now = self._clock.now()
        found = self._desks(stored.desk, now) if stored.valid(now) else None
        if found is None:
            raise UnauthenticatedError
        agency, role = found
        return Caller(agency, stored.desk, role, stored.id)


def _parsed(authorization: str) -> tuple[str, str]:
    scheme, _, token = authorization.partition(" ")
    prefix, _, rest = token.partition("_")
    key, _, secret = rest.partition("_")
    if scheme.lower() != "bearer" or prefix != "fd" or not key or not secret:
        raise UnauthenticatedError
    return key, secret
