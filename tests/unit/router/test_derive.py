"""What is computed for one desk, from what that desk was told and from nothing else."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from frontdoor_router.core import proposing
from frontdoor_router.core.derive import DERIVED, computed_paths
from frontdoor_router.core.known_to import FIELDS
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.queries import ANSWERS
from support.builders import a_child, an_incident
from support.deciding import TEST_PACK, Deciding, Told, deciding_by

COUNT, DATES, ESCALATING = "previous_incidents_count", "previous_incident_dates", "escalating"


@pytest.fixture
def deciding() -> Deciding:
    """A child at Oak, its brother at Elm."""
    made = Deciding()
    made.tie(a_child(1), "oak.dsl", "school")
    made.tie(a_child(2), "elm.dsl", "school")
    return made


def incident(deciding: Deciding, *children: dict[str, Any], days: int = 0, grade: str = "standard") -> Told:
    """An incident some days after the first evening."""
    at = (datetime(2020, 9, 1, 12, tzinfo=UTC) + timedelta(days=days)).isoformat()
    abuse = {"risk_grade": grade, "qualifying_markers": ["call_type"]}
    return deciding.post("police.pvp", "police-incident", {"occurred_at": at, "children": [*children], "domestic_abuse": abuse})


def history(told: Told, desk: str) -> dict[str, Any]:
    """What a desk reads of earlier incidents."""
    said = told.message(desk)["domestic_abuse"]
    return {name: said[name] for name in (COUNT, DATES, ESCALATING) if name in said}


def test_every_computed_field_of_the_contract_is_computed() -> None:
    with_duties = {"earlier", "patterns", "flags_to_show", *FIELDS, *ANSWERS, *proposing.FIELDS}
    promised = {path.split("/")[-1] for model in MODELS.values() for path, _ in computed_paths(model)}
    assert promised - with_duties == set(DERIVED)


COUNTED = """
[[duty]]
id = "{0}-front-door"
from = 2020-01-01
own = true
on = "{0}"
tell = {{relation = "role:front_door", of = "event"}}
because = "front-door"
deadline = "day"
satisfied_by = ["acted"]
"""


@pytest.fixture
def counting(tmp_path: Path) -> Deciding:
    """Under a pack whose front door hears of more types of events."""
    pack = Path(shutil.copytree(TEST_PACK, tmp_path / "pack"))
    with (pack / "duties.toml").open("a", encoding="utf-8") as file:
        file.writelines(
            COUNTED.format(kind) for kind in ("missing-episode", "was-not-brought", "concern", "plan-status", "conference-minutes")
        )
    return deciding_by(pack)


def front_door_reads(told: Told, *names: str) -> dict[str, Any]:
    """Of these fields, those that the front door has."""
    message = told.message("hub.front-door")
    return {name: message[name] for name in names if name in message}


def test_episodes_are_counted_once_each_whatever_became_of_them(counting: Deciding) -> None:
    def episode(stage: str, day: int) -> Told:
        facts = {"occurred_at": f"2020-09-{day:02}T12:00:00Z", "children": [a_child(1)], "stage": stage}
        return counting.post("police.pvp", "missing-episode", facts)

    names = ("previous_episodes_count", "previous_episode_dates")
    assert front_door_reads(episode("reported", 1), *names) == {}
    episode("reviewed", 2)
    episode("returned", 3)
    assert front_door_reads(episode("reported", 9), *names) == dict(zip(names, (1, ["2020-09-01"]), strict=True))
    assert front_door_reads(episode("reported", 20), *names) == dict(zip(names, (2, ["2020-09-01", "2020-09-09"]), strict=True))


def test_missed_appointments_and_concerns_add_up_whoever_reports_them(counting: Deciding) -> None:
    def posted(source: str, kind: str) -> Told:
        return counting.post(source, kind, {"children": [a_child(1)]})

    assert front_door_reads(posted("mill.gp", "was-not-brought"), "prior_missed_count") == {}
    assert front_door_reads(posted("oak.dsl", "was-not-brought"), "prior_missed_count") == {"prior_missed_count": 1}
    assert front_door_reads(posted("oak.dsl", "concern"), "cumulative_count") == {"cumulative_count": 1}
    assert front_door_reads(posted("mill.gp", "concern"), "cumulative_count") == {"cumulative_count": 2}


REGISTERED = ("re_registration", "previous_child_protection_plans")


def protection(counting: Deciding, status: str, child: int = 1, kind: str = "child_protection") -> Told:
    """A change of a child's plan."""
    return counting.post("care.duty", "plan-status", {"children": [a_child(child)], "plan_type": kind, "to_status": status})


