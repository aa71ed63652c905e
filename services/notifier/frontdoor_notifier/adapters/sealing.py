"""Keeps signing secrets unreadable in the table: AES-256-GCM under a key of the deployment, bound to the desk."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class SecretBox:
    """Seals and opens the secrets of endpoints."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hashlib.sha256(b"frontdoor/endpoint-secrets/" + key).digest())

    def seal(self, desk: str, secret: bytes) -> bytes:
        """The secret as it is stored."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, desk.encode())

    def open(self, desk: str, sealed: bytes) -> bytes:
        """The secret. Raises `cryptography.exceptions.InvalidTag` for another desk's or under another key."""
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], desk.encode())
