"""Chapters of common procedures: what a pack adopts, replaces and leaves out, and every way to get that wrong."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from frontdoor_chassis.directory import load_directory
from frontdoor_chassis.toml_places import PackError
from frontdoor_router.adapters.chapters import rule_folders
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.deadlines import Hours
from frontdoor_router.core.pack import Pack
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.editing import copy_of
from support.deciding import TEST_PACK
from support.packs import PARTNERSHIPS, spoil, the_pack

NOVEMBER = date(2020, 11, 10)
PROCEDURES = PARTNERSHIPS.parent / "procedures"

DUTY = """
[[duty]]
id = "{id}"
from = 2020-01-01
own = true
on = "{on}"
tell = {{relation = "{relation}", of = "event"}}
because = "{because}"
deadline = "{deadline}"
satisfied_by = ["received"]
"""

EXPECTS = """
[[expects]]
id = "{id}"
from = 2020-01-01
own = true
on = "{on}"
field = "{field}"
deadline = "{deadline}"
"""

PATTERN = """
[[pattern]]
id = "{id}"
from = 2020-01-01
own = true
counts = ["referral"]
within_days = {days}
at_least = 2
"""

DEADLINE = """
[[deadline]]
id = "{id}"
kind = "working-hours"
hours = {hours}
open = "{hours_of}"
from = 2019-09-01
own = true
"""

AGREEMENT = """// agreement: {agreement}
// from: 2020-01-01
// own
// parties: all

@id("{id}")
@agreement("{agreement}")
@legal_basis("some law")
@explain("some words")
permit (principal == Role::"front_door", action, resource == Category::"case_reference")
when {{ context.purpose == "{purpose}" }};
"""


def a_duty(
    id_: str, *, on: str = "referral", relation: str = "role:front_door", because: str = "front-door", deadline: str = "at-once"
) -> str:
    return DUTY.format(id=id_, on=on, relation=relation, because=because, deadline=deadline)


def an_expectation(id_: str, *, on: str = "referral", field: str = "concerns", deadline: str = "at-once") -> str:
    return EXPECTS.format(id=id_, on=on, field=field, deadline=deadline)


def a_deadline(id_: str, *, hours: int = 1, hours_of: str = "always") -> str:
    return DEADLINE.format(id=id_, hours=hours, hours_of=hours_of)


def a_pattern(id_: str, *, days: int = 90) -> str:
    return PATTERN.format(id=id_, days=days)


def an_agreement(agreement: str, *, id_: str = "made-up.permit", purpose: str = "front-door") -> str:
    return AGREEMENT.format(agreement=agreement, id=id_, purpose=purpose)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the Stockton pack with its chapters."""
    return copy_of(PARTNERSHIPS / "stockton", tmp_path)


@pytest.fixture
def chapters(pack: Path) -> Path:
    """The chapters of the copy."""
    return pack.parents[1] / "procedures"


