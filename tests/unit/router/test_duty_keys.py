"""What a duty may say beside whom it tells: a due time that the event states, owners of actions, who was concerned before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from frontdoor_chassis.toml_places import PackError
from frontdoor_router.adapters.pack_files import load_pack
from support.builders import a_child
from support.deciding import Deciding, Told, deciding_by
from support.packs import varied

DUTIES = """
[[duty]]
id = "answer-in-time"
from = 2020-01-01
own = true
on = "information-request"
tell = {relation = "asked", of = "event"}
because = "question"
deadline = "day"
due = {field = "due_at"}
satisfied_by = ["acted"]

[[duty]]
id = "answer-before-sentence"
from = 2020-01-01
own = true
on = "information-request"
tell = {relation = "asked", of = "event"}
because = "question"
deadline = "day"
due = {field = "sentence_on", at = "opening"}
satisfied_by = ["acted"]

[[duty]]
id = "own-action"
from = 2020-01-01
own = true
on = "core-group-minutes"
tell = {relation = "owners", of = "event"}
because = "action"
deadline = "day"
due = {field = "actions.due"}
satisfied_by = ["acted"]

[[duty]]
id = "next-version"
from = 2020-01-01
own = true
on = "plan-update"
expect = "plan-update"
by = "source"
satisfied_by = ["reply:plan-update", "reply:plan-status"]
deadline = "day"
due = {field = "milestones.due", where = [{field = "status", equals = "open"}]}

[[duty]]
id = "who-was-concerned"
from = 2020-01-01
own = true
on = "core-group-minutes"
tell = {relation = "concerned", of = "each-child"}
because = "action"
deadline = "day"
satisfied_by = ["received"]

[[duty]]
id = "practices-that-work-with-it"
from = 2020-01-01
own = true
on = "plan-update"
tell = {relation = "involved", of = "each-child", roles = ["gp"]}
because = "action"
deadline = "day"
satisfied_by = ["received"]

[[duty]]
id = "minutes-due"
from = 2020-01-01
own = true
on = "core-group-minutes"
expect = "correction"
by = "source"
deadline = "day"
due = {field = "held_at", starts = true}

[[duty]]
id = "answers-due"
from = 2020-01-01
own = true
on = "core-group-minutes"
expect = "information-response"
by = "told"
deadline = "day"
"""
AGREEMENT = """// agreement: actions
// from: 2020-01-01
// own
// parties: everybody

