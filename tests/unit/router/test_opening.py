"""For what ails the database no record is at fault."""

import asyncpg
import pytest

from frontdoor_router.adapters.opening import TryAgainError, _told_apart
from frontdoor_router.core.routing import CannotGoOnError


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(),
        asyncpg.CannotConnectNowError("starting"),
        asyncpg.InterfaceError("the connection is closed"),
        asyncpg.InternalClientError("the server died under a statement"),
    ],
)
def test_a_database_that_does_not_serve_is_nobody_elses_fault(error: Exception) -> None:
    with pytest.raises(CannotGoOnError), _told_apart():
        raise error


def test_what_the_database_refuses_for_its_content_is_the_records_fault() -> None:
    with pytest.raises(asyncpg.DataError), _told_apart():
        raise asyncpg.DataError("made up")


def test_what_was_rolled_back_for_another_instance_is_tried_again() -> None:
    with pytest.raises(TryAgainError), _told_apart():
        raise asyncpg.DeadlockDetectedError("made up")
