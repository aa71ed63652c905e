"""What each question about people is answered, and what must not be in an answer."""

from datetime import timedelta

import pytest

from frontdoor_router.core.sheets import MOST_BYTES
from support.asking import MOTHER, Asking, incident, oak_and_elm, plan, said_nothing
from support.builders import a_child, an_incident


@pytest.fixture
def asking() -> Asking:
    """A child at Oak, its brother at Elm."""
    return oak_and_elm()


# ---------------------------------------------------------------- a child


def test_a_child_view_brings_together_what_the_desk_may_see(asking: Asking) -> None:
    needs = {"strengths": "Kind to others", "protective_factors": "An aunt", "unmet_needs": "Sleep"}
    incident(asking, a_child(1, needs=needs, impact_on_child="Tired"), occurred_at="2020-10-01T20:00:00Z")
    plan(asking, "started", category_primary="neglect", lead_worker={"name": "Lead Er", "desk": "care.duty"})
    view = asking.ask("care.duty", "child_view", a_child(1))
    (child,) = view.message["children"]
    assert (child["given_name"], child["family_name"], child["born"]) == ("Given1", "Made-Up", "2011-05-02")
    assert view.list("current_plans", "plan_type", "status", "category", "since") == [
        ("child_protection", "started", "neglect", "2020-11-10")
    ]
    assert view.list("lead_workers", "plan_type", "name") == [("child_protection", "Lead Er")]
    assert view.list("flags", "flag") == ["current_child_protection"]
    assert view.list("involved", "desk", "role", "relation", "since") == [("oak.dsl", "school_dsl", "school", "2020-11-10")]
    assert view.list("earlier", "on", "event_type") == [("2020-10-01", "police-incident"), ("2020-11-10", "plan-status")]
    assert view.list("concerns", "on", "what", "impact_on_child") == [
        ("2020-10-01", None, "Tired"),
        ("2020-10-01", "Seen of Given1", "Did to Given1"),
    ]
    assert view.list("strengths", "strengths", "protective_factors") == [("Kind to others", "An aunt")]
    assert view.list("unmet_needs", "unmet_needs") == ["Sleep"]
    assert view.list("concern_counts", "concern", "count") == [("neglect", 1)]
    assert view.list("events_count", "count") == [2]
    assert {a for items in view.message.values() for i in items for a in i.get("about", ())} == {child["ref"]}


def test_a_child_view_holds_nothing_of_a_brother_who_was_there_too(asking: Asking) -> None:
    incident(asking, a_child(1), a_child(2))
    view = asking.ask("oak.dsl", "child_view", a_child(1))
    assert view.list("concerns", "what") == ["Seen of Given1"]
    assert "Given2" not in view.text
    assert "elm.dsl" not in view.text


def test_what_was_seen_of_two_children_together_is_given_only_to_who_may_see_it_of_both(asking: Asking) -> None:
    incident(asking, a_child(1), a_child(2), concerns=[{"what": "Seen of both"}])
    assert "concerns" not in asking.ask("oak.dsl", "child_view", a_child(1)).message
    assert asking.ask("care.duty", "child_view", a_child(1)).list("concerns", "what") == ["Seen of both"]


def test_what_was_written_for_others_is_not_given(asking: Asking) -> None:
    seen = [
        {"about": ["child-1"], "what": "For police", "to": ["police.pvp"]},
        {"about": ["child-1"], "what": "For care", "to": ["social_care"]},
    ]
    incident(asking, concerns=seen)
    assert asking.ask("care.duty", "child_view", a_child(1)).list("concerns", "what") == ["For care"]


def test_what_was_withheld_from_an_agency_is_not_given_when_it_asks(asking: Asking) -> None:
    incident(asking, sharing={"withhold_from": ["care"]})
    assert said_nothing(asking.ask("care.duty", "chronology", a_child(1)))


def test_what_the_desk_said_itself_and_what_it_was_given_it_may_read_again(asking: Asking) -> None:
    asking.untie(a_child(1), "oak.dsl", "school")
    asking.post("oak.dsl", "referral", {"children": [a_child(1)], "concerns": [{"about": ["child-1"], "what": "Its own"}]})
    asking.tie(a_child(1), "oak.dsl", "school")
    answered = asking.ask("oak.dsl", "child_view", a_child(1))
    assert answered.list("concerns", "what") == ["Its own"]
    assert ("(its own words)",) in {g.policies for g in answered.disclosure.given}


