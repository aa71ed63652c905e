"""What came before, and what falls to a desk by its old name, for the one that has its work: no more than both could have had."""

from pathlib import Path
from typing import Any

from support.builders import a_child
from support.deciding import Deciding, deciding_by
from support.merging import merging, the_day_comes

DUTIES = """
[[duty]]
id = "earlier-school"
from = 2020-01-01
own = true
on = "police-incident"
tell = {relation = "school", of = "each-child"}
history = "school-history"
because = "earlier"
deadline = "day"
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
id = "request"
from = 2020-01-01
own = true
on = "meeting-request"
tell = {relation = "role:front_door", of = "event"}
propose_invitees = true
because = "earlier"
deadline = "day"
satisfied_by = ["received"]
"""
AGREEMENT = """// agreement: earlier
// from: 2020-01-01
// own
// parties: everybody

@id("earlier.school")
@agreement("earlier")
@legal_basis("made up")
@explain("Schools and the front door read of whom and what came before")
permit (principal, action, resource)
when { principal in [Role::"school_dsl", Role::"front_door"] }
when {
  resource in [
    Category::"case_reference", Category::"child_identity", Category::"history_summary", Category::"plan_and_actions",
    Category::"professional_network"
  ]
}
when { context.purpose == "earlier" || context.purpose == "action" };
"""
HISTORY = """// agreement: history
// from: {begins}
// own
// parties: schools

@id("history.school")
@agreement("history")
@legal_basis("made up")
@explain("A school may know of incidents that it was not told of")
permit (principal == Role::"school_dsl", action, resource)
when {{ resource in [Category::"history_summary", Category::"concern_and_incident"] }}
when {{ context.purpose == "school-history" && context.of_subject == "yes" }};
"""
LAST_YEAR, MERGER = "2019-09-01", "2020-11-11"


def a_pack(folder: Path, *, history_from: str) -> Deciding:
    """The night before the merger; schools may know of earlier incidents from a day on."""
    pack = merging(folder)
    with (pack / "duties.toml").open("a", encoding="utf-8") as file:
        file.write(DUTIES)
    (pack / "agreements" / "earlier.cedar").write_text(AGREEMENT)
    (pack / "agreements" / "history.cedar").write_text(HISTORY.format(begins=history_from))
    return deciding_by(pack)


def incident(deciding: Deciding, child: dict[str, Any]) -> Any:
    """An incident about one child."""
    return deciding.post("police.pvp", "police-incident", {"children": [child], "domestic_abuse": {}})


def after_one_that_oak_was_not_told(deciding: Deciding) -> Deciding:
    """An incident before the child came to Oak School, which then becomes part of Grove School."""
    incident(deciding, a_child(1))
    deciding.tie(a_child(1), "oak.dsl", "school")
    the_day_comes(deciding)
    return deciding


def test_an_earlier_event_that_the_ended_desk_could_not_know_of_is_not_inherited(tmp_path: Path) -> None:
    deciding = after_one_that_oak_was_not_told(a_pack(tmp_path, history_from=MERGER))
    told = incident(deciding, a_child(1))
    assert "child_identity" in {g.section.category.value for g in told.to("grove.dsl").given}
    assert "earlier" not in told.message("grove.dsl")


def test_an_earlier_event_that_both_could_know_of_is(tmp_path: Path) -> None:
    deciding = after_one_that_oak_was_not_told(a_pack(tmp_path, history_from=LAST_YEAR))
    assert len(incident(deciding, a_child(1)).message("grove.dsl")["earlier"]) == 1


def test_by_a_tie_of_its_own_it_knows_what_todays_agreement_gives(tmp_path: Path) -> None:
    deciding = after_one_that_oak_was_not_told(a_pack(tmp_path, history_from=MERGER))
    deciding.tie(a_child(1), "grove.dsl", "school", by="council.school-roll")
    assert len(incident(deciding, a_child(1)).message("grove.dsl")["earlier"]) == 1


def test_an_action_under_the_old_name_is_the_successors_by_its_own_day(tmp_path: Path) -> None:
    deciding = a_pack(tmp_path, history_from=LAST_YEAR)
    the_day_comes(deciding)
    actions = [
        {"about": ["child-1"], "action": "Call", "owner": "oak.dsl", "due": "2020-12-03"},
        {"about": ["child-1"], "action": "Visit", "owner": "mill.gp", "due": "2020-11-20"},
    ]
    told = deciding.post("care.duty", "core-group-minutes", {"children": [a_child(1)], "members": ["care.duty"], "actions": actions})
    (owed,) = [o for o in told.decision.obligations if o.duty == "own-action" and o.desk == "grove.dsl"]
    assert owed.due.date().isoformat() == "2020-12-03"


def test_whom_to_invite_is_whoever_has_the_work_and_nobody_who_has_ended(tmp_path: Path) -> None:
    deciding = a_pack(tmp_path, history_from=LAST_YEAR)
    for desk in ("oak.dsl", "elm.dsl", "ash.dsl"):
        deciding.tie(a_child(1), desk, "school")
    deciding.post("elm.dsl", "referral", {"children": [a_child(1)]})
    the_day_comes(deciding)
    message = deciding.post("police.pvp", "meeting-request", {"children": [a_child(1)]}).message("hub.front-door")
    assert sorted((one["desk"], one["reason"]) for one in message["proposed_invitees"]) == [
        ("grove.dsl", "concerned"),
        ("grove.dsl", "school"),
    ]


def test_who_is_invited_under_the_old_name_is_the_successor_who_answers_for_it(tmp_path: Path) -> None:
    deciding = a_pack(tmp_path, history_from=LAST_YEAR)
    deciding.tie(a_child(1), "oak.dsl", "school")
    the_day_comes(deciding)
    invitation = {"children": [a_child(1)], "invited": ["oak.dsl", "ash.dsl"]}
    told = deciding.post("care.duty", "meeting-invitation", invitation)
    named = {d.desk for d in told.decision.disclosures if "named-by-author" in d.purposes}
    assert named == {"grove.dsl"}
    assert ("no-such-desk:ash.dsl", "hub.front-door") in told.tasks
