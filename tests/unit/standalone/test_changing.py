"""A pack's copy is changed so that it still loads, and so that exactly what was meant has no effect any more."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from frontdoor_router.adapters.chapters import rule_folders
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.editing import copy_of, let_last, plant, rows_of, switch_off
from frontdoor_standalone.rehearsal.lines import NotAnswered
from frontdoor_standalone.rehearsal.renaming import rename
from frontdoor_standalone.rehearsal.scenario import load
from frontdoor_standalone.rehearsal.switching import checks_of, forbidden
from support.deciding import TEST_PACK
from support.packs import spoil

NIGHT = date(2020, 11, 10)
STOCKTON = pack_folder("stockton")
SCENARIO = STOCKTON / "rehearsals" / "domestic-abuse-night.yaml"


@pytest.mark.parametrize("row", ["D1", "D10", "B4", "F16", "L23"])
def test_a_row_switched_off_is_served_by_nothing_in_force(row: str, tmp_path: Path) -> None:
    copy = copy_of(STOCKTON, tmp_path)
    assert switch_off(copy, row) > 0
    changed = load_pack(copy)
    assert not any(row in duty.rows for duty in changed.duties if duty.in_force(NIGHT))
    assert not any(row in expects.rows for expects in changed.expects if expects.in_force(NIGHT))
    assert not any(row in rows_of(policy.text) for agreement in changed.agreements for policy in agreement.policies)


def test_a_rule_that_is_older_than_the_pack_is_in_force_on_no_day_of_a_scenario(tmp_path: Path) -> None:
    copy = copy_of(pack_folder("wandsworth"), tmp_path)  # begins on 1 September 2021, the chapters in 2020
    assert switch_off(copy, "O4") > 0
    duties = [duty for duty in load_pack(copy).duties if "O4" in duty.rows]
    assert [duty.in_force(date(2021, 9, 2)) for duty in duties] == [False] * len(duties)


def test_other_rules_stay_as_they_were(tmp_path: Path) -> None:
    before, copy = load_pack(STOCKTON), copy_of(STOCKTON, tmp_path)
    switch_off(copy, "D10")
    after = load_pack(copy)
    kept = [d.id for d in before.duties if "D10" not in d.rows and d.in_force(NIGHT)]
    assert [d.id for d in after.duties if d.in_force(NIGHT)] == kept


def test_a_copy_has_chapters_of_its_own_and_says_the_same(tmp_path: Path) -> None:
    copy = copy_of(STOCKTON, tmp_path)
    assert load_pack(copy).hash == load_pack(STOCKTON).hash
    folders = rule_folders(copy)
    assert [folder.name for folder in folders] == [folder.name for folder in rule_folders(STOCKTON)]
    assert all(folder.is_relative_to(tmp_path) for folder in folders)
    assert not (copy / "rehearsals").exists()


def test_a_copy_of_a_pack_that_adopts_nothing_is_that_pack_alone(tmp_path: Path) -> None:
    copy = copy_of(TEST_PACK, tmp_path)
    assert copy == tmp_path / TEST_PACK.name
    assert list(tmp_path.iterdir()) == [copy]
    assert load_pack(copy).hash == load_pack(TEST_PACK).hash


def test_chapters_that_lie_inside_the_pack_are_copied_with_it(tmp_path: Path) -> None:
    pack = copy_of(STOCKTON, tmp_path / "first")
    shutil.move(tmp_path / "first" / "procedures", pack / "chapters")
    spoil(pack, "agencies.toml", '"../../procedures"', '"chapters"')
    copy = copy_of(pack, tmp_path / "second")
    assert load_pack(copy).hash == load_pack(pack).hash
    assert all(folder.is_relative_to(tmp_path / "second") for folder in rule_folders(copy))


def test_changing_a_copy_leaves_pack_and_chapters_as_they_were(tmp_path: Path) -> None:
    before = load_pack(STOCKTON).hash
    copy = copy_of(STOCKTON, tmp_path)
    switch_off(copy, "D10")
    plant(copy, tell=[(EventType.police_incident, "nps.duty")])
    assert load_pack(copy).hash != before
    assert load_pack(STOCKTON).hash == before


def test_a_row_that_nothing_stands_for_is_noticed(tmp_path: Path) -> None:
    assert switch_off(copy_of(STOCKTON, tmp_path), "P9") == 0


def test_planting_tells_a_desk_and_takes_prohibitions_away(tmp_path: Path) -> None:
    copy = copy_of(STOCKTON, tmp_path)
    plant(copy, tell=[(EventType.police_incident, "nps.duty"), (EventType.police_incident, "ash-primary.deputy")])
    changed = load_pack(copy)
    assert [d.relation for d in changed.duties[-2:]] == ["desk:ash-primary.deputy", "desk:nps.duty"]
    assert all(policy.effect == "permit" for agreement in changed.agreements for policy in agreement.policies)


def test_an_agency_that_lasts_has_no_end_and_nobody_has_its_work(tmp_path: Path) -> None:
    copy, merger = copy_of(STOCKTON, tmp_path), date(2021, 6, 26)
    let_last(copy, ["nps"])
    directory = load_pack(copy).directory
    acting = {desk: found.id for desk in ("nps.duty", "nps.manager", "crc.duty") if (found := directory.acting(desk, merger))}
    assert acting == {"nps.duty": "nps.duty", "nps.manager": "nps.manager", "crc.duty": "probation.duty"}


def test_who_is_told_nothing_for_having_ended_is_tried_apart_as_if_it_had_not() -> None:
    written = load(STOCKTON / "rehearsals" / "probation-unified.yaml")
    planted = {check.lasting: check for check in checks_of(written) if check.row is None}
    because = {lasting: {getattr(written.scenario.expect[n], "because", None) for n in check.lines} for lasting, check in planted.items()}
    assert because[True] == {"ended"}
    assert "ended" not in because[False]
    assert planted[True].says != planted[False].says


def test_a_renamed_pack_and_scenario_have_no_old_name_left(tmp_path: Path) -> None:
    scenario, pack = rename(SCENARIO, STOCKTON, tmp_path)
    old, new = load_pack(STOCKTON).directory, load_pack(pack).directory
    assert len(new.desks) == len(old.desks)
    assert not set(new.desks) & set(old.desks)
    assert not {d.email.split("@")[1] for d in new.desks.values()} & {d.email.split("@")[1] for d in old.desks.values()}
    text = scenario.read_text(encoding="utf-8")
    assert not [desk for desk in old.desks if desk in text]
    assert not {"ava", "ben", "cal"} & set(load(scenario).scenario.people)


def test_every_row_and_every_negative_claim_is_checked() -> None:
    checks = checks_of(load(SCENARIO))
    assert [c.row for c in checks] == ["D1", "D2", "O5", "L23", "C32", "D10", "D3", None]
    scenario = load(SCENARIO).scenario
    first = forbidden(scenario.expect[0], scenario)
    assert set(first) == {
        "the absence of home_and_contact",
        "the absence of locating",
        "the absence of offence_and_court",
        "the silence about “Ben”",
        "the silence about “Cal”",
        "the silence about “1 Marker Lane”",
        "about_only",
    }


def test_a_line_that_says_only_what_must_not_happen_is_tried_by_planting_alone() -> None:
    written = load(STOCKTON / "rehearsals" / "conference-crc-only.yaml")
    of_k8 = [n for n, line in enumerate(written.scenario.expect) if "K8" in line.rows]
    tried = {check.row: check.lines for check in checks_of(written)}
    assert [type(written.scenario.expect[n]).__name__ for n in of_k8] == ["Told", "NotTold"]
    assert tried["K8"] == (of_k8[0],)
    assert of_k8[1] in tried[None]


def test_being_about_the_only_child_there_is_forbids_nothing() -> None:
    scenario = load(STOCKTON / "rehearsals" / "referral-outcomes.yaml").scenario
    told = next(line for line in scenario.expect if getattr(line, "about_only", None))
    assert forbidden(told, scenario) == {}


def test_not_to_be_answered_is_a_claim_unless_the_question_itself_says_too_little() -> None:
    scenario = load(STOCKTON / "rehearsals" / "questions.yaml").scenario
    claims = {line.sentence(): forbidden(line, scenario) for line in scenario.expect if isinstance(line, NotAnswered)}
    assert claims == {
        "beck-academy.dsl not answered not-its-pupil: nothing-to-say": {"not answering beck-academy.dsl": "beck-academy.dsl, "},
        "police.pvp not answered by-name: not-identified": {},
    }
