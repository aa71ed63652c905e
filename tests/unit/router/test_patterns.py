"""So many events within so many days: what completes a pattern, for whom, and what that desk reads of the past."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdoor_chassis.toml_places import PackError
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.patterns import completed
from support.builders import a_child
from support.deciding import Deciding, Told, deciding_by
from support.packs import varied

FIRST = date(2020, 1, 1)


def counted(*earlier: int, this: int, within: int = 90, at_least: int = 3) -> tuple[int, ...]:
    """Days since the first of January by which a pattern is completed."""
    days = completed(
        [FIRST + timedelta(days=n) for n in earlier], FIRST + timedelta(days=this), counted=True, within_days=within, at_least=at_least
    )
    return tuple((day - FIRST).days for day in days)


@pytest.mark.parametrize(
    ("earlier", "this", "found"),
    [
        ((0, 45), 89, (0, 45, 89)),  # three in 90 days
        ((0, 45), 90, ()),  # three in 91
        ((0,), 45, ()),  # two
        ((0, 45, 60), 80, ()),  # a fourth in the same window
        ((0, 45, 89), 100, ()),  # a fourth, with the second and the third
        ((0, 1, 2, 100, 110), 120, (100, 110, 120)),  # three more, apart from the first three
        ((0, 80), 40, (0, 40, 80)),  # the second one, reported last
        ((50, 60), 0, (0, 50, 60)),  # the first one, reported last
        ((0, 10, 20), 5, ()),  # one more, reported late, in what was complete
    ],
)
def test_three_episodes_in_ninety_days(earlier: tuple[int, ...], this: int, found: tuple[int, ...]) -> None:
    assert counted(*earlier, this=this) == found


def test_an_event_that_is_not_counted_completes_it_each_time_that_enough_came_before() -> None:
    before = [FIRST, FIRST + timedelta(days=5)]
    for at_least, expected in ((1, before), (2, before), (3, [])):
        assert list(completed(before, FIRST + timedelta(days=9), counted=False, within_days=10, at_least=at_least)) == expected
    assert completed(before, FIRST + timedelta(days=30), counted=False, within_days=10, at_least=1) == ()
    assert completed([FIRST + timedelta(days=9)], FIRST, counted=False, within_days=10, at_least=1) == ()


@given(st.lists(st.integers(0, 200), min_size=3, max_size=8, unique=True), st.permutations(range(8)))
def test_a_pattern_is_raised_in_whatever_order_its_events_are_reported(days: list[int], order: list[int]) -> None:
    reported = [days[n] for n in order if n < len(days)]
    raised = [counted(*reported[:n], this=day) for n, day in enumerate(reported)]
    somewhere = any(sum(start <= d < start + 90 for d in days) >= 3 for start in days)
    assert any(raised) is somewhere


PATTERNS = """
[[pattern]]
id = "third-incident"
from = 2020-01-01
own = true
rows = ["C20"]
counts = ["police-incident"]
if = [{field = "domestic_abuse", is = "present"}]
within_days = 90
at_least = 3

[[pattern]]
id = "refused-before"
from = 2020-01-01
own = true
rows = ["A27"]
counts = ["referral-outcome"]
if = [{field = "accepted", equals = "no"}]
same = "concern_types.type"
within_days = 365
at_least = 1
"""
DUTIES = """
[[duty]]
id = "third-incident-school"
from = 2020-01-01
own = true
on = "police-incident"
tell = {relation = "school", of = "each-child"}
pattern = "third-incident"
history = "school-history"
because = "escalating"
deadline = "day"
satisfied_by = ["acted"]

[[duty]]
id = "refused-before"
from = 2020-01-01
own = true
on = "referral"
tell = {relation = "role:front_door", of = "event"}
pattern = "refused-before"
because = "refused-before"
deadline = "day"
satisfied_by = ["acted"]
"""
AGREEMENT = """// agreement: escalating
// from: 2020-01-01
// own
// parties: everybody

@id("escalating.school")
@agreement("escalating")
@legal_basis("made up")
@explain("A school reads that things come to a head")
permit (principal == Role::"school_dsl", action, resource)
when { resource in [Category::"case_reference", Category::"child_identity", Category::"history_summary"] }
when { context.purpose == "escalating" && context.of_subject == "yes" };

