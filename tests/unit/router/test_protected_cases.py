"""By which paths a protected child could be found, under a pack that is in use: none is open to a desk that is not listed."""

from typing import Any

import pytest

from frontdoor_router.core.policy import policy_of
from support.builders import a_child
from support.deciding import NIGHT, Deciding, Told
from support.packs import the_pack

AUTHOR = {"name": "Made-Up Lead", "role": "Lead at Ash", "contact": "lead@ash.example"}


@pytest.fixture
def deciding() -> Deciding:
    """Nobody is known."""
    return Deciding(policy=policy_of(the_pack("stockton"), NIGHT.date()))


def referred(deciding: Deciding, protected: str, **more: Any) -> Told:
    """The school of a child writes to the hub, and says who writes."""
    return deciding.post("ash-primary.dsl", "referral", {"children": [a_child(1, protected=protected)], "author": AUTHOR, **more})


def test_who_is_not_told_which_agency_wrote_is_not_told_who_wrote_there(deciding: Deciding) -> None:
    told = referred(deciding, "yes")
    assert {"hub.front-door", "social-care.duty"} <= told.desks
    for desk in told.desks:
        assert not {"source", "author"} & told.message(desk).keys()


def test_a_desk_that_is_listed_is_told_both(deciding: Deciding) -> None:
    message = referred(deciding, "yes", sharing={"locating_for": ["hub.front-door"]}).message("hub.front-door")
    assert (message["source"]["desk"], message["author"]) == ("ash-primary.dsl", AUTHOR)


def test_in_any_other_case_the_front_door_is_told_both(deciding: Deciding) -> None:
    message = referred(deciding, "no").message("hub.front-door")
    assert (message["source"]["desk"], message["author"]) == ("ash-primary.dsl", AUTHOR)
