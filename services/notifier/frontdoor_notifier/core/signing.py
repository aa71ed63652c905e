"""Standard Webhooks signatures (`v1`, HMAC-SHA256), one for each secret in force.

The reference library is not used for sending: its `sign` overwrites the time zone of the time it is given, and it
decodes the secret and builds the text anew each time. Its `verify` is what the tests hold this against.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

PREFIX = "whsec_"
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64
"""Bounds of the Standard Webhooks specification."""


class BadSecretError(ValueError):
    """Not `whsec_` and base64 of 24 to 64 bytes."""


def parse_secret(text: str) -> bytes:
    """The key in a secret as operators see it. Raises `BadSecretError`."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSecretError("not base64") from error
    if not text.startswith(PREFIX) or not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise BadSecretError("not whsec_ and 24 to 64 bytes in base64")
    return key


def show_secret(key: bytes) -> str:
    """A key as operators see it."""
    return PREFIX + base64.b64encode(key).decode()


@dataclass(frozen=True, slots=True)
class Secret:
    """One signing key. `until` None: in force until it is rotated out."""

    key: bytes
    until: datetime | None = None


def keys_in_force(secrets: Iterable[Secret], now: datetime) -> tuple[bytes, ...]:
    """The keys to sign with: during a rotation both, so that the receiver may change over when it likes."""
    return tuple(s.key for s in secrets if s.until is None or now < s.until)


def sign(keys: Iterable[bytes], *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks."""
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
