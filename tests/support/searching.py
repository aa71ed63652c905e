"""Looks into what is stored: bodies are packed, and a search that did not unpack them would find nothing and be content."""

from typing import Any

from frontdoor_chassis.store.bodies import unpack

PACKED = b"\x28\xb5\x2f\xfd"
"""How everything begins that zstd has packed (RFC 8878)."""


def legible(value: Any) -> str:
    """A value of any column as text in which one can search."""
    if isinstance(value, bytes):
        plain = unpack(value) if value.startswith(PACKED) else value
        return plain.decode("utf-8", errors="backslashreplace")
    return str(value)