def write(path: Path, text: str) -> Path:
    """Add to a file that may not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)
    return path


def head(pack: Path, key: str, value: str) -> int:
    """Give a key of `[partnership]` a value. The line on which it stands."""
    path = pack / "agencies.toml"
    lines = path.read_text().splitlines()
    place = lines.index("[partnership]") + 1
    path.write_text("\n".join([*lines[:place], f"{key} = {value}", *lines[place:]]) + "\n")
    return place + 1


def adopt(pack: Path, *names: str) -> None:
    """Adopt more chapters."""
    spoil(pack, "agencies.toml", "adopts = [", "adopts = [\n  " + "".join(f'"{n}", ' for n in names))


def faults(pack: Path) -> list[str]:
    """All that is wrong with a pack, each as it is said."""
    with pytest.raises(PackError) as raised:
        load_pack(pack)
    return [str(fault) for fault in raised.value.faults]


def ids(pack: Pack) -> set[str]:
    return {d.id for d in pack.duties}


def test_rules_of_adopted_chapters_hold_with_the_packs_own() -> None:
    pack = the_pack("stockton")
    assert pack.chapters["duty", "encompass-school"] == "domestic-abuse"
    assert pack.chapters["expects", "outcome-reason"] == "outcomes"
    assert pack.chapters["deadline", "cannot-decide"] == "core"
    assert pack.chapters["agreement", "conferences"] == "conferences"
    assert "incident-open" in ids(pack)
    assert ("duty", "incident-open") not in pack.chapters
    assert ("deadline", "incident-open") not in pack.chapters


def test_every_chapter_there_is_is_adopted_by_a_pack_of_this_repository() -> None:
    adopted = {folder.name for file in PARTNERSHIPS.glob("*/agencies.toml") for folder in rule_folders(file.parent)[:-1]}
    assert adopted == {folder.name for folder in PROCEDURES.iterdir()}


def test_a_pack_that_adopts_nothing_has_nothing_but_its_own() -> None:
    assert the_pack("harbourside").chapters == {}
    assert rule_folders(TEST_PACK) == (TEST_PACK,)


def test_the_directory_is_the_same_for_services_that_read_no_rules(pack: Path, chapters: Path) -> None:
    shutil.rmtree(chapters)
    assert load_directory(pack) == the_pack("stockton").directory


def test_adopted_rules_come_in_the_order_of_adoption_and_the_packs_own_last(pack: Path, chapters: Path) -> None:
    write(chapters / "b-first" / "duties.toml", a_duty("one") + a_duty("two"))
    write(chapters / "a-second" / "duties.toml", a_duty("three"))
    write(pack / "duties.toml", a_duty("four"))
    adopt(pack, "b-first", "a-second")
    found = [d.id for d in load_pack(pack).duties_for(EventType.referral, NOVEMBER)]
    assert [d for d in found if d in {"one", "two", "three", "four"}] == ["one", "two", "three", "four"]


def test_a_duty_of_the_packs_own_replaces_every_version_of_the_adopted_one(pack: Path) -> None:
    write(pack / "duties.toml", a_duty("encompass-school", on="police-incident"))
    loaded = load_pack(pack)
    (found,) = [d for d in loaded.duties if d.id == "encompass-school"]
    assert found.relation == "role:front_door"
    assert ("duty", "encompass-school") not in loaded.chapters


def test_an_expectation_of_the_packs_own_replaces_the_adopted_one(pack: Path) -> None:
    write(pack / "completeness.toml", an_expectation("outcome-reason", on="referral-outcome", field="route"))
    assert [e.field for e in load_pack(pack).expects if e.id == "outcome-reason"] == ["route"]


def test_a_deadline_of_the_packs_own_replaces_the_adopted_one(pack: Path) -> None:
    spoil(
        pack,
        "calendar.toml",
        "[[deadline]]",
        '[[deadline]]\nid = "encompass"\nkind = "hours"\nhours = 3\nfrom = 2019-09-01\nown = true\n\n[[deadline]]',
    )
    loaded = load_pack(pack)
    assert [d.rule for d in loaded.deadlines if d.id == "encompass"] == [Hours(3)]
    assert ("deadline", "encompass") not in loaded.chapters


def test_a_pattern_of_the_packs_own_replaces_the_adopted_one(pack: Path, chapters: Path) -> None:
    write(chapters / "outcomes" / "patterns.toml", a_pattern("again") + a_pattern("once-more"))
    write(pack / "patterns.toml", a_pattern("again", days=30))
    loaded = load_pack(pack)
    mine = {p.id: p.within_days for p in loaded.patterns if p.id in {"again", "once-more"}}
    assert mine == {"once-more": 90, "again": 30}
    assert loaded.chapters["pattern", "once-more"] == "outcomes"
    assert ("pattern", "again") not in loaded.chapters


def test_a_duty_whose_pattern_is_left_out_is_a_fault_and_one_whose_pattern_cannot_be_read_is_not(pack: Path, chapters: Path) -> None:
    patterns = write(chapters / "outcomes" / "patterns.toml", a_pattern("again"))
    counted = a_duty("again-told", relation="school").replace('of = "event"', 'of = "each-child"') + 'pattern = "again"\n'
    path = write(chapters / "outcomes" / "duties.toml", counted)
    assert load_pack(pack).duty("again-told", NOVEMBER).pattern == "again"
    head(pack, "without", '["again"]')
    (fault,) = faults(pack)
    assert fault.startswith(f"{path}:")
    assert "no pattern again is in force on 2020-01-01" in fault
    write(patterns, "[[")
    (fault,) = faults(pack)
    assert fault.startswith(f"{patterns}:")


def test_an_agreement_of_the_packs_own_replaces_the_adopted_one_and_may_use_its_policy_ids(pack: Path) -> None:
    write(pack / "agreements" / "hub-check.cedar", an_agreement("hub-check", id_="hub-check.police", purpose="hub-check"))
    (found,) = [a for a in load_pack(pack).agreements if a.id == "hub-check"]
    assert [p.explain for p in found.policies] == ["some words"]


def test_what_does_not_hold_here_is_left_out_whatever_kind_it_is(pack: Path) -> None:
    """`encompass-early-years` is a duty and an agreement."""
    due = ("core-group-minutes-due", "child-in-need-minutes-due")
    head(pack, "without", str(["encompass-early-years", "outcome-reason", "core-group-minutes", *due]))
    write(pack / "calendar.toml", "")
    spoil(pack, "calendar.toml", "[[deadline]]", a_deadline("outcome-reason").lstrip() + "\n[[deadline]]")
    loaded = load_pack(pack)
    assert "encompass-early-years" not in ids(loaded)
    assert "encompass-early-years" not in {a.id for a in loaded.agreements}
    assert "outcome-reason" not in {e.id for e in loaded.expects}
    assert "core-group-minutes" not in {d.id for d in loaded.deadlines}


def test_what_is_left_out_need_not_fit_the_pack(pack: Path, chapters: Path) -> None:
    write(chapters / "more" / "duties.toml", a_duty("to-courts", relation="role:court", deadline="by-night", because="night"))
    write(chapters / "more" / "deadlines.toml", a_deadline("by-night", hours_of="night"))
    write(chapters / "more" / "completeness.toml", an_expectation("night-voice", deadline="some-day"))
    adopt(pack, "more")
    assert len(faults(pack)) == 3
    head(pack, "without", '["to-courts", "by-night", "night-voice"]')
    assert load_pack(pack).warnings == ()


def test_an_adopted_agreement_may_speak_of_the_purpose_of_a_duty_that_does_not_hold_here(pack: Path) -> None:
    head(pack, "without", '["strategy-named", "strategy-police"]')
    loaded = load_pack(pack)
    assert "strategy-discussion" not in loaded.purposes
    assert loaded.agreements_on(NOVEMBER)


def test_an_agreement_of_the_packs_own_may_not(pack: Path) -> None:
    head(pack, "without", '["strategy-named", "strategy-police"]')
    own = write(pack / "agreements" / "own.cedar", an_agreement("own", purpose="strategy-discussion"))
    (fault,) = faults(pack)
    assert fault.startswith(f"{own}:11: purpose is never “strategy-discussion”")


@pytest.mark.parametrize(
    ("kind", "file", "text"),
    [
        ("duty", "duties.toml", a_duty("both")),
        ("expects", "completeness.toml", an_expectation("both")),
        ("deadline", "deadlines.toml", a_deadline("both")),
        ("pattern", "patterns.toml", a_pattern("both")),
    ],
)
@pytest.mark.parametrize("without", ["[]", '["both"]'])
def test_two_chapters_may_not_give_one_rule_even_where_the_pack_leaves_it_out(
    pack: Path, chapters: Path, kind: str, file: str, text: str, without: str
) -> None:
    write(chapters / "first" / file, text)
    second = write(chapters / "second" / file, "# another\n" + text)
    adopt(pack, "first", "second")
    head(pack, "without", without)
    assert faults(pack) == [f"{second}:4: {kind} “both” is given by chapter first as well"]


def test_two_chapters_may_not_give_one_agreement_even_at_different_times(pack: Path, chapters: Path) -> None:
    later = an_agreement("outcomes", id_="later.outcome").replace("// from: 2020-01-01", "// from: 2030-01-01")
    earlier = chapters / "outcomes" / "agreements" / "outcomes.cedar"
    earlier.write_text(earlier.read_text().replace("// from: 2020-01-01\n", "// from: 2020-01-01\n// until: 2030-01-01\n"))
    extra = write(chapters / "extra" / "agreements" / "outcomes.cedar", later)
    adopt(pack, "extra")
    assert faults(pack) == [f"{earlier}:1: agreement “outcomes” is given by chapter extra as well"]
    assert extra.is_file()


def test_policies_of_two_chapters_may_not_share_an_id(pack: Path, chapters: Path) -> None:
    extra = write(chapters / "extra" / "agreements" / "extra.cedar", an_agreement("extra", id_="core.audience"))
    spoil(pack, "agencies.toml", '"information-requests",', '"information-requests", "extra",')
    (fault,) = faults(pack)
    assert fault.startswith(f"{extra}:6: @id(“core.audience”) is taken by {chapters}/core/agreements/core-forbids.cedar:")


@pytest.mark.parametrize("known", ["duties.toml", "completeness.toml", "deadlines.toml", "agreements/outcomes.cedar"])
def test_a_chapter_that_is_not_there_is_named_with_those_there_are_and_nothing_is_guessed(pack: Path, chapters: Path, known: str) -> None:
    path, line = spoil(pack, "agencies.toml", '"outcomes"', '"outcome"')
    assert (chapters / "outcomes" / known).is_file()
    (fault,) = faults(pack)
    assert fault.startswith(f"{path}:{line}: no chapter outcome; there are ")
    assert all(chapter.name in fault for chapter in chapters.iterdir())


def test_procedures_that_are_not_there_are_named_at_their_line(pack: Path, chapters: Path) -> None:
    path, line = spoil(pack, "agencies.toml", 'procedures = "../../procedures"', 'procedures = "../../elsewhere"')
    assert faults(pack) == [f"{path}:{line}: no folder {chapters.parent / 'elsewhere'}"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('procedures = "../../procedures"\n', "", "procedures is missing"),
        ('procedures = "../../procedures"', 'procedures = "/etc"', "is not relative to the pack's folder"),
        ('"core", "domestic-abuse"', '"core", "../core"', "partnership.adopts.1: String should match pattern"),
        ('"core", "domestic-abuse"', '"core", "domestic-abuse", "core"', "“core” is named twice"),
        ("number = 1", 'number = 1\nwithout = ["read-minutes", "read-minutes"]', "“read-minutes” is named twice"),
        ("number = 1", 'number = 1\nwithout = ["nothing-of-the-kind"]', "no adopted chapter has “nothing-of-the-kind”"),
        ("number = 1", 'number = 1\nwithout = ["incident-open"]', "no adopted chapter has “incident-open”"),
    ],
)
def test_what_agencies_toml_says_wrongly_is_told_with_its_line(pack: Path, old: str, new: str, reason: str) -> None:
    path, _ = spoil(pack, "agencies.toml", old, new)
    found = [fault for fault in faults(pack) if reason in fault]
    assert found
    assert all(fault.startswith(f"{path}:") for fault in found)


def test_a_pack_without_chapters_has_nothing_to_do_without(tmp_path: Path) -> None:
    alone = copy_of(TEST_PACK, tmp_path)
    line = head(alone, "without", '["notice"]')
    assert faults(alone) == [f"{alone / 'agencies.toml'}:{line}: no adopted chapter has “notice”"]


@pytest.mark.parametrize(
    ("file", "reason", "without"),
    [
        ("duties.toml", "is not TOML", "outcome-involved"),
        ("completeness.toml", "is not TOML", "outcome-route"),
        ("deadlines.toml", "is not TOML", "outcome-reason"),
        ("agreements/outcomes.cedar", "is not Cedar", "outcomes"),
    ],
)
def test_what_cannot_be_read_in_a_chapter_is_told_and_nothing_that_hangs_on_it(
    pack: Path, chapters: Path, file: str, reason: str, without: str
) -> None:
    head(pack, "without", f'["{without}"]')
    path = write(chapters / "outcomes" / file, "[[")
    (fault,) = faults(pack)
    assert fault.startswith(f"{path}:")
    assert reason in fault


def test_a_chapter_of_another_shape_is_a_fault_of_its_file(pack: Path, chapters: Path) -> None:
    path = write(chapters / "outcomes" / "deadlines.toml", '\n[[term]]\nname = "autumn"\n')
    (fault,) = faults(pack)
    assert fault.startswith(f"{path}:")
    assert "term: Extra inputs are not permitted" in fault


def test_two_versions_of_an_adopted_deadline_may_not_share_a_day(pack: Path, chapters: Path) -> None:
    path = write(chapters / "outcomes" / "deadlines.toml", a_deadline("outcome-reason"))
    (fault,) = faults(pack)
    assert fault.startswith(f"{path}:")
    assert "“outcome-reason” is in force on the same days as the one from 2019-09-01" in fault


def test_an_adopted_deadline_runs_by_hours_that_the_pack_has(pack: Path, chapters: Path) -> None:
    write(chapters / "outcomes" / "deadlines.toml", a_deadline("by-surgery", hours_of="surgery"))
    assert "by-surgery" in {d.id for d in load_pack(pack).deadlines}
    path = write(chapters / "outcomes" / "deadlines.toml", a_deadline("by-clinic", hours_of="clinic"))
    line = path.read_text().partition('open = "clinic"')[0].count("\n") + 1
    assert faults(pack) == [f"{path}:{line}: no opening hours are called “clinic”"]


def test_a_file_that_no_chapter_has_is_a_fault(pack: Path, chapters: Path) -> None:
    path = write(chapters / "outcomes" / "duty.toml", a_duty("unread"))
    write(chapters / "outcomes" / ".hidden", "")
    assert faults(pack) == [
        f"{path}: is none of duties.toml, completeness.toml, deadlines.toml, patterns.toml, lists.toml, measures.toml, agreements"
    ]


def test_an_empty_chapter_is_a_fault(pack: Path, chapters: Path) -> None:
    (chapters / "extra").mkdir()
    adopt(pack, "extra")
    (fault,) = faults(pack)
    assert fault.startswith(f"{chapters / 'extra'}: is empty")


def test_deadlines_of_a_packs_own_stand_in_its_calendar(pack: Path) -> None:
    path = write(pack / "deadlines.toml", a_deadline("unread"))
    assert faults(pack) == [f"{path}: is for chapters: a pack's own deadlines stand in calendar.toml"]


def test_a_pack_without_any_duty_is_refused(tmp_path: Path) -> None:
    alone = copy_of(TEST_PACK, tmp_path)
    (alone / "duties.toml").write_text("# none\n")
    assert f"{alone / 'duties.toml'}: there is no duty: nobody would have to be told anything" in faults(alone)


def test_when_the_pack_itself_cannot_be_read_chapters_are_not_blamed(pack: Path) -> None:
    path, line = spoil(pack, "agencies.toml", "[partnership]", "[partnership")
    (fault,) = faults(pack)
    assert fault.startswith(f"{path}:{line}: is not TOML")


def test_when_the_calendar_cannot_be_read_chapters_are_not_blamed(pack: Path) -> None:
    path, line = spoil(pack, "calendar.toml", "[calendar]", "[calendar")
    (fault,) = faults(pack)
    assert fault.startswith(f"{path}:{line}: is not TOML")


@pytest.mark.parametrize("file", ["duties.toml", "completeness.toml", "deadlines.toml", "agreements/outcomes.cedar"])
def test_the_hash_covers_every_file_of_an_adopted_chapter(pack: Path, chapters: Path, file: str) -> None:
    before = load_pack(pack).hash
    write(chapters / "outcomes" / file, "\n// a word more\n" if file.endswith(".cedar") else "\n# a word more\n")
    assert load_pack(pack).hash != before


def test_the_hash_leaves_out_chapters_that_are_not_adopted(pack: Path, chapters: Path) -> None:
    before = load_pack(pack).hash
    write(chapters / "not-adopted" / "duties.toml", a_duty("unheard-of"))
    assert load_pack(pack).hash == before


def test_the_hash_covers_the_name_of_the_chapter_and_of_the_file(pack: Path, chapters: Path) -> None:
    before = load_pack(pack).hash
    agreement = chapters / "outcomes" / "agreements" / "outcomes.cedar"
    agreement.rename(agreement.with_name("others.cedar"))
    assert load_pack(pack).hash != before
