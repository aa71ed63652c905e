"""Who is told because the front door is closed: by its opening hours, whatever the author says of the hour."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from frontdoor_chassis.toml_places import PackError
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.policy import policy_of
from support.builders import a_child
from support.deciding import Deciding, Told
from support.packs import the_pack, varied

LONDON = ZoneInfo("Europe/London")
NIGHT_TEAM = {"stockton": "edt.duty", "cheshire-west": "edt.duty", "wokingham": "eds.duty", "wandsworth": "edt.duty"}
DUTY = "referral-out-of-hours"


def local(text: str) -> datetime:
    """A moment by the clock on the wall; of an hour that comes twice, the first."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def deciding_at(moment: datetime, pack: str = "stockton") -> Deciding:
    """The router of a partnership at a moment."""
    return Deciding(policy=policy_of(the_pack(pack), moment.astimezone(LONDON).date()), now=moment)


def referral(moment: datetime, pack: str = "stockton", **said: str) -> Told:
    """A referral that a school makes then."""
    schools = {"stockton": "ash-primary.dsl", "cheshire-west": "linden-primary.dsl", "wokingham": "lark-primary.dsl"}
    school = {**schools, "wandsworth": "heron-primary.dsl"}[pack]
    return deciding_at(moment, pack).post(school, "referral", {"children": [a_child(1)], **said})


@pytest.mark.parametrize("pack", sorted(NIGHT_TEAM))
@pytest.mark.parametrize(
    ("at", "is_told"),
    [
        ("2022-02-28T23:00", True),  # Monday
        ("2022-03-01T03:00", True),
        ("2022-02-28T11:00", False),
        ("2022-03-06T12:00", True),  # Sunday
        ("2022-05-02T12:00", True),  # the early May bank holiday, a Monday
        ("2022-12-27T12:00", True),  # in place of Christmas Day, a Sunday
    ],
)
def test_the_people_of_the_night_are_told_of_a_referral_while_the_front_door_is_closed(pack: str, at: str, is_told: bool) -> None:
    told = referral(local(at), pack)
    assert (NIGHT_TEAM[pack] in told.desks) is is_told
    assert any(the_pack(pack).directory.desk(desk).role == "front_door" for desk in told.desks)


@pytest.mark.parametrize(
    ("at", "is_told"),
    [
        ("2021-03-01T08:59:59", True),
        ("2021-03-01T09:00", False),
        ("2021-03-01T16:59:59", False),
        ("2021-03-01T17:00", True),
        ("2021-03-29T08:30", True),  # summer time since yesterday: half past seven in UTC
        ("2021-03-29T09:00", False),
        ("2020-10-26T16:59", False),  # summer time until yesterday
        ("2020-10-26T17:00", True),
    ],
)
def test_the_hours_are_those_of_the_front_doors_desk_by_the_clock_on_the_wall(at: str, is_told: bool) -> None:
    assert ("edt.duty" in referral(local(at)).desks) is is_told


def test_the_author_may_say_by_day_that_it_is_out_of_hours_and_by_night_need_not() -> None:
    day, night = local("2021-03-01T11:00"), local("2021-03-01T23:00")
    assert "edt.duty" in referral(day, out_of_hours="yes").desks
    assert "edt.duty" not in referral(day, out_of_hours="no").desks
    assert "edt.duty" in referral(night, out_of_hours="no").desks
    both = referral(night, out_of_hours="yes")
    assert [o.duty for o in both.decision.obligations if o.desk == "edt.duty"] == [DUTY]


def test_the_hour_is_that_in_which_the_exchange_took_it_in_and_not_that_of_deciding() -> None:
    deciding = deciding_at(local("2021-03-02T09:30"))
    arrived = deciding.arrived("ash-primary.dsl", "referral", {"children": [a_child(1)]})
    of_the_night = replace(arrived, envelope=arrived.envelope.model_copy(update={"received_at": local("2021-03-02T05:00")}))
    assert "edt.duty" in deciding.decide(of_the_night).desks


def test_who_was_told_at_night_is_told_by_day_of_what_puts_it_right_and_of_what_puts_that_right() -> None:
    deciding = deciding_at(local("2021-03-01T23:00"))
    data = {"children": [a_child(1)]}
    told = [deciding.post("ash-primary.dsl", "referral", data)]
    for hour in ("10:00", "11:00"):
        deciding.now = local(f"2021-03-02T{hour}")
        event = {"type": "referral", "data": {**data, "occurred_at": deciding.now.isoformat()}}
        told.append(deciding.post("ash-primary.dsl", "correction", {"reason": "a slip", "event": event}, reply_to=told[-1].event))
    assert ["edt.duty" in one.desks for one in told] == [True, True, True]


def test_from_whom_the_author_withholds_it_is_not_told_at_night_either() -> None:
    deciding = deciding_at(local("2021-03-01T23:00"))
    kept = {"children": [a_child(1)], "sharing": {"withhold_from": ["edt"]}}
    assert "edt.duty" not in deciding.post("ash-primary.dsl", "referral", kept).desks


def test_where_the_front_door_is_open_at_other_hours_those_count() -> None:
    (duty,) = [d for d in the_pack("stockton").duties if d.id == DUTY]
    harbourside = the_pack("harbourside")
    pack = replace(harbourside, duties=(*harbourside.duties, duty))
    for at, is_owed in (("2021-03-07T12:00", False), ("2021-03-07T22:30", True)):  # a Sunday: it is open until ten on every day
        deciding = Deciding(policy=policy_of(pack, local(at).date()), now=local(at))
        told = deciding.post("quayside.safeguarding", "referral", {"children": [a_child(1)]})
        assert (DUTY in {o.duty for o in told.decision.obligations}) is is_owed


def test_on_a_day_that_the_calendar_does_not_cover_they_are_told() -> None:
    assert "edt.duty" in referral(local("2028-01-04T11:00")).desks


CLOSED = """
[[duty]]
id = "while-closed"
from = 2020-01-01
own = true
on = "police-incident"
closed = {role = "%s", or_if = [{field = "%s", is = "present"}]}
tell = {relation = "role:front_door", of = "event"}
because = "front-door"
deadline = "read-status"
satisfied_by = ["received"]
"""


@pytest.mark.parametrize(
    ("role", "field", "reason"),
    [("court", "closed_at", "no desk fills the role court"), ("king", "closed_at", "role"), ("front_door", "nowhere", "no field nowhere")],
)
def test_a_duty_that_could_never_know_the_hours_is_refused(tmp_path: Path, role: str, field: str, reason: str) -> None:
    with pytest.raises(PackError, match=reason):
        load_pack(varied(tmp_path, duties=CLOSED % (role, field)))
