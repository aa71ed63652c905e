"""Duties that look at the event which is answered: what it said, and whom it did not name."""

from pathlib import Path
from typing import Any

import pytest

from frontdoor_chassis.toml_places import PackError
from frontdoor_router.adapters.pack_files import load_pack
from support.builders import a_child, an_incident
from support.deciding import NIGHT, Deciding, Told, deciding_by
from support.packs import varied

DUTIES = """
[[duty]]
id = "known-late"
from = 2020-01-01
own = true
on = "incident-closed"
after_cause = "police-incident"
after_said = [{field = "domestic_abuse", is = "absent"}]
if = [{field = "closing_code", equals = "QL23"}]
expect = "police-incident"
by = "source"
deadline = "day"

[[duty]]
id = "graded-high-before"
from = 2020-01-01
own = true
on = "incident-closed"
after_cause = "police-incident"
after_said = [{field = "domestic_abuse.risk_grade", any_of = ["high"]}]
expect = "police-incident"
by = "source"
deadline = "day"

[[duty]]
id = "another-child"
from = 2020-01-01
own = true
on = "incident-triage"
after_cause = "police-incident"
after_said = [{field = "domestic_abuse", is = "present"}]
names_another = true
expect = "police-incident"
by = "source"
reply_of = "each-child"
deadline = "day"

[[duty]]
id = "another-child-s-school"
from = 2020-01-01
own = true
on = "incident-triage"
after_cause = "police-incident"
names_another = true
tell = {relation = "school", of = "each-child"}
must_find = false
because = "triage"
deadline = "day"
satisfied_by = ["received"]
"""
AGREEMENT = """// agreement: triage
// from: 2020-01-01
// own
// parties: everybody

@id("triage.school")
@agreement("triage")
@legal_basis("made up")
@explain("A school reads of its own pupil")
permit (principal == Role::"school_dsl", action, resource)
when { resource in [Category::"case_reference", Category::"child_identity"] }
when { context.purpose == "triage" && context.of_subject == "yes" };
"""


@pytest.fixture
def deciding(tmp_path: Path) -> Deciding:
    """The pack of the tests with those duties."""
    return deciding_by(varied(tmp_path, duties=DUTIES, agreement=AGREEMENT))


def incident(deciding: Deciding, *children: dict[str, Any], **said: Any) -> Told:
    """An incident without domestic abuse, unless it is `said`."""
    return deciding.post("police.pvp", "police-incident", {**an_incident(*children, domestic_abuse=None), **said})


def close(deciding: Deciding, of: Told, code: str = "QL23") -> set[str]:
    """Which of these duties the closing of an incident raises."""
    told = deciding.post("police.pvp", "incident-closed", {"children": [a_child(1)], "closing_code": code}, reply_to=of.event)
    return owed(told)


def triage(deciding: Deciding, of: Told, *children: dict[str, Any]) -> Told:
    """The triage of an incident."""
    return deciding.post("police.pvp", "incident-triage", {"children": list(children), "children_in_household": "yes"}, reply_to=of.event)


def owed(told: Told) -> set[str]:
    """The duties of this file that an event raised."""
    return {o.duty for o in told.decision.obligations} & {"known-late", "graded-high-before", "another-child", "another-child-s-school"}


def correct(deciding: Deciding, what: Told, **said: Any) -> Told:
    """The incident said again, put right."""
    event = {"type": "police-incident", "data": {"occurred_at": NIGHT.isoformat(), **said}}
    return deciding.post("police.pvp", "correction", {"reason": "was another thing", "event": event}, reply_to=what.event)


def test_a_code_raises_what_nobody_had_said_and_only_that_code(deciding: Deciding) -> None:
    assert close(deciding, incident(deciding, a_child(1))) == {"known-late"}
    assert close(deciding, incident(deciding, a_child(1)), "QL99") == set()
    assert close(deciding, incident(deciding, a_child(1), domestic_abuse={})) == set()


