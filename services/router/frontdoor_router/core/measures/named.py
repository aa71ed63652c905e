"""Tests that conditions on one message cannot say, because they compare it with another."""

from collections.abc import Callable, Mapping

from frontdoor_router.core.measures.facts import EventFact
from frontdoor_schemas.vocabulary import EventType


def level_of_need_stated(event: EventFact) -> bool:
    """Whether referral and outcome both carry a level of need, so that they can be compared (A34)."""
    return bool(event.message.get("level_of_need")) and any(
        r.message.get("level_of_need_decided") for r in event.answers(EventType.referral_outcome)
    )


def level_of_need_agreed(event: EventFact) -> bool:
    """Whether the outcome decides on the level of need that the referrer asserted (A34)."""
    asserted = event.message.get("level_of_need")
    return any(r.message.get("level_of_need_decided") == asserted for r in event.answers(EventType.referral_outcome))


TESTS: Mapping[str, Callable[[EventFact], bool]] = {
    "level-of-need-stated": level_of_need_stated,
    "level-of-need-agreed": level_of_need_agreed,
}
"""By the name under which a definition asks for them."""
