"""What was shown able to fail is shown again when the story, the expectation or a rule that serves it changed, and not otherwise."""

import shutil
from pathlib import Path

import pytest

from frontdoor_standalone.commands.switching_off import forget, switch_off
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.editing import Rules
from frontdoor_standalone.rehearsal.runner import Runner
from frontdoor_standalone.rehearsal.scenario import load
from frontdoor_standalone.rehearsal.shown import LockError, Trial, changed, read_lock, write_lock
from frontdoor_standalone.servers import deploy_folder

D1, D10, C32, D3, PLANTED = (f"stockton/domestic-abuse-night {what}" for what in ("D1", "D10", "C32", "D3", "forbidden"))


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Stockton with the procedures that it adopts, to be changed."""
    shutil.copytree(deploy_folder("procedures"), tmp_path / "procedures")
    return Path(shutil.copytree(pack_folder("stockton"), tmp_path / "partnerships" / "stockton"))


@pytest.fixture
def scenario(pack: Path) -> Path:
    return pack / "rehearsals" / "domestic-abuse-night.yaml"


def _trials(scenario: Path, pack: Path) -> list[Trial]:
    return Trial.all_of(load(scenario), pack, Rules.of(pack))


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def _changed_by(file: Path, old: str, new: str, scenario: Path, pack: Path) -> set[str]:
    remembered = {t.key: t.fingerprint for t in _trials(scenario, pack)}
    assert {D1, D3, D10, PLANTED} <= remembered.keys()
    _replace(file, old, new)
    return {t.key for t in changed(_trials(scenario, pack), remembered)}


def test_nothing_is_shown_again_when_comments_and_titles_change(scenario: Path, pack: Path) -> None:
    assert _changed_by(scenario, "scenario: Domestic abuse", "# another\nscenario: Domestic", scenario, pack) == set()
    duties = pack.parents[1] / "procedures" / "domestic-abuse" / "duties.toml"
    assert _changed_by(duties, 'id = "encompass-school"', 'id = "encompass-school"  # schools', scenario, pack) == set()
    forbids = pack.parents[1] / "procedures" / "core" / "agreements" / "core-forbids.cedar"
    assert _changed_by(forbids, "@id(", "// of all\n@id(", scenario, pack) == set()


def test_nothing_is_shown_again_when_a_rule_comes_to_serve_another_row_as_well(scenario: Path, pack: Path) -> None:
    duties = pack.parents[1] / "procedures" / "domestic-abuse" / "duties.toml"
    assert _changed_by(duties, 'rows = ["D10", "C32"]', 'rows = ["D10", "C32", "A1"]', scenario, pack) == set()
    encompass = pack.parents[1] / "procedures" / "domestic-abuse" / "agreements" / "operation-encompass.cedar"
    assert _changed_by(encompass, '@rows("', '@rows("A1, ', scenario, pack) == set()


def test_everything_of_a_scenario_is_shown_again_when_its_story_changes(scenario: Path, pack: Path) -> None:
    keys = {t.key for t in _trials(scenario, pack)}
    assert _changed_by(scenario, "10 Nov 21:40", "10 Nov 21:41", scenario, pack) == keys


def test_a_row_is_shown_again_when_its_expectation_changes(scenario: Path, pack: Path) -> None:
    assert _changed_by(scenario, "about_only: [cal], rows: [D10]", "about_only: [cal], marks: urgent, rows: [D10]", scenario, pack) >= {D10}
    assert _changed_by(scenario, 'by: "11 Nov 08:00", rows: [D3]', "rows: [D3]", scenario, pack) == {D3}


def test_a_row_is_shown_again_when_a_rule_that_serves_it_changes(scenario: Path, pack: Path) -> None:
    duties = pack.parents[1] / "procedures" / "domestic-abuse" / "duties.toml"
    assert _changed_by(duties, "age = {from = -1, under = 5}", "age = {from = -1, under = 4}", scenario, pack) == {D10, C32}
    encompass = pack.parents[1] / "procedures" / "domestic-abuse" / "agreements" / "operation-encompass.cedar"
    served = f"{scenario.parents[1].name}/{scenario.stem} L23"
    assert _changed_by(encompass, 'context.of_subject == "yes"', 'context.of_subject == "unknown"', scenario, pack) >= {served}


def test_a_duty_under_a_pattern_stands_for_the_rows_of_the_pattern() -> None:
    rules = Rules(({"id": "tell", "pattern": "many"}, {"id": "other"}), ({"id": "many", "rows": ["E2"]},), ())
    assert rules.standing_for("E2") == ['{"id": "tell", "pattern": "many"}']
    assert rules.standing_for("E3") == []


def test_what_is_forbidden_is_shown_again_when_a_claim_changes_and_whatever_rule_does(scenario: Path, pack: Path) -> None:
    forbids = pack.parents[1] / "procedures" / "core" / "agreements" / "core-forbids.cedar"
    assert _changed_by(forbids, 'context.protected == "no"', 'context.protected == "yes"', scenario, pack) == set()
    assert _changed_by(scenario, "not_told: nps.duty", "not_told: crc.duty", scenario, pack) == {PLANTED}


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "some.lock"
    assert read_lock(file) == {}
    write_lock(file, {"stockton/a D1": "0" * 16, "harbourside/b forbidden": "f" * 16})
    assert read_lock(file) == {"stockton/a D1": "0" * 16, "harbourside/b forbidden": "f" * 16}
    assert file.read_text(encoding="utf-8").splitlines()[1].startswith("harbourside/")


def test_a_file_that_is_no_lock_is_refused_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "some.lock"
    file.write_text("# head\nstockton/a D1 xyz\n", encoding="utf-8")
    with pytest.raises(LockError, match=r"some\.lock:2: "):
        read_lock(file)


def test_what_there_is_no_longer_to_try_is_forgotten(scenario: Path, pack: Path, tmp_path: Path) -> None:
    file = tmp_path / "some.lock"
    trials = _trials(scenario, pack)
    write_lock(file, {"stockton/gone D1": "0" * 16, D1: "1" * 16})
    forget(file, trials)
    assert read_lock(file) == {D1: "1" * 16}


async def test_only_what_changed_is_tried_and_only_what_was_shown_is_remembered(
    scenario: Path, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = _trials(scenario, pack)
    file, tried = tmp_path / "some.lock", list[str]()

    async def run_check(_: Runner, check: object, __: Path) -> list[str]:
        key = next(t.key for t in trials if t.check is check)
        tried.append(key)
        return ["is met all the same"] if key == D10 else []

    monkeypatch.setattr("frontdoor_standalone.commands.switching_off.run_check", run_check)
    known = {t.key: t.fingerprint for t in trials}
    write_lock(file, {**known, D3: "0" * 16, D10: "0" * 16})
    assert await switch_off(_no_runner(), trials, file) == [False, True]
    assert tried == [D10, D3]
    assert read_lock(file) == {key: value for key, value in known.items() if key != D10}


def _no_runner() -> Runner:
    def never(*_: object) -> object:
        raise AssertionError("nothing is played here")

    return Runner(launch=never)  # type: ignore[arg-type]  # never called
