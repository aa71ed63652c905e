"""The client that plays scenarios."""

import uvicorn

from frontdoor_standalone.rehearsal.runner import REUSED_SECONDS


def test_no_connection_is_used_again_that_its_service_may_be_closing() -> None:
    assert uvicorn.Config("frontdoor").timeout_keep_alive >= 2 * REUSED_SECONDS
