"""Which flags a record has to show: of the plans that are known, in whatever order they became known, and after corrections."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from frontdoor_chassis.toml_places import PackError
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.flags import CURRENT, PREVIOUS, PROTECTION, Change, Flags, instruction, shown
from support.builders import a_child
from support.deciding import NIGHT, Deciding, Told, deciding_by
from support.packs import varied

DUTY = """
[[duty]]
id = "flags"
from = 2020-01-01
own = true
on = "plan-status"
tell = {relation = "role:gp", of = "event"}
flags = true
because = "flags"
deadline = "day"
satisfied_by = ["acted"]

[[duty]]
id = "no-flags"
from = 2020-01-01
own = true
on = "plan-status"
tell = {relation = "school", of = "each-child"}
must_find = false
because = "flags"
deadline = "day"
satisfied_by = ["received"]
"""
AGREEMENT = """// agreement: flags
// from: 2020-01-01
// own
// parties: everybody

@id("flags.gp")
@agreement("flags")
@legal_basis("made up")
@explain("The practice reads of whom, and which flags")
permit (principal, action, resource)
when { principal in [Role::"gp", Role::"school_dsl"] }
when { resource in [Category::"case_reference", Category::"child_identity", Category::"decision_and_status"] }
when { context.purpose == "flags" };
"""
NOW = CURRENT[PROTECTION]


def change(day: int, status: str, plan: str = PROTECTION) -> Change:
    """A change on a day of March."""
    return Change(datetime(2020, 3, day, tzinfo=UTC), plan, status)


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ([], set()),
        ([change(1, "started")], {NOW}),
        ([change(1, "started"), change(5, "ended")], {PREVIOUS}),
        ([change(5, "ended"), change(1, "started")], {PREVIOUS}),
        ([change(1, "started"), change(5, "ended"), change(9, "started")], {NOW, PREVIOUS}),
        ([change(5, "ended")], {PREVIOUS}),
        ([change(5, "none")], set()),
        ([change(1, "started"), change(5, "none")], {PREVIOUS}),
        ([change(1, "started", "child_in_need"), change(5, "ended", "child_in_need")], set()),
        ([change(1, "started", "child_in_need"), change(2, "started")], {"child_in_need", NOW}),
        ([change(1, "started", "looked_after"), change(2, "ended", "early_help")], {"looked_after"}),
    ],
)
def test_what_stands_after_all_that_is_known(changes: list[Change], flags: set[str]) -> None:
    assert shown(changes) == flags


@pytest.mark.parametrize(
    ("now", "corrected", "others", "show", "clear"),
    [
        (change(1, "started"), None, [], {NOW}, set()),
        (change(5, "ended"), None, [change(1, "started")], {PREVIOUS}, {NOW}),
        (change(9, "started"), None, [change(5, "ended")], {NOW, PREVIOUS}, set()),
        (change(5, "ended"), None, [change(9, "started")], {NOW, PREVIOUS}, set()),  # the end became known after the new start
        (change(1, "started", "child_in_need"), None, [change(5, "ended")], {"child_in_need"}, set()),  # another plan's flag is left alone
        (change(1, "started", "child_in_need"), change(1, "started"), [], {"child_in_need"}, {NOW}),
        (change(5, "started"), change(5, "ended"), [change(1, "started")], {NOW}, {PREVIOUS}),
        (change(5, "started"), change(5, "ended"), [change(1, "started"), change(2, "ended")], {NOW, PREVIOUS}, set()),
        (None, change(1, "started"), [], set(), {NOW}),  # it was a plan without a flag
    ],
)
def test_what_a_record_has_to_show_from_now_on_and_no_longer(
    now: Change | None, corrected: Change | None, others: list[Change], show: set[str], clear: set[str]
) -> None:
    assert instruction(now, corrected, others) == Flags(frozenset(show), frozenset(clear))


def test_a_plan_without_a_flag_changes_none() -> None:
    assert instruction(None, None, [change(1, "started")]) is None


@pytest.fixture
def deciding(tmp_path: Path) -> Deciding:
    """The practices are told of every plan."""
    made = deciding_by(varied(tmp_path, duties=DUTY, agreement=AGREEMENT))
    made.tie(a_child(1), "mill.gp", "gp")
    return made


def status(deciding: Deciding, plan: str, to: str, *, children: tuple[int, ...] = (1,), **said: Any) -> Told:
    """A plan's status."""
    data = {"children": [a_child(n) for n in children], "plan_type": plan, "to_status": to, **said}
    return deciding.post("care.duty", "plan-status", data)