@id("actions.owner")
@agreement("actions")
@legal_basis("made up")
@explain("Who has to act, or was concerned, reads of whom and what")
permit (principal, action, resource)
when { principal in [Role::"school_dsl", Role::"gp"] }
when { resource in [Category::"case_reference", Category::"child_identity", Category::"plan_and_actions"] }
when { context.purpose == "action" };
"""


@pytest.fixture
def deciding(tmp_path: Path) -> Deciding:
    """The pack of the tests with those duties."""
    return deciding_by(varied(tmp_path, duties=DUTIES, agreement=AGREEMENT))


def due(told: Told, duty: str) -> dict[str, datetime]:
    """By when each desk owes what a duty asks."""
    return {o.desk: o.due for o in told.decision.obligations if o.duty == duty}


def question(deciding: Deciding, **said: str) -> Told:
    """A question to Oak."""
    return deciding.post("hub.front-door", "information-request", {"children": [a_child(1)], "asked_of": ["oak.dsl"], **said})


def test_it_is_due_when_the_event_says(deciding: Deciding) -> None:
    told = question(deciding, due_at="2020-11-12T10:30:00Z", sentence_on="2020-11-16")
    assert due(told, "answer-in-time") == {"oak.dsl": datetime(2020, 11, 12, 10, 30, tzinfo=UTC)}
    assert due(told, "answer-before-sentence") == {"oak.dsl": datetime(2020, 11, 16, 9, 0, tzinfo=UTC)}


def test_it_is_due_by_the_deadline_when_the_event_says_nothing(deciding: Deciding) -> None:
    told = question(deciding)
    assert due(told, "answer-in-time") == due(told, "asked")


def test_what_was_due_before_it_was_asked_is_due_at_once(deciding: Deciding) -> None:
    asked_at = deciding.now
    assert due(question(deciding, due_at="2020-11-01T10:30:00Z"), "answer-in-time") == {"oak.dsl": asked_at}


def test_a_day_that_the_calendar_does_not_answer_for_leaves_the_deadline(deciding: Deciding) -> None:
    told = question(deciding, sentence_on="2090-01-02")
    assert due(told, "answer-before-sentence") == due(told, "asked")


def minutes(deciding: Deciding, *actions: dict[str, Any], **said: Any) -> Told:
    """Minutes of a core group."""
    return deciding.post("care.duty", "core-group-minutes", {"children": [a_child(1)], "actions": list(actions), **said})


def test_an_owner_is_told_and_owes_by_the_first_day_on_which_something_is_due(deciding: Deciding) -> None:
    told = minutes(
        deciding,
        {"action": "visit", "owner": "oak.dsl", "due": "2020-11-20"},
        {"action": "write", "owner": "oak.dsl", "due": "2020-11-18"},
    )
    assert due(told, "own-action") == {"oak.dsl": datetime(2020, 11, 18, 17, 0, tzinfo=UTC)}


def plan(deciding: Deciding, *milestones: dict[str, Any], **links: Any) -> Told:
    """A version of a plan."""
    return deciding.post("care.duty", "plan-update", {"children": [a_child(1)], "milestones": list(milestones)}, **links)


def test_of_the_items_of_a_list_only_those_count_that_it_is_due_for(deciding: Deciding) -> None:
    told = plan(deciding, {"due": "2020-11-12", "status": "met"}, {"due": "2020-11-20", "status": "open"}, {"due": "2020-11-18"})
    assert due(told, "next-version") == {"care.duty": datetime(2020, 11, 20, 17, 0, tzinfo=UTC)}


def test_without_such_an_item_the_deadline_holds(deciding: Deciding) -> None:
    asked_at = deciding.now
    told = plan(deciding, {"due": "2020-11-12", "status": "met"})
    assert due(told, "next-version") == {"care.duty": asked_at + timedelta(days=1)}


@pytest.mark.parametrize("answer", ["plan-update", "plan-status"])
def test_any_of_the_replies_meets_what_is_expected(deciding: Deciding, answer: str) -> None:
    first = plan(deciding)
    told = deciding.post("care.duty", answer, {"children": [a_child(1)]}, reply_to=first.event)
    assert [o.id for o in first.decision.obligations if o.duty == "next-version"] == list(told.decision.met)


def test_the_day_of_anothers_action_binds_an_owner_to_nothing(deciding: Deciding) -> None:
    told = minutes(
        deciding,
        {"action": "visit", "owner": "oak.dsl", "due": "2020-11-20"},
        {"action": "write", "owner": "elm.dsl", "due": "2020-11-18"},
    )
    assert due(told, "own-action") == {
        "oak.dsl": datetime(2020, 11, 20, 17, 0, tzinfo=UTC),
        "elm.dsl": datetime(2020, 11, 18, 17, 0, tzinfo=UTC),
    }


def test_a_clock_may_start_when_the_event_says(deciding: Deciding) -> None:
    at_once = due(minutes(deciding), "minutes-due")["care.duty"]
    later = due(minutes(deciding, held_at="2020-11-16T10:00:00Z"), "minutes-due")["care.duty"]
    assert at_once < later
    assert later > datetime(2020, 11, 16, 10, 0, tzinfo=UTC)


def test_a_clock_that_would_have_started_before_the_event_starts_with_it(deciding: Deciding) -> None:
    now = deciding.now
    assert due(minutes(deciding, held_at="2020-11-02T10:00:00Z"), "minutes-due")["care.duty"] > now


def test_everybody_whom_a_duty_told_owes_an_answer_with_what_it_was_told(deciding: Deciding) -> None:
    told = minutes(deciding, {"action": "visit", "owner": "oak.dsl"}, {"action": "write", "owner": "elm.dsl"})
    assert due(told, "answers-due").keys() == {"oak.dsl", "elm.dsl"}
    mine = next(o for o in told.decision.obligations if (o.duty, o.desk) == ("answers-due", "oak.dsl"))
    assert mine.disclosure == told.to("oak.dsl").id


def test_where_nobody_was_told_nobody_owes_an_answer_and_nobody_has_work(deciding: Deciding) -> None:
    told = minutes(deciding)
    assert due(told, "answers-due") == {}
    assert told.tasks == []


def test_who_was_concerned_about_a_child_before_is_told_and_about_another_child_is_not(deciding: Deciding) -> None:
    deciding.post("elm.dsl", "referral", {"children": [a_child(1)]})
    deciding.post("oak.dsl", "referral", {"children": [a_child(2)]})
    assert "elm.dsl" in (told := minutes(deciding)).desks
    assert "oak.dsl" not in told.desks


def test_a_concern_that_was_taken_back_counts_for_nobody(deciding: Deciding) -> None:
    referral = deciding.post("elm.dsl", "referral", {"children": [a_child(1)]})
    deciding.post("elm.dsl", "withdrawal", {"reason": "wrong child"}, reply_to=referral.event)
    assert "elm.dsl" not in minutes(deciding).desks


def test_of_those_who_work_with_a_child_a_duty_may_mean_only_some_roles(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "involved")
    assert due(told := plan(deciding), "practices-that-work-with-it") == {}
    assert told.tasks == []
    deciding.tie(a_child(1), "mill.gp", "involved")
    assert due(plan(deciding), "practices-that-work-with-it").keys() == {"mill.gp"}


def test_roles_go_with_relations_in_which_desks_of_any_kind_may_stand(tmp_path: Path) -> None:
    duties = DUTIES.replace('relation = "involved", of', 'relation = "school", of')
    with pytest.raises(PackError, match="roles goes with involved, lead_professional, plan_group"):
        load_pack(varied(tmp_path, duties=duties, agreement=AGREEMENT))


@pytest.mark.parametrize(("field", "reason"), [("purpose", "purpose is no time"), ("nowhere", "no field nowhere")])
def test_a_due_time_that_is_none_is_refused(tmp_path: Path, field: str, reason: str) -> None:
    with pytest.raises(PackError, match=reason):
        load_pack(varied(tmp_path, duties=DUTIES.replace('"due_at"', f'"{field}"'), agreement=AGREEMENT))


ITEMS = """
[[expects]]
id = "measure-of-each"
on = "plan-update"
from = 2020-01-01
own = true
field = "plan_items.measure"
every = true
deadline = "day"
"""


@pytest.mark.parametrize(
    ("items", "missing"),
    [
        ([{"measure": "meals"}, {"measure": "nights"}], []),
        ([{"measure": "meals"}, {"need": "sleep"}], ["plan_items.measure"]),
        ([{"need": "meals"}], ["plan_items.measure"]),
        ([], ["plan_items.measure"]),
    ],
)
def test_a_field_may_be_expected_in_every_item(tmp_path: Path, items: list[dict[str, str]], missing: list[str]) -> None:
    pack = varied(tmp_path)
    with (pack / "completeness.toml").open("a", encoding="utf-8") as file:
        file.write(ITEMS)
    deciding = deciding_by(pack)
    told = deciding.post("care.duty", "plan-update", {"children": [a_child(1)], "plan_items": items})
    assert list(told.decision.missing) == missing


def test_every_item_of_no_list_is_refused(tmp_path: Path) -> None:
    pack = varied(tmp_path)
    with (pack / "completeness.toml").open("a", encoding="utf-8") as file:
        file.write(ITEMS.replace("plan_items.measure", "lead_worker.name"))
    with pytest.raises(PackError, match=r"lead_worker.name stands in no list"):
        load_pack(pack)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (('equals = "open"', 'equals = "opened"'), 'milestones.status is never "opened"'),
        (('"reply:plan-update", ', ""), "satisfied_by has to name reply:plan-update"),
        (('"reply:plan-status"', '"opened"'), "only replies satisfy it"),
    ],
)
def test_a_reply_that_is_expected_fits_the_contract(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    with pytest.raises(PackError, match=reason):
        load_pack(varied(tmp_path, duties=DUTIES.replace(*change), agreement=AGREEMENT))


def test_only_a_move_moves_somebody(tmp_path: Path) -> None:
    duties = DUTIES.replace('relation = "concerned"', 'relation = "moved"')
    with pytest.raises(PackError, match="a core-group-minutes moves nobody"):
        load_pack(varied(tmp_path, duties=duties, agreement=AGREEMENT))
