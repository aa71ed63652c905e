"""Standing lists: when they come, for whom, of which period; and what cannot be written."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from frontdoor_chassis.toml_places import PackError
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.decision import IdMaker
from frontdoor_router.core.lists import Selection, Standing, StandingList, due_between, next_moment
from frontdoor_router.core.standing import event_of
from frontdoor_schemas.vocabulary import EventType
from support.packs import the_pack, varied

STOCKTON = the_pack("stockton")
DAILY = StandingList(
    id="daily",
    from_=date(2020, 1, 1),
    until=None,
    source=None,
    rows=(),
    to=("role:missing_coordinator", "desk:hub.front-door"),
    asks="chronology",
    because="list",
    of=(Selection(frozenset({EventType.missing_episode})),),
    open=None,
    every="day",
    on=None,
    at=time(9, 0),
)


def a_list(**facts: Any) -> StandingList:
    return StandingList(**{name: facts.get(name, getattr(DAILY, name)) for name in DAILY.__dataclass_fields__})


def utc(day: int, hour: int = 0, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2020, month, day, hour, minute, tzinfo=UTC)


def due(one: StandingList, after: datetime, now: datetime) -> list[Standing]:
    return due_between([one], STOCKTON.directory, STOCKTON.calendar, after, now)


def test_a_list_comes_to_each_desk_at_its_moment_and_covers_the_time_since_the_last() -> None:
    found = due(DAILY, utc(9, 9), utc(10, 9))
    assert [(s.desk, s.since, s.until) for s in found] == [(d, utc(9, 9), utc(10, 9)) for d in ("hub.front-door", "police.vemt")]
    assert not due(DAILY, utc(10, 9), utc(11, 8, 59))


def test_a_desk_that_is_meant_twice_has_one_list() -> None:
    assert [s.desk for s in due(a_list(to=("role:missing_coordinator", "desk:police.vemt")), utc(9), utc(10))] == ["police.vemt"]


@pytest.mark.parametrize(
    ("every", "on", "until", "since"),
    [
        ("week", "wednesday", utc(11, 9), utc(4, 9)),
        ("month", 10, utc(10, 9), utc(10, 8, month=10)),  # 9 o'clock of summer time
        ("month", 28, utc(28, 9), utc(28, 9, month=10)),
    ],
)
def test_weeks_and_months_are_those_of_the_partnership(every: str, on: str | int, until: datetime, since: datetime) -> None:
    found = due(a_list(every=every, on=on, to=("desk:police.vemt",)), utc(2), utc(30))
    assert (found[0].since, found[0].until) in {(since, until), (utc(28, 9, month=10), utc(4, 9))}
    assert (since, until) in [(s.since, s.until) for s in found]
    assert all(b.since == a.until for a, b in pairwise(found))


def test_a_list_comes_while_it_is_in_force() -> None:
    ended = a_list(from_=date(2020, 11, 10), until=date(2020, 11, 12), to=("desk:police.vemt",))
    assert [s.until for s in due(ended, utc(8), utc(14))] == [utc(10, 9), utc(11, 9)]
    assert next_moment([ended], STOCKTON.calendar, utc(11, 9)) is None


def test_the_next_list_is_the_first_of_all() -> None:
    monthly = a_list(every="month", on=28)
    assert next_moment([monthly], STOCKTON.calendar, utc(28, 9)) == utc(28, 9, month=12)
    assert next_moment([monthly, DAILY], STOCKTON.calendar, utc(10, 9)) == utc(11, 9)
    assert next_moment([], STOCKTON.calendar, utc(10)) is None


def test_one_list_of_one_desk_and_moment_is_one_event_whoever_makes_it() -> None:
    first, second = due(DAILY, utc(9, 9), utc(10, 9))
    later = Standing(DAILY, first.desk, first.since, first.until + timedelta(days=1))
    ids = {event_of(s, IdMaker(b"secret")) for s in (first, second, later, first)}
    assert len(ids) == 3


# ---------------------------------------------------------------- what is written

WRITTEN = """
[[list]]
id = "missing-weekly"
from = 2020-01-01
own = true
to = ["role:front_door"]
asks = "chronology"
because = "weekly-list"
of = [{on = ["referral"], if = [{field = "concern_types.type", equals = "neglect"}]}]
every = "week"
on = "monday"
at = "09:00"
"""


def with_list(tmp_path: Path, text: str) -> Path:
    pack = varied(tmp_path)
    (pack / "lists.toml").write_text(text)
    return pack


def test_a_list_is_read_and_its_purpose_is_one_for_agreements(tmp_path: Path) -> None:
    plain = load_pack(varied(tmp_path))
    (tmp_path / "pack" / "lists.toml").write_text(WRITTEN)
    pack = load_pack(tmp_path / "pack")
    (one,) = pack.lists
    assert (one.id, one.every, one.on, one.at) == ("missing-weekly", "week", "monday", time(9, 0))
    assert one.puts(EventType.referral, frozenset({"concern_types.type=neglect"}))
    assert not one.puts(EventType.referral, frozenset({"concern_types.type=other"}))
    assert "weekly-list" in pack.purposes
    assert pack.hash != plain.hash


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('on = "monday"', "on = 3", "on is a weekday for a week"),
        ('every = "week"\non = "monday"', 'every = "month"\non = 29', "on is from 1 to 28"),
        ('every = "week"', 'every = "day"', "nothing for a day"),
        ('at = "09:00"', 'at = "9"', "is not a time of day"),
        ('of = [{on = ["referral"], if = [{field = "concern_types.type", equals = "neglect"}]}]', "", "say what puts a child on it"),
        ("role:front_door", "role:no_such", "there is no role no_such"),
        ("role:front_door", "desk:no.such", "no desk no.such"),
        ("concern_types.type", "circumstances", "no chronology keeps circumstances of a referral"),
        ('asks = "chronology"', 'asks = "address"', "asks"),
        ("own = true", "", "give either a source, or own = true"),
    ],
)
def test_a_list_that_nobody_could_make_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in WRITTEN
    with pytest.raises(PackError) as raised:
        load_pack(with_list(tmp_path, WRITTEN.replace(old, new)))
    assert says in str(raised.value)
    assert "lists.toml:" in str(raised.value)


def test_two_versions_on_one_day_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="in force on the same days"):
        load_pack(with_list(tmp_path, WRITTEN + WRITTEN))
