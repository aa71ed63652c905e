"""Which events are lines of a chronology."""

import pytest

from frontdoor_router.core.chronicle import is_line
from frontdoor_schemas.vocabulary import EventType


@pytest.mark.parametrize(
    ("event_type", "message", "line"),
    [
        (EventType.missing_episode, {}, True),
        (EventType.involvement_started, {"relation": "involved"}, False),
        (EventType.involvement_started, {"reason_for_change": "the worker left"}, True),
        (EventType.query, {"question": "chronology", "purpose": "a visit"}, False),
        (EventType.meeting_invitation, {"urgent": "yes"}, False),
    ],
)
def test_what_happened_is_a_line_and_what_was_asked_or_arranged_is_none(event_type: EventType, message: dict[str, str], line: bool) -> None:
    assert is_line(event_type, message) is line