def test_whom_an_author_keeps_an_event_from_is_in_no_answer_not_even_its_own(asking: Asking) -> None:
    limits = {"sharing": {"withhold_from": ["clinic"], "locating_for": ["elm.dsl"]}}
    asking.post("oak.dsl", "referral", {"children": [a_child(1)], "concerns": [{"about": ["child-1"], "what": "Its own"}], **limits})
    for desk in ("oak.dsl", "care.duty"):
        answered = asking.ask(desk, "child_view", a_child(1))
        assert "Its own" in answered.text
        assert not {"clinic", "elm.dsl"} & {word for given in answered.disclosure.given for word in str(given.section.body).split("'")}


def test_what_was_taken_back_is_in_no_answer(asking: Asking) -> None:
    event = incident(asking)
    asking.post("police.pvp", "withdrawal", {"reason": "by mistake"}, reply_to=event)
    answered = asking.ask("care.duty", "child_view", a_child(1))
    assert (answered.message.get("earlier"), answered.message.get("concerns"), answered.message.get("children")) == (None, None, None)


def test_what_was_corrected_is_answered_as_it_stands_now(asking: Asking) -> None:
    event = incident(asking)
    right = an_incident(a_child(1), concerns=[{"about": ["child-1"], "what": "Put right"}], occurred_at="2020-11-10T20:00:00Z")
    asking.post("police.pvp", "correction", {"reason": "a slip", "event": {"type": "police-incident", "data": right}}, reply_to=event)
    answered = asking.ask("care.duty", "child_view", a_child(1))
    assert answered.list("concerns", "what") == ["Put right"]
    assert answered.list("events_count", "count") == [1]


def test_who_works_with_a_child_is_said_with_the_purpose_that_was_given(asking: Asking) -> None:
    asking.post(
        "hub.front-door",
        "involvement-started",
        {"children": [a_child(1)], "about": ["child-1"], "relation": "involved", "desk": "trust.nursing", "purpose": "Weight checks"},
    )
    asking.tie(a_child(1), "mill.gp", "gp")
    asking.untie(a_child(1), "mill.gp", "gp")
    found = asking.ask("care.duty", "child_view", a_child(1)).list("involved", "desk", "relation", "purpose")
    assert found == [("oak.dsl", "school", None), ("trust.nursing", "involved", "Weight checks")]


def test_who_works_with_a_child_is_there_once_though_the_worker_changes(asking: Asking) -> None:
    about = {"children": [a_child(1)], "about": ["child-1"], "relation": "involved", "desk": "trust.nursing"}
    for name in ("Wren Worker", "Toni Worker"):
        asking.post("trust.nursing", "involvement-started", {**about, "worker": {"name": name}})
    found = asking.ask("care.duty", "child_view", a_child(1)).list("involved", "desk", "relation")
    assert found == [("oak.dsl", "school"), ("trust.nursing", "involved")]


def test_a_tie_that_nobody_has_confirmed_is_said_only_of_the_services_own_work(asking: Asking) -> None:
    asking.tie(a_child(1), "mill.gp", "gp", by="oak.dsl")
    asking.tie(a_child(1), "oak.dsl", "involved", by="oak.dsl")
    found = asking.ask("care.duty", "child_view", a_child(1)).list("involved", "desk", "relation")
    assert found == [("oak.dsl", "school"), ("oak.dsl", "involved")]


def test_who_treats_or_manages_an_adult_is_of_that_kind_and_given_to_whom_the_agreements_give_it(asking: Asking) -> None:
    asking.tie(MOTHER, "clinic.duty", "treats")
    asking.tie(MOTHER, "probation.duty", "manages")
    answered = asking.ask("care.duty", "child_view", MOTHER)
    assert answered.list("involved_justice", "desk") == ["probation.duty"]
    assert "clinic.duty" not in answered.text
    assert {w.category for w in answered.disclosure.withheld} == {"adult_health_and_treatment"}


