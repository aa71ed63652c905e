"""An obligation's stages, and what meets it."""

from datetime import datetime, timedelta

import pytest

from frontdoor_router.core.clocks import replies_wanted, satisfies, schedule
from frontdoor_router.core.decision import Stage
from frontdoor_router.core.duties import Escalation
from frontdoor_schemas.vocabulary import Level
from support.deciding import NIGHT, test_pack


def stages(
    *, remind: tuple[str, ...] = (), escalate: tuple[Escalation, ...] = (), start: datetime = NIGHT
) -> list[tuple[str, str, timedelta]]:
    """The stages of a limit of a day, each with its distance from the due time."""
    pack = test_pack()
    due, found = schedule(deadlines=pack.deadlines, deadline="day", start=start, calendar=pack.calendar, remind=remind, escalate=escalate)
    assert due == start + timedelta(days=1)
    return [(s.kind, s.to, s.at - due) for s in found]


def test_stages_are_in_order_of_time_whatever_the_order_of_the_rule() -> None:
    found = stages(remind=("-1h", "-12h"), escalate=(Escalation("+1h", "manager"), Escalation("+0m", "deputy")))
    assert found == [
        ("remind", "owing", timedelta(hours=-12)),
        ("remind", "owing", timedelta(hours=-1)),
        ("escalate", "deputy", timedelta(0)),
        ("escalate", "manager", timedelta(hours=1)),
    ]


def test_a_reminder_for_which_it_is_too_late_is_left_out_and_an_escalation_comes_at_once() -> None:
    assert stages(remind=("-30h",), escalate=(Escalation("-30h", "deputy"),)) == [("escalate", "deputy", timedelta(days=-1))]


def test_a_stage_is_read_as_it_was_kept() -> None:
    stage = Stage(NIGHT, "escalate", "role:encompass")
    assert Stage.read(stage.stored()) == stage


@pytest.mark.parametrize(
    ("wanted", "level", "met"),
    [
        ("received", Level.filed, False),
        ("received", Level.received, True),
        ("received", Level.acted, True),
        ("opened", Level.received, False),
        ("opened", Level.opened, True),
        ("acted", Level.opened, False),
        ("acted", Level.acted, True),
        ("reply:referral-outcome", Level.acted, False),
        ("opened", None, False),
    ],
)
def test_a_level_meets_what_asks_for_it_or_for_less(wanted: str, level: Level | None, met: bool) -> None:
    assert satisfies([wanted], level=level, by_telephone=False) is met


def test_a_telephone_call_meets_only_what_says_so() -> None:
    assert satisfies(["opened", "told_by_telephone"], level=None, by_telephone=True)
    assert not satisfies(["opened"], level=None, by_telephone=True)


def test_the_replies_that_an_obligation_wants() -> None:
    assert replies_wanted(["opened", "reply:referral-outcome", "reply:acknowledgement"]) == ("referral-outcome", "acknowledgement")
