"""How much a property tries. `pytest tests/properties --hypothesis-profile=wide` tries twenty times as much, over night."""

from hypothesis import settings

USUAL = 100
"""Hypothesis's own `max_examples`: what a test says it tries is meant under this one."""
WIDE = 20


def register() -> None:
    """Make the wide profile known by its name. The usual one is what Hypothesis does where nothing is said."""
    settings.register_profile("wide", max_examples=USUAL * WIDE, deadline=None)


def examples(count: int) -> int:
    """So many examples in the usual profile, in proportion in another."""
    return count * settings().max_examples // USUAL
