"""The client that plays scenarios."""

from frontdoor_chassis.web import KEEP_ALIVE_SECONDS
from frontdoor_standalone.rehearsal.runner import REUSED_SECONDS


def test_no_connection_is_used_again_that_its_service_may_be_closing() -> None:
    assert KEEP_ALIVE_SECONDS >= 2 * REUSED_SECONDS
