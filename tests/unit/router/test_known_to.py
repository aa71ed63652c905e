"""Which services know somebody, answered without asking; and who is asked where the exchange does not know."""

from pathlib import Path
from typing import Any

import pytest

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.known_to import Service, answer
from frontdoor_router.core.policy import policy_of
from frontdoor_schemas.vocabulary import Role
from support.builders import a_child, an_incident
from support.deciding import NIGHT, Deciding, Told
from support.merging import deciding_across, the_day_comes
from support.packs import varied

DUTIES = """
[[duty]]
id = "known-to"
from = 2020-01-01
own = true
on = "referral"
tell = {relation = "role:front_door", of = "event"}
known_to = [
  {service = "school_dsl", of = "each-child", complete = true},
  {service = "substance_misuse", of = "each-adult"},
]
because = "front-door"
deadline = "day"
satisfied_by = ["received"]

[[duty]]
id = "ask-the-clinic"
from = 2020-01-01
own = true
on = "referral"
tell = {relation = "role:substance_misuse", of = "event"}
only_if_unknown = [{service = "substance_misuse", of = "each-adult"}]
because = "clinic-asked"
deadline = "day"
satisfied_by = ["received"]

[[duty]]
id = "ask-probation"
from = 2020-01-01
own = true
on = "referral"
tell = {relation = "role:probation", of = "each-adult"}
only_if_unknown = [{service = "probation", of = "each-adult"}, {service = "substance_misuse", of = "each-adult"}]
because = "probation-asked"
deadline = "day"
satisfied_by = ["received"]
"""
AGREEMENT = """// agreement: clinic
// from: 2020-01-01
// own
// parties: everybody

@id("clinic.asked")
@agreement("clinic")
@legal_basis("made up")
@explain("The clinic is asked about an adult")
permit (principal == Role::"substance_misuse", action, resource)
when { resource in [Category::"case_reference", Category::"family_network"] }
when { context.purpose == "clinic-asked" };

@id("probation.asked")
@agreement("clinic")
@legal_basis("made up")
@explain("Probation is asked about an adult")
permit (principal == Role::"probation", action, resource == Category::"family_network")
when { context.purpose == "probation-asked" && context.of_subject == "yes" };

@id("clinic.known")
@agreement("clinic")
@legal_basis("made up")
@explain("The front door hears whom the clinic treats")
permit (principal == Role::"front_door", action, resource == Category::"adult_health_and_treatment")
when { context.purpose == "front-door" && context.subject_role == "adult" };
"""
ADULT = {"ref": "adult-1", "given_name": "Gail", "family_name": "Made-Up", "born": "1985-02-03", "nhs_number": "9990000042"}


@pytest.fixture
def deciding(tmp_path: Path) -> Deciding:
    """A pack that answers which school and which clinic know somebody."""
    pack = load_pack(varied(tmp_path, duties=DUTIES, agreement=AGREEMENT))
    return Deciding(policy=policy_of(pack, NIGHT.date()))


def referral(deciding: Deciding, *, children: tuple[dict[str, Any], ...] = (), adults: tuple[dict[str, Any], ...] = ()) -> Told:
    """A referral by a school that knows none of them."""
    people = {"children": list(children), "adults": list(adults)}
    return deciding.post("elm.dsl", "referral", {name: named for name, named in people.items() if named})


def answers(told: Told, field: str) -> list[tuple[str, str, Any]]:
    """Service, answer and desks, as the front door reads them."""
    return [(one["service"], one["answer"], one.get("desks")) for one in told.message("hub.front-door").get(field, ())]


