"""Structured logs without personal data: ids, counts, codes. One wide line per unit of work, `noun.past_participle`."""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

import orjson
import structlog
from structlog.types import EventDict, Processor

MAX_TEXT = 200
"""A longer text is no id, code or count."""
MAX_FRAMES = 12
"""Innermost frames of an exception that are logged."""


def without_messages(_: object, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its type and where it was raised. Its message may quote what somebody sent."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = _kinds(error)
        event["raised_at"] = [
            f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
        ]
    return event


def _kinds(error: BaseException) -> str:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return type(error).__name__ + (f" from {_kinds(cause)}" if cause else "")


def only_plain_values(_: object, __: str, event: EventDict) -> EventDict:
    """Let through ids, counts, codes and lists of them. Anything else is named by its type: an object may print what it holds."""
    return {name: _plain(value) for name, value in event.items()}


def _plain(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | UUID() | datetime() | date():
            return value
        case str():
            return value if len(value) <= MAX_TEXT else f"<{len(value)} characters>"
        case list() | tuple():
            return [_plain(v) for v in value]
        case Mapping():
            return {str(k): _plain(v) for k, v in value.items()}
        case _:
            return f"<{type(value).__name__}>"


_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    without_messages,
    only_plain_values,
)


def _json(event: MutableMapping[str, Any], **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z).decode()


def configure(*, service: str, level: str = "INFO", pretty: bool = False, stream: TextIO | None = None) -> None:
    """Set up logging for the process: call once, from the composition root.

    Lines of libraries go the same way; of these only the format is kept, since nobody here chose their arguments.
    """
    out = stream or sys.stdout
    render: Processor = structlog.dev.ConsoleRenderer(colors=False) if pretty else structlog.processors.JSONRenderer(serializer=_json)
    structlog.configure(
        processors=[*_SHARED, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_SHARED, render],
            use_get_message=False,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel("WARNING")  # it says at each look at a schema which database it is
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").handlers = []
    logging.getLogger("uvicorn.access").propagate = False
