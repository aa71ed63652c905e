"""Small parts by themselves: numbers and cursors, shares, settings, logs."""

import io
import logging
from pathlib import Path

import orjson
import pytest
import structlog
from pydantic import ValidationError

from frontdoor_chassis import logs
from frontdoor_gateway.core.failures import TooFastError, UnreadableCursorError
from frontdoor_gateway.core.limits import Limiter
from frontdoor_gateway.core.sequence import START, Cursor, Place, advance, read_cursor
from frontdoor_gateway.settings import GatewaySettings, schema_of
from unit.gateway.kit import settings


@pytest.mark.parametrize(
    ("head", "beyond", "reached"),
    [
        (START, [], START),
        (START, [(1, 1), (1, 2)], (1, 2)),
        (START, [(1, 2)], START),
        ((1, 2), [(1, 3), (1, 5)], (1, 3)),
        ((1, 7), [(2, 1), (2, 2)], (2, 2)),
        ((1, 7), [(2, 8)], (2, 8)),
        ((1, 7), [(2, 9)], (1, 7)),
    ],
)
def test_the_part_without_gaps(head: tuple[int, int], beyond: list[tuple[int, int]], reached: tuple[int, int]) -> None:
    assert advance(Place(*head), [Place(*p) for p in beyond]) == Place(*reached)


def test_a_cursor_reads_as_it_was_written() -> None:
    assert read_cursor(str(Cursor(3, 17, 2))) == Cursor(3, 17, 2)


@pytest.mark.parametrize("text", ["", "1-2", "1-2-3-4", "-1-2-3", "1-2-x", "9999999999-1-1", "1-9999999999999999999-1", "١-1-1"])
def test_anything_else_is_no_cursor(text: str) -> None:
    with pytest.raises(UnreadableCursorError):
        read_cursor(text)


def test_a_share_fills_up_again() -> None:
    limiter = Limiter(rate=2, burst=4)
    limiter.take("a", 4, now=0)
    with pytest.raises(TooFastError):
        limiter.take("a", 1, now=0.4)
    limiter.take("b", 1, now=0.4)
    limiter.take("a", 1, now=0.5)
    with pytest.raises(TooFastError):
        limiter.take("a", 4, now=1.0)


def test_a_batch_larger_than_a_share_passes_and_is_paid_off() -> None:
    limiter = Limiter(rate=2, burst=4)
    limiter.take("a", 10, now=0)
    with pytest.raises(TooFastError) as late:
        limiter.take("a", 1, now=3)
    assert late.value.headers["retry-after"] == "1"
    limiter.take("a", 1, now=3.5)


def test_production_refuses_a_clock_that_can_be_set() -> None:
    with pytest.raises(ValidationError, match="rehearsal_token"):
        settings("postgresql://x", Path(), environment="production")


def test_keys_that_are_too_short_are_refused_and_not_shown() -> None:
    with pytest.raises(ValidationError) as refused:
        GatewaySettings(name="police", dsn="postgresql://x", pack=Path(), signing_key="short-secret", router_key="r" * 32)
    assert "short-secret" not in str(refused.value)


def test_secrets_are_not_in_the_settings_text() -> None:
    given = settings("postgresql://user:password-text@x", Path())
    assert "password-text" not in repr(given)
    assert "made-up" not in repr(given)


def test_names_of_schemas() -> None:
    assert schema_of("ash-primary") == "gateway_ash_primary"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def _restored() -> object:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.usefixtures("_restored")
def test_logs_carry_ids_and_counts_and_no_message_of_an_error(stream: io.StringIO) -> None:
    logs.configure(service="test", stream=stream)
    try:
        try:
            int("Planted")
        except ValueError as error:
            raise RuntimeError("Planted") from error
    except RuntimeError:
        structlog.get_logger().exception("thing.failed", count=3, event_body={"deep": ["Planted " * 50]}, other=object())
        logging.getLogger("some.library").exception("could not read %s", "Planted")
    ours, theirs = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    assert "Planted" not in stream.getvalue()
    assert (ours["event"], ours["count"], ours["error"], ours["other"]) == ("thing.failed", 3, "RuntimeError from ValueError", "<object>")
    assert (theirs["event"], theirs["logger"], theirs["service"]) == ("could not read %s", "some.library", "test")