def flags(told: Told, desk: str = "mill.gp") -> list[tuple[list[str], list[str]]]:
    """What a desk's record has to show and to clear, child by child."""
    return [(one.get("show", []), one.get("clear", [])) for one in told.message(desk).get("flags_to_show", [])]


def correct(deciding: Deciding, wrong: Told, **child: Any) -> Told:
    """It was another plan."""
    right = {"children": [a_child(1, **child)], "occurred_at": NIGHT.isoformat(), "plan_type": "child_in_need", "to_status": "started"}
    said = {"reason": "another plan", "event": {"type": "plan-status", "data": right}}
    return deciding.post("care.duty", "correction", said, reply_to=wrong.event)


def test_the_desk_reads_the_flags_of_each_child_whose_plan_it_is(deciding: Deciding) -> None:
    assert flags(status(deciding, "child_protection", "started", children=(1, 2), about=[a_child(2)["ref"]])) == [([NOW], [])]
    assert flags(status(deciding, "child_protection", "ended", children=(2,))) == [([PREVIOUS], [NOW])]


def test_a_breach_and_a_plan_without_a_flag_say_nothing_of_flags(deciding: Deciding) -> None:
    assert flags(status(deciding, "child_protection", "breached")) == []
    assert flags(status(deciding, "public_law_outline", "started")) == []


def test_a_correction_clears_what_the_wrong_version_had_set(deciding: Deciding) -> None:
    wrong = status(deciding, "child_protection", "started")
    assert flags(correct(deciding, wrong)) == [(["child_in_need"], [NOW])]
    assert flags(status(deciding, "child_protection", "ended")) == [([PREVIOUS], [NOW])]


@pytest.mark.parametrize("kept_from", ["mill", "mill.gp"])
def test_a_correction_clears_nothing_that_a_version_said_which_was_withheld(deciding: Deciding, kept_from: str) -> None:
    wrong = status(deciding, "child_protection", "started", sharing={"withhold_from": [kept_from]})
    assert "mill.gp" not in wrong.desks
    assert flags(correct(deciding, wrong)) == [(["child_in_need"], [])]


def test_a_correction_clears_nothing_that_stood_in_a_section_which_was_not_given(tmp_path: Path) -> None:
    unless_protected = ' && (context.protected == "no" || resource == Category::"child_identity" || resource == Category::"case_reference")'
    agreement = AGREEMENT.replace('context.purpose == "flags"', f'context.purpose == "flags"{unless_protected}')
    deciding = deciding_by(varied(tmp_path, duties=DUTY, agreement=agreement))
    wrong = deciding.post(
        "care.duty",
        "plan-status",
        {"children": [a_child(1, protected="yes")], "plan_type": "child_protection", "to_status": "started"},
    )
    assert "plan_type" not in wrong.message("mill.gp")
    lead = deciding.post("hub.front-door", "concern", {"children": [a_child(1, protected="no")]})
    assert lead.subject("Given1").protected == "no"
    assert flags(correct(deciding, wrong, protected="no")) == [(["child_in_need"], [])]


def test_a_desk_that_no_duty_asks_to_flag_is_told_of_no_flags(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    told = status(deciding, "child_protection", "started")
    assert told.message("oak.dsl")["plan_type"] == "child_protection"
    assert flags(told, "oak.dsl") == []


def test_flags_follow_from_the_status_of_a_plan_and_from_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="a referral is the status of no plan"):
        load_pack(varied(tmp_path, duties=DUTY.replace('on = "plan-status"', 'on = "referral"'), agreement=AGREEMENT))
