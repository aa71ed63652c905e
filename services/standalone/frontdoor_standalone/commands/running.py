"""A PostgreSQL server and a folder for as long as a command runs."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from frontdoor_standalone.commands.speaking import logging_to
from frontdoor_standalone.servers.postgres import EmbeddedPostgres


@contextmanager
def for_this_run() -> Iterator[EmbeddedPostgres]:
    """A server of which nothing stays behind."""
    with (
        tempfile.TemporaryDirectory(prefix="frontdoor-") as folder,
        logging_to(Path(folder) / "frontdoor.log"),
        EmbeddedPostgres(Path(folder) / "postgres") as server,
    ):
        yield server
