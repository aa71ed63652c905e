"""How columns that hold whole messages are stored: packed by the service, and left as they are by the server.

Repeated paths make a fifth to a third of a message. The server's own default, pglz, takes ten times as long, and not every
PostgreSQL has lz4.
"""

from collections.abc import Callable, Iterable

import zstandard

_PACKER = zstandard.ZstdCompressor(level=1)
_UNPACKER = zstandard.ZstdDecompressor()


def pack(body: bytes) -> bytes:
    """A body as it is kept."""
    return _PACKER.compress(body)


def unpack(packed: bytes) -> bytes:
    """A body as it was before it was packed. Raises `zstandard.ZstdError` for anything else."""
    return _UNPACKER.decompress(packed)


def store_bodies(execute: Callable[[str], object], columns: Iterable[tuple[str, str]]) -> None:
    """For a migration: pairs of table and column."""
    for table, column in columns:
        execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