def test_the_school_of_a_protected_child_is_a_locating_fact(asking: Asking) -> None:
    asking.post("hub.front-door", "referral", {"children": [a_child(1, protected="yes")]})
    assert "oak.dsl" not in asking.ask("care.duty", "child_view", a_child(1)).text
    listing = {"children": [a_child(1)], "sharing": {"locating_for": ["care.duty"]}}
    asking.post("hub.front-door", "referral", listing)
    assert asking.ask("care.duty", "child_view", a_child(1)).list("involved_protected", "desk") == ["oak.dsl"]


# ---------------------------------------------------------------- chronologies


def test_a_chronology_is_in_the_order_of_time_with_its_months(asking: Asking) -> None:
    for at in ("2020-11-09T10:00:00Z", "2020-09-01T10:00:00Z", "2020-09-30T23:30:00Z"):
        incident(asking, occurred_at=at)
    found = asking.ask("care.duty", "chronology", a_child(1))
    assert found.list("earlier", "on") == ["2020-09-01", "2020-10-01", "2020-11-09"]
    assert found.list("frequency", "month", "count") == [("2020-09", 1), ("2020-10", 1), ("2020-11", 1)]
    assert found.list("concerns", "on") == ["2020-09-01", "2020-10-01", "2020-11-09"]


def test_a_chronology_of_a_day_knows_nothing_of_later(asking: Asking) -> None:
    incident(asking, occurred_at="2020-09-01T10:00:00Z")
    incident(asking, occurred_at="2020-09-01T22:59:00Z")
    incident(asking, occurred_at="2020-09-01T23:01:00Z")
    found = asking.ask("care.duty", "chronology", a_child(1), as_at="2020-09-01")
    assert found.list("earlier", "on") == ["2020-09-01", "2020-09-01"]
    assert found.list("events_count", "count") == [2]
    assert said_nothing(asking.ask("care.duty", "chronology", a_child(1), as_at="2020-08-31"))


def test_who_works_with_a_child_is_said_as_at_the_day_asked_for(asking: Asking) -> None:
    assert "involved" not in asking.ask("care.duty", "child_view", a_child(1), as_at="2020-11-09").message
    assert asking.ask("care.duty", "child_view", a_child(1), as_at="2020-11-10").list("involved", "desk") == ["oak.dsl"]


def test_a_chronology_may_be_of_one_concern(asking: Asking) -> None:
    incident(asking)
    incident(asking, concern_types=[{"about": ["child-1"], "type": "exploitation"}])
    incident(asking, concern_types=[])
    found = asking.ask("care.duty", "chronology", a_child(1), concern="neglect")
    assert (found.list("events_count", "count"), found.list("concern_counts", "concern", "count")) == ([1], [("neglect", 1)])
    assert found.list("concerns", "what") == ["Seen of Given1"]


def test_a_chronology_has_what_the_desk_was_told_and_what_the_agreements_give_it(asking: Asking) -> None:
    incident(asking)
    plan(asking, "started")
    assert asking.ask("oak.dsl", "chronology", a_child(1)).list("earlier", "event_type") == ["police-incident", "plan-status"]
    assert said_nothing(asking.ask("elm.dsl", "chronology", a_child(1)))


def test_what_does_not_fit_is_counted_and_the_newest_is_kept(asking: Asking) -> None:
    long = "x" * 7_000
    for day in range(1, 29):
        for month in (9, 10):
            seen = [{"about": ["child-1"], "what": f"{long}{month:02}{day:02}"}]
            incident(asking, concerns=seen, occurred_at=f"2020-{month:02}-{day:02}T10:00:00Z")
    found = asking.ask("care.duty", "chronology", a_child(1))
    kept = found.list("concerns", "on")
    assert 0 < sum(len(w) for w in found.list("concerns", "what")) <= MOST_BYTES
    assert (kept[-1], kept) == ("2020-10-28", sorted(kept))
    assert found.list("left_out", "list", "count") == [("concerns", 56 - len(kept))]
    assert found.list("events_count", "count") == [56]


