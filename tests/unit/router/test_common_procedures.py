"""What rules of the chapters come to, decided under the pack of Stockton."""

from datetime import UTC, datetime

import pytest

from frontdoor_router.core.deadlines import BeforeSchoolDay
from frontdoor_router.core.policy import policy_of
from support.builders import a_child, an_incident
from support.deciding import Deciding, Told
from support.packs import PARTNERSHIPS, the_pack

MORNING = datetime(2020, 11, 10, 9, 0, tzinfo=UTC)
"""A Tuesday in term."""


def deciding_at(moment: datetime) -> Deciding:
    """The router of Stockton at a moment."""
    return Deciding(policy=policy_of(the_pack("stockton"), moment.date()), now=moment)


def due(told: Told, duty: str) -> set[datetime]:
    """By when a duty is owed."""
    return {o.due for o in told.decision.obligations if o.duty == duty}


# ---------------------------------------------------------------- questions to desks


@pytest.mark.parametrize("kind", ["detailed", "initial_check"])
def test_an_answer_is_due_when_the_asker_says(kind: str) -> None:
    asked = {"children": [a_child(1)], "request_type": kind, "asked_of": ["trust.school-nursing"], "due_at": "2020-11-11T12:00:00Z"}
    told = deciding_at(MORNING).post("social-care.duty", "information-request", asked)
    owed = {o.due for o in told.decision.obligations if o.desk == "trust.school-nursing"}
    assert owed == {datetime(2020, 11, 11, 12, 0, tzinfo=UTC)}
    ask = told.to("trust.school-nursing").ask
    assert ask is not None
    assert ask.due == datetime(2020, 11, 11, 12, 0, tzinfo=UTC)


def test_an_answer_is_due_by_the_deadline_when_the_asker_says_nothing() -> None:
    asked = {"children": [a_child(1)], "request_type": "initial_check", "asked_of": ["trust.school-nursing"]}
    told = deciding_at(MORNING).post("social-care.duty", "information-request", asked)
    assert due(told, "information-asked") == {datetime(2020, 11, 17, 17, 0, tzinfo=UTC)}
    assert due(told, "information-asked-initial-check") == {datetime(2020, 11, 10, 13, 0, tzinfo=UTC)}


# ---------------------------------------------------------------- what an event should contain


@pytest.mark.parametrize("kind", ["police-incident", "referral"])
@pytest.mark.parametrize(("second", "owed"), [({}, ["children.voice"]), ({"voice": {"obtained": "no"}}, [])])
def test_police_owe_the_voice_of_every_child(kind: str, second: dict[str, object], owed: list[str]) -> None:
    told = deciding_at(MORNING).post("police.pvp", kind, of_two_children(kind, second))
    assert [d.reason for d in told.decision.disclosures if d.kind == "owed" and d.reason == "children.voice"] == owed


def of_two_children(kind: str, second: dict[str, object]) -> dict[str, object]:
    """An incident or a referral that says how one child was, and what is given of the other."""
    children = (a_child(1, voice={"obtained": "yes"}), a_child(2, **second))
    return an_incident(*children) if kind == "police-incident" else {"children": list(children)}


# ---------------------------------------------------------------- domestic abuse


@pytest.mark.parametrize("name", sorted(p.parent.name for p in PARTNERSHIPS.glob("*/agencies.toml")))
def test_only_schools_are_told_by_a_clock_that_waits_for_them_to_open(name: str) -> None:
    pack = the_pack(name)
    of_schools = {d.id for d in pack.deadlines if isinstance(d.rule, BeforeSchoolDay)}
    assert of_schools
    assert {d.relation for d in pack.duties if d.deadline in of_schools} == {"school"}


def test_health_and_nurseries_hear_of_an_incident_before_the_next_working_day_of_the_holidays() -> None:
    deciding = deciding_at(datetime(2021, 7, 20, 20, 0, tzinfo=UTC))
    baby, pupil = a_child(1, born="2020-05-02"), a_child(2, born="2011-05-02")
    for child, desk, relation in (
        (baby, "trust.health-visiting", "health_visiting"),
        (baby, "mill-lane.gp", "gp"),
        (baby, "little-oaks.lead", "early_years"),
        (pupil, "trust.school-nursing", "school_nursing"),
        (pupil, "ash-primary.dsl", "school"),
    ):
        deciding.tie(child, desk, relation)
    told = deciding.post("police.pvp", "police-incident", an_incident(baby, pupil))
    owed = {o.desk: o.due for o in told.decision.obligations if o.duty.startswith("encompass")}
    morning = datetime(2021, 7, 21, 8, 0, tzinfo=UTC)
    assert owed == {
        "trust.health-visiting": morning,
        "mill-lane.gp": morning,
        "trust.school-nursing": morning,
        "little-oaks.lead": datetime(2021, 7, 21, 7, 0, tzinfo=UTC),
        "ash-primary.dsl": datetime(2021, 9, 2, 7, 0, tzinfo=UTC),
    }