def test_a_service_that_tells_of_everybody_is_answered_with_yes_or_no(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    said = answers(referral(deciding, children=(a_child(1), a_child(2))), "known_to")
    assert sorted(said, key=str) == [("school_dsl", "no", None), ("school_dsl", "yes", ["oak.dsl"])]


def test_a_service_that_does_not_is_answered_with_yes_or_unknown(deciding: Deciding) -> None:
    assert answers(referral(deciding, adults=(ADULT,)), "known_to_treatment") == [("substance_misuse", "unknown", None)]
    deciding.tie(ADULT, "clinic.duty", "treats")
    assert answers(referral(deciding, adults=(ADULT,)), "known_to_treatment") == [("substance_misuse", "yes", ["clinic.duty"])]


def test_the_services_own_word_answers_and_nobody_elses(deciding: Deciding) -> None:
    deciding.tie(ADULT, "clinic.duty", "treats", by="oak.dsl")
    assert answers(referral(deciding, adults=(ADULT,)), "known_to_treatment") == [("substance_misuse", "unknown", None)]
    deciding.tie(ADULT, "clinic.duty", "treats", by="clinic.duty")
    assert answers(referral(deciding, adults=(ADULT,)), "known_to_treatment") == [("substance_misuse", "yes", ["clinic.duty"])]


def begins(deciding: Deciding, worker: dict[str, str] | None = None, **more: Any) -> Told:
    """The clinic says that it treats the adult, and who of it does."""
    about = {"adults": [ADULT], "about": ["adult-1"], "relation": "treats", "desk": "clinic.duty", **more}
    return deciding.post("clinic.duty", "involvement-started", about | ({"worker": worker} if worker else {}))


def contacts(told: Told) -> list[tuple[str | None, str | None]]:
    """Workers and contacts, as the front door reads them."""
    return [(one.get("worker"), one.get("contact")) for one in told.message("hub.front-door")["known_to_treatment"]]


def test_the_answer_names_the_worker_whom_the_service_named_last(deciding: Deciding) -> None:
    begins(deciding, {"name": "Wren Worker", "contact": "01632 960011"})
    assert contacts(referral(deciding, adults=(ADULT,))) == [("Wren Worker", "01632 960011")]
    begins(deciding, {"name": "Toni Worker", "contact": "01632 960012"})
    assert contacts(referral(deciding, adults=(ADULT,))) == [("Toni Worker", "01632 960012")]
    begins(deciding, {"name": "Wren Worker"})
    assert contacts(referral(deciding, adults=(ADULT,))) == [("Wren Worker", None)]


def test_a_confirmation_without_a_worker_leaves_the_one_who_was_named(deciding: Deciding) -> None:
    begins(deciding, {"name": "Wren Worker", "contact": "01632 960011"})
    deciding.tie(ADULT, "clinic.duty", "treats")
    assert contacts(referral(deciding, adults=(ADULT,))) == [("Wren Worker", "01632 960011")]


def test_the_same_worker_again_changes_nothing(deciding: Deciding) -> None:
    for _ in range(2):
        begins(deciding, {"name": "Wren Worker", "contact": "01632 960011"})
        assert contacts(referral(deciding, adults=(ADULT,))) == [("Wren Worker", "01632 960011")]


def test_a_worker_goes_with_the_tie(deciding: Deciding) -> None:
    begins(deciding, {"name": "Wren Worker"})
    begins(deciding, {"name": "Toni Worker"})
    deciding.untie(ADULT, "clinic.duty", "treats", by="clinic.duty")
    assert contacts(referral(deciding, adults=(ADULT,))) == [(None, None)]
    assert answers(referral(deciding, adults=(ADULT,)), "known_to_treatment") == [("substance_misuse", "unknown", None)]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({}, id="nobody-is-named"),
        pytest.param({"worker": {"name": "Wren Worker", "desk": "oak.dsl"}}, id="of-another-desk"),
        pytest.param({"worker": {"name": "Wren Worker"}, "sharing": {"withhold_from": ["oak"]}}, id="withheld-from-somebody"),
    ],
)
def test_no_worker_is_kept_whom_the_service_did_not_name_for_everybody(deciding: Deciding, said: dict[str, Any]) -> None:
    begins(deciding, **said)
    told = referral(deciding, adults=(ADULT,))
    assert contacts(told) == [(None, None)]
    assert answers(told, "known_to_treatment") == [("substance_misuse", "yes", ["clinic.duty"])]


def test_a_desk_that_has_anothers_work_has_workers_of_its_own(tmp_path: Path) -> None:
    deciding = deciding_across(tmp_path)
    about = {"children": [a_child(1)], "about": ["child-1"], "relation": "school", "desk": "oak.dsl", "worker": {"name": "Wren Worker"}}
    deciding.post("oak.dsl", "involvement-started", about)
    school = Service(Role.school_dsl, "each-child", complete=False)

    def answered() -> list[tuple[set[str], str | None]]:
        case = deciding.post("police.pvp", "police-incident", an_incident(a_child(1))).case
        found = answer(case, school, deciding.policy.directory, deciding.policy.today, to=("hub.front-door",))
        return [(set(one.desks), one.worker) for one in found]

    assert answered() == [({"oak.dsl"}, "Wren Worker")]
    the_day_comes(deciding)
    assert answered() == [({"grove.dsl"}, None)]


def test_who_no_longer_works_with_somebody_does_not_know_her_now(deciding: Deciding) -> None:
    deciding.tie(a_child(1), "oak.dsl", "school")
    deciding.untie(a_child(1), "oak.dsl", "school")
    assert answers(referral(deciding, children=(a_child(1),)), "known_to") == [("school_dsl", "no", None)]


def test_of_somebody_who_is_not_identified_nobody_knows(deciding: Deciding) -> None:
    assert answers(referral(deciding, adults=({**ADULT, "nhs_number": None},)), "known_to_treatment") == [
        ("substance_misuse", "unknown", None)
    ]


def test_a_service_is_asked_only_where_the_exchange_does_not_know(deciding: Deciding) -> None:
    assert "clinic.duty" in referral(deciding, adults=(ADULT,)).desks
    deciding.tie(ADULT, "clinic.duty", "treats")
    assert "clinic.duty" not in referral(deciding, adults=(ADULT,)).desks


def test_a_role_is_asked_about_those_adults_alone_whom_no_service_is_known_to_work_with(deciding: Deciding) -> None:
    other = {**ADULT, "ref": "adult-2", "given_name": "Hal", "nhs_number": "9990000050"}
    deciding.tie(ADULT, "clinic.duty", "treats")
    told = referral(deciding, adults=(ADULT, other))
    assert [adult["given_name"] for adult in told.message("probation.duty")["adults"]] == ["Hal"]
    deciding.tie(other, "probation.duty", "manages")
    assert "probation.duty" not in {d.desk for d in referral(deciding, adults=(ADULT, other)).decision.disclosures}


def test_no_role_is_asked_about_an_adult_who_is_not_identified(deciding: Deciding) -> None:
    told = referral(deciding, adults=({**ADULT, "nhs_number": None},))
    assert told.case.unsure
    assert "probation.duty" not in {d.desk for d in told.decision.disclosures}


def test_the_answer_goes_to_no_desk_that_the_duty_does_not_answer(deciding: Deciding) -> None:
    deciding.tie(ADULT, "clinic.duty", "treats")
    told = referral(deciding, children=(a_child(1),), adults=(ADULT,))
    for disclosure in told.decision.disclosures:
        paths = {path for given in disclosure.given for path in given.section.body}
        assert disclosure.desk == "hub.front-door" or not any(path.startswith("known_to") and "/" in path for path in paths)