def test_a_household_is_those_who_were_named_together_where_the_desk_may_know_of_both(asking: Asking) -> None:
    incident(asking, a_child(1), a_child(2), adults=(MOTHER,), occurred_at="2020-10-01T10:00:00Z")
    incident(asking, a_child(2), occurred_at="2020-10-02T10:00:00Z")
    found = asking.ask("care.duty", "household", a_child(1))
    assert {c["given_name"] for c in found.message["children"]} == {"Given1", "Given2"}
    assert [a["given_name"] for a in found.message["adults"]] == ["Adult1"]
    assert found.list("earlier", "on") == ["2020-10-01", "2020-10-01", "2020-10-01", "2020-10-02"]
    keys = [i["about"][0] for i in found.message["events_count"]]
    assert len(set(keys)) == 3
    assert {i.ref for i in found.told.decision.involved} == set(keys)


def test_a_household_has_nobody_whom_the_desk_may_not_know_of(asking: Asking) -> None:
    incident(asking, a_child(1), a_child(2), adults=(MOTHER,))
    found = asking.ask("oak.dsl", "household", a_child(1))
    assert [c["given_name"] for c in found.message["children"]] == ["Given1"]
    assert "adults" not in found.message
    assert "Given2" not in found.text


# ---------------------------------------------------------------- plans


def test_the_plans_that_run_are_those_that_began_and_did_not_end(asking: Asking) -> None:
    plan(asking, "started", kind="child_in_need", occurred_at="2020-08-01T10:00:00Z")
    plan(asking, "ended", kind="child_in_need", occurred_at="2020-09-01T10:00:00Z")
    plan(asking, "started", occurred_at="2020-09-01T10:00:00Z", lead_worker={"name": "First"})
    plan(asking, "breached", occurred_at="2020-10-01T10:00:00Z", lead_worker={"name": "Second"})
    plan(asking, "started", a_child(2), kind="early_help")
    found = asking.ask("care.duty", "plan_status", a_child(1))
    assert found.list("current_plans", "plan_type", "status", "since") == [("child_protection", "breached", "2020-09-01")]
    assert found.list("lead_workers", "name") == ["Second"]
    assert asking.ask("care.duty", "plan_status", a_child(1), as_at="2020-08-15").list("current_plans", "plan_type") == ["child_in_need"]
    assert "earlier" not in found.message


def test_a_plan_event_without_a_status_ends_nothing(asking: Asking) -> None:
    plan(asking, "started")
    asking.post("care.duty", "plan-status", {"children": [a_child(1)], "about": ["child-1"], "plan_type": "child_protection"})
    assert asking.ask("care.duty", "plan_status", a_child(1)).list("current_plans", "status") == ["started"]


def test_a_plan_that_began_again_runs_since_then(asking: Asking) -> None:
    for status, on in (("started", "01"), ("ended", "02"), ("started", "03")):
        plan(asking, status, occurred_at=f"2020-10-{on}T10:00:00Z")
    assert asking.ask("care.duty", "plan_status", a_child(1)).list("current_plans", "since") == ["2020-10-03"]


@pytest.mark.parametrize(
    ("said", "flags"),
    [
        pytest.param(["none"], [], id="there-never-was-one"),
        pytest.param(["ended"], ["previous_child_protection"], id="one-ended"),
        pytest.param(["started", "none"], ["previous_child_protection"], id="one-ran"),
        pytest.param(["started"], ["current_child_protection"], id="one-runs"),
    ],
)
def test_only_a_child_who_had_a_plan_is_flagged_as_having_had_one(asking: Asking, said: list[str], flags: list[str]) -> None:
    for status in said:
        plan(asking, status)
    assert asking.ask("care.duty", "child_view", a_child(1)).list("flags", "flag") == flags


def test_what_was_taken_back_is_in_no_answer_about_the_day_before_either(asking: Asking) -> None:
    wrong = asking.tie(a_child(1), "elm.dsl", "school").event
    asking.now += timedelta(days=3)
    asking.post("hub.front-door", "withdrawal", {"reason": "another child"}, reply_to=wrong)
    for day in ("2020-11-11", "2020-11-14"):
        view = asking.ask("care.duty", "child_view", a_child(1), as_at=day)
        assert view.list("involved", "desk") == ["oak.dsl"]


def test_without_a_plan_that_runs_there_is_nothing_to_say(asking: Asking) -> None:
    plan(asking, "started")
    plan(asking, "ended")
    assert said_nothing(asking.ask("care.duty", "plan_status", a_child(1)))