def test_a_protection_plan_after_one_that_ended_is_a_re_registration_and_a_first_one_says_nothing(counting: Deciding) -> None:
    assert front_door_reads(protection(counting, "started"), *REGISTERED) == {}
    assert front_door_reads(protection(counting, "started"), *REGISTERED) == {}  # said twice, and ended never
    protection(counting, "ended")
    assert front_door_reads(protection(counting, "started"), *REGISTERED) == dict(zip(REGISTERED, ("yes", 1), strict=True))
    assert front_door_reads(protection(counting, "started", child=2), *REGISTERED) == {}


def test_a_plan_of_another_kind_is_no_re_registration_nor_is_one_after_it(counting: Deciding) -> None:
    protection(counting, "ended", kind="child_in_need")
    assert front_door_reads(protection(counting, "started"), *REGISTERED) == {}
    protection(counting, "ended")
    assert front_door_reads(protection(counting, "started", kind="child_in_need"), "re_registration") == {}


def test_a_review_conference_about_a_first_plan_is_no_re_registration(counting: Deciding) -> None:
    minutes = {"children": [a_child(1)], "conference_type": "review"}
    protection(counting, "started")
    assert front_door_reads(counting.post("care.duty", "conference-minutes", minutes), *REGISTERED) == {}
    protection(counting, "ended")
    told = counting.post("care.duty", "conference-minutes", minutes | {"conference_type": "initial"})
    assert front_door_reads(told, *REGISTERED) == dict(zip(REGISTERED, ("yes", 1), strict=True))


def test_the_first_incident_has_none_before_it(deciding: Deciding) -> None:
    assert history(incident(deciding, a_child(1)), "oak.dsl") == {COUNT: 0}


def test_a_desk_reads_of_the_incidents_that_it_was_told_of(deciding: Deciding) -> None:
    incident(deciding, a_child(1))
    found = history(incident(deciding, a_child(1), days=10), "oak.dsl")
    assert found == {COUNT: 1, DATES: ["2020-09-01"], ESCALATING: "no"}


def test_a_desk_reads_of_no_incident_of_which_it_was_not_told(deciding: Deciding) -> None:
    incident(deciding, a_child(1))
    deciding.tie(a_child(1), "mill.gp", "gp")
    told = incident(deciding, a_child(1), days=10)
    assert history(told, "mill.gp") == {COUNT: 0}
    assert history(told, "oak.dsl")[COUNT] == 1


def test_a_school_that_was_told_of_a_brother_does_not_learn_that_this_child_was_there(deciding: Deciding) -> None:
    incident(deciding, a_child(1), a_child(2))
    deciding.untie(a_child(1), "oak.dsl", "school")
    deciding.tie(a_child(1), "elm.dsl", "school")
    assert history(incident(deciding, a_child(1), days=10), "elm.dsl") == {COUNT: 0}


def test_an_incident_that_was_withdrawn_is_none(deciding: Deciding) -> None:
    first = incident(deciding, a_child(1))
    deciding.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=first.event)
    assert history(incident(deciding, a_child(1), days=10), "oak.dsl") == {COUNT: 0}


