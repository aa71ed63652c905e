"""How the command speaks: to a person, in a line, and never with a traceback for what a person got wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from frontdoor_chassis import logs
from frontdoor_chassis.bus.kafka_admin import TopicError
from frontdoor_chassis.directory import UnknownDeskError
from frontdoor_chassis.store.migrate import SchemaOutOfDateError
from frontdoor_chassis.toml_places import PackError
from frontdoor_router.core.matrix_asking import ContradictionError
from frontdoor_router.core.measures.asking import NoSuchQuestionError
from frontdoor_standalone.deployment import UnknownPackError
from frontdoor_standalone.processes import ProcessDiedError
from frontdoor_standalone.readiness import NotReadyError
from frontdoor_standalone.registering import NotRegisteredError
from frontdoor_standalone.rehearsal.clock import RestlessError
from frontdoor_standalone.rehearsal.seed import UnknownRelationError
from frontdoor_standalone.rehearsal.shown import LockError
from frontdoor_standalone.rehearsal.yaml_text import ScenarioError
from frontdoor_standalone.servers import ServerError

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

SAID = (
    ScenarioError,
    LockError,
    PackError,
    UnknownPackError,
    ContradictionError,
    UnknownDeskError,
    NoSuchQuestionError,
    UnknownRelationError,
    ServerError,
    SchemaOutOfDateError,
    TopicError,
    NotReadyError,
    NotRegisteredError,
    RestlessError,
    ProcessDiedError,
    ConnectionError,
    PermissionError,
)
"""Failures whose message says what is wrong and what to do."""


@contextmanager
def in_a_line() -> Iterator[None]:
    """Say what went wrong in a line and end with 2."""
    try:
        yield
    except ValidationError as error:
        for found in error.errors(include_input=False, include_url=False):
            errors.print(f"[red]setting {'.'.join(str(p) for p in found['loc'])}: {found['msg']}[/red]", soft_wrap=True)
        raise typer.Exit(2) from None
    except SAID as error:
        errors.print(f"[red]{error}[/red]", soft_wrap=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def progress_bar() -> Progress:
    """How far a long command is. Nothing of it stays on the terminal."""
    columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, transient=True)


@contextmanager
def logging_to(file: Path) -> Iterator[None]:
    """Keep the log of this run in a file: the terminal is for the person before it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", buffering=1) as stream:
        logs.configure(service="standalone", stream=stream)
        yield