def test_a_word_that_was_said_counts_by_its_value(deciding: Deciding) -> None:
    for grade, raised in (("high", {"graded-high-before"}), ("medium", set[str]())):
        assert close(deciding, incident(deciding, a_child(1), domestic_abuse={"risk_grade": grade})) == raised


def test_what_counts_is_the_incident_as_it_was_last_put_right(deciding: Deciding) -> None:
    first = incident(deciding, a_child(1))
    correct(deciding, first, children=[a_child(1)], domestic_abuse={})
    assert close(deciding, first) == set()
    first = incident(deciding, a_child(1), domestic_abuse={})
    correct(deciding, first, children=[a_child(1)])
    assert close(deciding, first) == {"known-late"}


def test_of_an_incident_that_was_withdrawn_it_counts_what_it_was(deciding: Deciding) -> None:
    first = incident(deciding, a_child(1), domestic_abuse={})
    deciding.post("police.pvp", "withdrawal", {"reason": "another address"}, reply_to=first.event)
    assert close(deciding, first) == set()


def test_who_finds_a_child_that_nobody_had_named_owes_an_incident_and_of_the_others_nothing(deciding: Deciding) -> None:
    abuse = incident(deciding, a_child(1), domestic_abuse={})
    assert owed(triage(deciding, abuse, a_child(1))) == set()
    assert "another-child" in owed(triage(deciding, abuse, a_child(1), a_child(2)))
    assert "another-child" not in owed(triage(deciding, incident(deciding, a_child(1)), a_child(1), a_child(2)))


def test_a_reply_about_one_of_two_who_were_not_named_leaves_the_other_owed(deciding: Deciding) -> None:
    found = triage(deciding, incident(deciding, a_child(1), domestic_abuse={}), a_child(1), a_child(2), a_child(3))
    asked = {o.person: o.id for o in found.decision.obligations if o.duty == "another-child"}
    known = {name: person.id for name in ("Given2", "Given3") if (person := found.subject(name).person)}
    assert asked.keys() == set(known.values())
    reply = deciding.post("police.pvp", "police-incident", {"children": [a_child(2)]}, reply_to=found.event)
    assert set(reply.decision.met) == {asked[known["Given2"]]}


def test_a_child_who_is_named_by_a_correction_alone_is_named(deciding: Deciding) -> None:
    abuse = incident(deciding, a_child(1), domestic_abuse={})
    correct(deciding, abuse, children=[a_child(2)], domestic_abuse={})
    assert owed(triage(deciding, abuse, a_child(2))) == set()
    assert "another-child" in owed(triage(deciding, abuse, a_child(1)))


def test_a_child_who_is_not_identified_may_be_another(deciding: Deciding) -> None:
    abuse = incident(deciding, a_child(1), domestic_abuse={})
    assert "another-child" in owed(triage(deciding, abuse, {"ref": "child-1", "given_name": "Somebody"}))


def test_only_the_school_of_the_child_who_was_not_named_is_told(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    deciding.tie(a_child(2), "elm.dsl", "school")
    told = triage(deciding, incident(deciding, a_child(1), domestic_abuse={}), a_child(1), a_child(2))
    assert told.desks & {"oak.dsl", "elm.dsl"} == {"elm.dsl"}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('after_cause = "police-incident"\nafter_said', "after_said", "go with after_cause"),
        ('after_cause = "police-incident"\nnames_another', "names_another", "go with after_cause"),
        ('field = "domestic_abuse", is = "absent"', 'field = "circumstances", is = "absent"', "no chronology keeps circumstances"),
        ('field = "domestic_abuse", is = "absent"', 'field = "nothing", is = "absent"', "no field nothing"),
        ('any_of = ["high"]', 'any_of = ["highest"]', "highest"),
    ],
)
def test_what_could_never_hold_of_the_event_that_is_answered_is_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert old in DUTIES
    with pytest.raises(PackError, match=reason):
        load_pack(varied(tmp_path, duties=DUTIES.replace(old, new), agreement=AGREEMENT))