def test_an_incident_that_is_corrected_is_not_one_before_its_correction(deciding: Deciding) -> None:
    first = incident(deciding, a_child(1))
    data = {"occurred_at": "2020-09-01T12:00:00Z", "children": [a_child(1)], "domestic_abuse": {"risk_grade": "high"}}
    event = {"type": "police-incident", "data": data}
    corrected = deciding.post("police.pvp", "correction", {"reason": "grade", "event": event}, reply_to=first.event)
    assert history(corrected, "oak.dsl") == {COUNT: 0}
    assert history(incident(deciding, a_child(1), days=10), "oak.dsl")[COUNT] == 1


def test_what_happened_later_is_not_before(deciding: Deciding) -> None:
    incident(deciding, a_child(1), days=10)
    assert history(incident(deciding, a_child(1)), "oak.dsl") == {COUNT: 0}


def test_an_incident_that_was_no_domestic_abuse_is_not_counted(deciding: Deciding) -> None:
    deciding.post("police.pvp", "police-incident", {"children": [a_child(1)], "circumstances": "a lost dog"})
    assert history(incident(deciding, a_child(1), days=80), "oak.dsl") == {COUNT: 0}


def test_closer_together_than_before_is_escalating(deciding: Deciding) -> None:
    incident(deciding, a_child(1))
    incident(deciding, a_child(1), days=20)
    assert history(incident(deciding, a_child(1), days=30), "oak.dsl")[ESCALATING] == "yes"
    assert history(incident(deciding, a_child(1), days=60), "oak.dsl")[ESCALATING] == "no"


def test_a_rising_grade_escalates_only_for_a_desk_that_sees_the_grade(deciding: Deciding) -> None:
    incident(deciding, a_child(1), grade="standard")
    told = incident(deciding, a_child(1), days=10, grade="high")
    assert history(told, "hub.front-door")[ESCALATING] == "yes"
    assert history(told, "oak.dsl")[ESCALATING] == "no"


def test_a_grade_that_falls_or_is_not_said_does_not_escalate(deciding: Deciding) -> None:
    incident(deciding, a_child(1), grade="high")
    assert history(incident(deciding, a_child(1), days=10, grade="medium"), "hub.front-door")[ESCALATING] == "no"


def test_dates_are_days_of_the_partnership(deciding: Deciding) -> None:
    at = "2020-07-31T23:30:00Z"  # half past midnight on the first of August, by the clocks there
    deciding.post("police.pvp", "police-incident", an_incident(a_child(1), occurred_at=at))
    assert history(incident(deciding, a_child(1)), "oak.dsl")[DATES] == ["2020-08-01"]


def test_nothing_is_computed_about_a_child_that_is_not_identified(deciding: Deciding) -> None:
    incident(deciding, a_child(1))
    told = deciding.post("police.pvp", "police-incident", an_incident(a_child(1, nhs_number=None)))
    assert history(told, "hub.front-door") == {COUNT: 0}


def test_nothing_is_computed_for_an_event_that_is_no_incident_or_names_no_child(deciding: Deciding) -> None:
    assert "domestic_abuse" not in deciding.post("oak.dsl", "referral", {"children": [a_child(1)]}).message("hub.front-door")
    adult = {"ref": "adult-1", "given_name": "A"}
    told = deciding.post("police.pvp", "police-incident", {"adults": [adult], "domestic_abuse": {"risk_grade": "high"}})
    assert COUNT not in told.message("hub.front-door")["domestic_abuse"]


def test_an_entry_whose_event_is_not_at_hand_is_not_counted(deciding: Deciding) -> None:
    first = incident(deciding, a_child(1))
    del deciding.world.events[first.event]
    assert history(incident(deciding, a_child(1), days=10), "oak.dsl") == {COUNT: 0}


def test_the_latest_dates_are_listed_and_all_incidents_are_counted(deciding: Deciding) -> None:
    for day in range(25):
        incident(deciding, a_child(1), days=day)
    found = history(incident(deciding, a_child(1), days=30), "oak.dsl")
    assert (found[COUNT], len(found[DATES]), found[DATES][-1]) == (25, 20, "2020-09-25")
