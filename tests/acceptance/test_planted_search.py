"""The search for marked values finds what is planted where it should not be, and what is not where it should be."""

from dataclasses import replace

from contract.made_up import SOURCE, rng, submitted
from frontdoor_schemas.events import to_sections
from frontdoor_schemas.vocabulary import EventType
from support.whereabouts import Decision, Posted, Whereabouts


def _a_decision() -> tuple[Whereabouts, Decision, Decision, str]:
    """A referral of which a desk is given what is said of one child's home, an answer that quotes it, and what the desk has to get."""
    said = {"ref": "child-1", "given_name": "Planted-001-0001", "address": {"lines": ["Planted-001-0002"]}}
    body = {"children": [said, {"ref": "child-2", "given_name": "Planted-001-0003"}], "reason_for_referral": "Planted-001-0004"}
    submission = submitted(EventType.referral, {"occurred_at": "2020-11-11T10:00:00Z", **body})
    sections = [one.model_dump(mode="json") for one in to_sections(submission, SOURCE, rng())]
    home = next(one for one in sections if one["category"] == "home_and_contact")
    posted = Posted("event", EventType.referral, body, sections)
    told = Decision("told", "event", "police.pvp", "disclosure", frozenset({home["id"]}))
    made = {
        "id": "made",
        "category": "home_and_contact",
        "subjects": home["subjects"],
        "body": {"current_plans/00000001/x": "Planted-001-0002"},
    }
    answer = Decision("answer", "event", "police.pvp", "answer", frozenset({"made"}), (made,), frozenset({"event"}))
    return Whereabouts({"event": posted}, {"told": told, "answer": answer}), told, answer, "Planted-001-0002"


def test_the_search_finds_a_value_that_is_too_much_or_missing_or_given_as_something_else() -> None:
    found, told, answer, home = _a_decision()
    assert [*found.compared("inbox", "told", home), *found.faults(told), *found.faults(answer)] == []
    assert found.posted["event"].values == {f"Planted-001-000{n}" for n in range(1, 5)}
    assert [*found.compared("inbox", "told", f"{home} Planted-001-0004")] == ["inbox, disclosure to police.pvp: holds Planted-001-0004"]
    assert [*found.compared("inbox", "told", "Planted-001-0001")] == [
        "inbox, disclosure to police.pvp: holds Planted-001-0001",
        f"inbox, disclosure to police.pvp: lacks {home}",
    ]
    assert [*found.compared("bus", "nobody's", home)] == ["bus: nobody decided that"]
    assert len([*found.tombstone("inbox", "told", home)]) == 2
    assert [*found.faults(replace(told, given=frozenset({"strange"})))] == [
        "disclosure to police.pvp: a section that the event does not have"
    ]
    (made,) = answer.made
    of_another = {**made, "subjects": [ref for ref in found.posted["event"].people if ref not in made["subjects"]][:1]}
    wrong = (
        (replace(answer, quotes=frozenset()), "of an event that it does not quote"),
        (replace(answer, made=({**made, "category": "narrative"},)), "was said as home_and_contact and is given as narrative"),
        (replace(answer, made=(of_another,)), "was said of somebody else"),
    )
    for decision, says in wrong:
        (fault,) = found.faults(decision)
        assert says in fault
