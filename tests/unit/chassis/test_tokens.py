"""Operators' bearer tokens, as every service reads them."""

import pytest

from frontdoor_chassis.web import NotAnOperatorError, token_of

TOKENS = ("made-up-one", "made-up-two")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_it_is_said_which_token_a_request_brings(scheme: str) -> None:
    assert token_of(f"{scheme} made-up-two", TOKENS) == "made-up-two"


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer another", "made-up-one", "Basic made-up-one", "Bearer  made-up-one", "Bearer é"]
)
def test_whatever_else_it_brings_is_refused_with_how_to_ask(given: str) -> None:
    with pytest.raises(NotAnOperatorError) as refused:
        token_of(given, TOKENS)
    assert refused.value.headers == {"www-authenticate": "Bearer"}


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer "])
def test_a_token_that_is_empty_lets_nobody_in(given: str) -> None:
    with pytest.raises(NotAnOperatorError):
        token_of(given, ("",))
