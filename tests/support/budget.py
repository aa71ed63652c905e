"""How much a property tries. `pytest tests/properties --hypothesis-profile=wide` tries twenty times as much, over night."""

from hypothesis import settings

USUAL = 100
"""Hypothesis's own `max_examples`: what a test says it tries is meant under this one."""
WIDE = 20


def register() -> None:
    """Take the usual profile, and make the wide one known by its name. No test is timed: a busy machine is no fault."""
    settings.register_profile("usual", max_examples=USUAL, deadline=None)
    settings.register_profile("wide", max_examples=USUAL * WIDE, deadline=None)
    settings.load_profile("usual")


def examples(count: int) -> int:
    """So many examples in the usual profile, in proportion in another."""
    return count * settings().max_examples // USUAL
