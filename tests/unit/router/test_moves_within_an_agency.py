"""A move between two services of the agency that says it: the other one is given work, and nothing of what is withheld from it."""

from datetime import UTC, datetime
from typing import Any

from frontdoor_router.core.decision import Obligation, TaskKind
from frontdoor_router.core.policy import policy_of
from support.builders import a_child
from support.deciding import Deciding, Told
from support.packs import the_pack

MORNING = datetime(2020, 11, 10, 9, 0, tzinfo=UTC)
"""A Tuesday."""
VISITING, NURSING, FRONT_DOOR = "trust.health-visiting", "trust.school-nursing", "hub.front-door"
REASON = "between-own-desks:move-parties"


def move(**said: Any) -> Told:
    """Health visiting says that a child goes to school nursing of the same trust."""
    deciding = Deciding(policy=policy_of(the_pack("stockton"), MORNING.date()), now=MORNING)
    child = a_child(1)
    data = {"children": [child], "about": [child["ref"]], "moved": ["community_health"], "from_community_health": VISITING}
    return deciding.post(VISITING, "child-moved", {**data, "to_community_health": NURSING, **said})


def owed_by(told: Told, desk: str) -> list[Obligation]:
    """What a desk owes for it."""
    return [o for o in told.decision.obligations if o.desk == desk]


def test_the_service_that_a_child_comes_to_has_work_by_the_clock_of_a_move() -> None:
    told = move()
    (task,) = told.decision.tasks
    assert (task.kind, task.reason, task.owner, len(task.refs)) == (TaskKind.between_own_desks, REASON, NURSING, 1)
    notice = told.to(NURSING, "held")
    assert (notice.given, notice.reason, task.notice) == ((), "between-own-desks", notice.id)
    (owed,) = owed_by(told, NURSING)
    assert (owed.duty, owed.satisfied_by, owed.disclosure) == ("move-parties", ("acted",), notice.id)
    assert owed.due == datetime(2020, 11, 17, 17, 0, tzinfo=UTC)
    assert [stage.to for stage in owed.stages] == ["manager"]
    assert NURSING not in told.desks


def test_the_service_that_says_it_has_nothing_to_acknowledge() -> None:
    assert "move-parties" not in {o.duty for o in owed_by(move(), VISITING)}


def test_from_whom_the_move_is_withheld_hears_nothing_and_a_person_sees_to_it() -> None:
    for kept_from in (NURSING, "trust"):
        told = move(sharing={"withhold_from": [kept_from]})
        assert told.tasks == [("not-permitted", FRONT_DOOR)]
        assert NURSING not in {d.desk for d in told.decision.disclosures}
        assert owed_by(told, NURSING) == []


def test_the_service_of_another_agency_is_told_of_the_same_move_as_before() -> None:
    told = move(to_practice="mill-lane.gp")
    assert "mill-lane.gp" in told.desks
    assert told.tasks == [(REASON, NURSING)]