@id("escalating.school.history")
@agreement("escalating")
@legal_basis("made up")
@explain("It may know of incidents that it was not told of, and of no referral")
permit (principal == Role::"school_dsl", action, resource)
when { resource in [Category::"history_summary", Category::"concern_and_incident"] }
when { context.purpose == "school-history" && context.of_subject == "yes" && context.event_type == "police-incident" };

@id("escalating.hub")
@agreement("escalating")
@legal_basis("made up")
@explain("The front door reads what came before")
permit (principal == Role::"front_door", action, resource)
when { resource in [Category::"case_reference", Category::"child_identity", Category::"history_summary"] }
when { context.purpose == "refused-before" };
"""


def pack_with(folder: Path, patterns: str = PATTERNS, duties: str = DUTIES) -> Path:
    """The pack of the tests, with patterns."""
    return varied(folder, duties=duties, patterns=patterns, agreement=AGREEMENT)


@pytest.fixture
def deciding(tmp_path: Path) -> Deciding:
    """A child at Oak, under a pack with patterns."""
    made = deciding_by(pack_with(tmp_path))
    made.tie(a_child(1), "oak.dsl", "school")
    return made


def incident(deciding: Deciding, *children: dict[str, Any], on: str, abuse: bool = True) -> Told:
    """An incident on a day."""
    data: dict[str, Any] = {"occurred_at": f"{on}T12:00:00Z", "children": list(children)}
    return deciding.post("police.pvp", "police-incident", data | ({"domestic_abuse": {}} if abuse else {}))


def duties_of(told: Told) -> list[str]:
    """The duties under which somebody owes something for an event."""
    return sorted({o.duty for o in told.decision.obligations})


def days(said: Sequence[dict[str, Any]]) -> list[str]:
    """The days of a chronology, in the order in which a reader has them."""
    return [line["on"] for line in said]


def test_a_desk_is_told_once_that_a_pattern_is_complete_with_what_came_before(deciding: Deciding) -> None:
    for day in ("2020-08-01", "2020-09-01"):
        assert "third-incident-school" not in duties_of(incident(deciding, a_child(1), on=day))
    third = incident(deciding, a_child(1), on="2020-10-29")
    assert "third-incident-school" in duties_of(third)
    message = third.message("oak.dsl")
    (met,) = message["patterns"]
    assert (met["pattern"], met["count"], met["dates"]) == ("third-incident", 3, ["2020-08-01", "2020-09-01", "2020-10-29"])
    assert met["about"] == [third.case.children[0].ref]
    assert days(message["earlier"]) == ["2020-08-01", "2020-09-01"]
    assert message["earlier"][0]["said"] == ["domestic_abuse"]
    assert "third-incident-school" not in duties_of(incident(deciding, a_child(1), on="2020-10-30"))


def test_another_kind_of_event_is_not_counted(deciding: Deciding) -> None:
    incident(deciding, a_child(1), on="2020-10-01")
    incident(deciding, a_child(1), on="2020-10-02", abuse=False)
    assert "third-incident-school" not in duties_of(incident(deciding, a_child(1), on="2020-10-03"))


def test_an_event_that_was_taken_back_is_not_counted(deciding: Deciding) -> None:
    first = incident(deciding, a_child(1), on="2020-10-01")
    incident(deciding, a_child(1), on="2020-10-02")
    deciding.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=first.event)
    assert "third-incident-school" not in duties_of(incident(deciding, a_child(1), on="2020-10-03"))


def test_a_desk_counts_what_the_agreements_let_it_know_though_it_was_not_told(deciding: Deciding) -> None:
    for day in ("2020-10-01", "2020-10-02"):
        incident(deciding, a_child(2), on=day)  # nobody's school yet
    deciding.tie(a_child(2), "elm.dsl", "school")
    third = incident(deciding, a_child(2), on="2020-10-03")
    assert days(third.message("elm.dsl")["earlier"]) == ["2020-10-01", "2020-10-02"]


def test_what_an_author_withheld_from_a_desk_is_not_counted_for_it(deciding: Deciding) -> None:
    data = {"occurred_at": "2020-10-01T12:00:00Z", "children": [a_child(1)], "domestic_abuse": {}, "sharing": {"withhold_from": ["oak"]}}
    deciding.post("police.pvp", "police-incident", data)
    incident(deciding, a_child(1), on="2020-10-02")
    assert "third-incident-school" not in duties_of(incident(deciding, a_child(1), on="2020-10-03"))


def test_what_the_agreements_do_not_give_is_in_no_chronology(deciding: Deciding) -> None:
    deciding.post("elm.dsl", "referral", {"occurred_at": "2020-09-30T12:00:00Z", "children": [a_child(1)]})
    for day in ("2020-10-01", "2020-10-02"):
        incident(deciding, a_child(1), on=day)
    message = incident(deciding, a_child(1), on="2020-10-03").message("oak.dsl")
    assert {line["event_type"] for line in message["earlier"]} == {"police-incident"}


def test_siblings_are_counted_apart_and_only_the_child_with_the_pattern_is_spoken_of(deciding: Deciding) -> None:
    deciding.tie(a_child(2), "oak.dsl", "school")
    incident(deciding, a_child(1), on="2020-10-01")
    incident(deciding, a_child(1), on="2020-10-02")
    third = incident(deciding, a_child(1), a_child(2), on="2020-10-03")
    (met,) = third.message("oak.dsl")["patterns"]
    known = {s.ref: s for s in third.case.children}
    assert known[met["about"][0]].person == deciding.world.register.people[third.subject(a_child(1)["given_name"]).person.id]  # type: ignore[union-attr]
    assert [o.person for o in third.decision.obligations if o.duty == "third-incident-school"] == [known[met["about"][0]].person.id]  # type: ignore[union-attr]


def test_a_second_referral_on_an_issue_that_was_refused_is_pointed_out_and_another_issue_is_not(deciding: Deciding) -> None:
    neglect = [{"about": ["child-1"], "type": "neglect"}]
    referral = deciding.post("oak.dsl", "referral", {"children": [a_child(1)], "concern_types": neglect})
    refusal = {"children": [a_child(1)], "decided_at": "2020-11-10T21:00:00Z", "accepted": "no", "concern_types": neglect}
    deciding.post("hub.front-door", "referral-outcome", refusal, reply_to=referral.event)
    again = deciding.post("oak.dsl", "referral", {"children": [a_child(1)], "concern_types": neglect})
    assert "refused-before" in duties_of(again)
    assert again.message("hub.front-door")["same_issue_closed_on"] == "2020-11-10"
    other = deciding.post(
        "oak.dsl", "referral", {"children": [a_child(1)], "concern_types": [{"about": ["child-1"], "type": "exploitation"}]}
    )
    assert "refused-before" not in duties_of(other)
    assert "same_issue_closed_on" not in other.message("hub.front-door")


def test_a_pattern_that_finds_no_desk_is_work_for_a_person_only_when_it_is_complete(deciding: Deciding) -> None:
    for n, day in enumerate(("2020-10-01", "2020-10-02", "2020-10-03"), 1):
        told = incident(deciding, a_child(3), on=day)
        assert (("no-desk:third-incident-school", "hub.front-door") in told.tasks) is (n == 3)


@pytest.mark.parametrize(
    ("patterns", "duties", "reason"),
    [
        (PATTERNS.replace('"domestic_abuse", is', '"circumstances", is'), DUTIES, "no chronology keeps circumstances"),
        (
            PATTERNS.replace('same = "concern_types.type"', 'same = "reason_not_accepted"'),
            DUTIES,
            "no chronology keeps reason_not_accepted",
        ),
        (PATTERNS.replace("at_least = 3", "at_least = 0"), DUTIES, "greater than or equal to 1"),
        (PATTERNS.replace('counts = ["police-incident"]', 'counts = ["police-incident", "police-incident"]'), DUTIES, "twice"),
        (PATTERNS.replace('"refused-before"', '"third-incident"'), DUTIES, "in force on the same days"),
        (PATTERNS, DUTIES.replace('pattern = "third-incident"', 'pattern = "fourth"'), "no pattern fourth is in force"),
        (PATTERNS.replace("from = 2020-01-01", "from = 2021-01-01"), DUTIES, "no pattern third-incident is in force on 2020-01-01"),
        ("[[pattern]\n", DUTIES, "patterns.toml"),
    ],
)
def test_a_pattern_that_could_never_be_complete_is_refused(tmp_path: Path, patterns: str, duties: str, reason: str) -> None:
    with pytest.raises(PackError, match=reason):
        load_pack(pack_with(tmp_path, patterns, duties))


def test_a_changed_pattern_is_another_pack(tmp_path: Path) -> None:
    one = load_pack(pack_with(tmp_path / "one"))
    other = load_pack(pack_with(tmp_path / "other", PATTERNS.replace("within_days = 90", "within_days = 91")))
    assert one.hash != other.hash
