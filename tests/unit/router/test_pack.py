"""The packs of this repository load; what is wrong with a pack is told all at once, with file, line and reason."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from frontdoor_chassis.toml_places import PackError
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.duties import AgeRange, EachAdult, EachChild, Expect, WholeEvent
from frontdoor_router.core.pack import NoSuchDutyError, duties_without_agreement
from frontdoor_schemas.vocabulary import EventType, Role
from frontdoor_standalone.rehearsal.editing import copy_of
from support.deciding import TEST_PACK
from support.packs import PARTNERSHIPS, having, spoil, the_pack

NOVEMBER = date(2020, 11, 10)
THE_ACT = date(2025, 11, 7)
DAY = timedelta(days=1)
INCIDENT = EventType.police_incident


def ids(event_type: EventType, on: date = NOVEMBER) -> list[str]:
    return [d.id for d in the_pack("stockton").duties_for(event_type, on)]


@pytest.mark.parametrize("name", sorted(p.parent.name for p in PARTNERSHIPS.glob("*/agencies.toml")))
def test_the_packs_load_without_a_warning(name: str) -> None:
    pack = the_pack(name)
    assert pack.directory.name == name
    assert pack.warnings == ()


def test_a_closed_incident_tells_nobody() -> None:
    on_closing = the_pack("stockton").duties_for(EventType.incident_closed, NOVEMBER)
    assert [(d.id, d.tell) for d in on_closing] == [("closed-as-domestic-abuse", None)]


def test_what_an_incident_brings() -> None:
    assert set(ids(INCIDENT)) == {
        "encompass-school",
        "encompass-school-under-five",
        "encompass-early-years",
        "encompass-no-school",
        "encompass-gp",
        "encompass-health-visiting",
        "encompass-school-nursing",
        "incident-front-door",
        "incident-open",
        "incident-without-referral",
        "gatekeeper",
        "gatekeeper-own",
        "grade-again",
        "repeated-violence",
        "neglectful-home-health-visiting",
        "neglectful-home-school-nursing",
        "vulnerability-youth-justice",
    }


def test_one_version_of_a_duty_holds_on_a_day() -> None:
    pack = the_pack("stockton")
    before, after = pack.duty("encompass-school", THE_ACT - DAY), pack.duty("encompass-school", THE_ACT)
    assert (before.because, after.because) == ("operation-encompass", "s49a-notification")
    assert len(ids(INCIDENT, THE_ACT - DAY)) == len(ids(INCIDENT, THE_ACT)) == len(set(ids(INCIDENT, THE_ACT)))
    assert pack.duty("encompass-school", date(2019, 1, 1)) == after
    with pytest.raises(NoSuchDutyError):
        pack.duty("nothing", NOVEMBER)


def test_a_duty_is_read_as_it_is_written() -> None:
    duty = the_pack("stockton").duty("encompass-school", NOVEMBER)
    assert duty.tell == EachChild("school")
    assert duty.age == AgeRange(5, 19)
    assert duty.satisfied_by == ("opened", "told_by_telephone")
    assert duty.remind == ("-1h",)
    assert [(e.at, e.to) for e in duty.escalate] == [("-15m", "deputy"), ("+0m", "role:encompass")]
    assert duty.must_find
    assert not duty.stated
    assert duty.source is not None
    assert duty.rows == ("D1", "D2", "D3", "D4", "O5", "C32")


def test_a_duty_that_expects_tells_nobody_and_the_reply_satisfies_it() -> None:
    duty = the_pack("stockton").duty("referral-outcome", NOVEMBER)
    assert duty.tell is None
    assert duty.relation == ""
    assert duty.expect == Expect(EventType.referral_outcome, "role:front_door")
    assert duty.satisfied_by == ("reply:referral-outcome",)


def test_relations_of_children_adults_and_the_event_are_told_apart() -> None:
    pack = the_pack("stockton")
    assert pack.duty("hub-check-gp", NOVEMBER).tell == EachChild("gp")
    assert pack.duty("hub-check-probation", NOVEMBER).tell == EachAdult("manages")
    assert pack.duty("referral-front-door", NOVEMBER).tell == WholeEvent("role:front_door")
    assert the_pack("harbourside").duty("contact", NOVEMBER).tell == WholeEvent("desk:mash.screening")


@pytest.mark.parametrize(
    ("duty", "message", "source", "cause", "expected"),
    [
        ("hub-check-answered", {}, Role.substance_misuse, EventType.referral, True),
        ("hub-check-answered", {}, Role.substance_misuse, EventType.information_request, False),
        ("hub-check-answered", {}, Role.substance_misuse, None, False),
        ("outcome-police", {"route": "section_47_enquiry"}, Role.front_door, EventType.referral, True),
        ("outcome-police", {"route": "early_help"}, Role.front_door, EventType.referral, False),
        ("incident-front-door", {"adults": [{"ref": "adult-1"}]}, Role.police_safeguarding, None, False),
    ],
)
def test_when_a_duty_applies(duty: str, message: dict[str, object], source: Role, cause: EventType | None, expected: bool) -> None:
    assert the_pack("stockton").duty(duty, NOVEMBER).applies(message, source=source, cause=cause) is expected


def test_some_duties_depend_on_who_published() -> None:
    duty = the_pack("harbourside").duty("contact-check", NOVEMBER)
    assert duty.applies({}, source=Role.school_dsl, cause=None)
    assert not duty.applies({}, source=Role.police_safeguarding, cause=None)


@pytest.mark.parametrize(
    ("expects", "message", "source", "missing"),
    [
        ("outcome-reason", {"accepted": "no"}, Role.front_door, True),
        ("outcome-reason", {"accepted": "no", "reason_not_accepted": "Below threshold"}, Role.front_door, False),
        ("outcome-reason", {"accepted": "yes"}, Role.front_door, False),
    ],
)
def test_what_is_missing_from_an_outcome(expects: str, message: dict[str, object], source: Role, missing: bool) -> None:
    (found,) = [e for e in the_pack("stockton").expects_for(EventType.referral_outcome, NOVEMBER) if e.id == expects]
    assert found.missing(message, source=source) is missing


OWNED, NOBODYS = {"action": "visit", "owner": "oak.dsl"}, {"action": "write"}


@pytest.mark.parametrize(("actions", "missing"), [([OWNED], False), ([OWNED, NOBODYS], True), ([NOBODYS], True), ([], False)])
def test_each_action_of_minutes_has_an_owner(actions: list[dict[str, str]], missing: bool) -> None:
    expectations = the_pack("stockton").expects_for(EventType.core_group_minutes, NOVEMBER)
    (found,) = [e for e in expectations if e.id == "core-group-action-owner"]
    assert found.missing({"actions": actions}, source=Role.social_care) is missing


@pytest.mark.parametrize(("source", "missing"), [(Role.nps, True), (Role.crc, True), (Role.probation, True), (Role.school_dsl, False)])
def test_offending_history_is_expected_of_probation_alone(source: Role, missing: bool) -> None:
    (found,) = [e for e in the_pack("stockton").expects_for(EventType.referral, NOVEMBER) if e.id == "probation-offending"]
    assert found.missing({"concerns": [{"what": "x"}]}, source=source) is missing


def test_a_date_opens_the_next_epoch() -> None:
    pack = the_pack("stockton")
    before, after = pack.epoch(THE_ACT - DAY), pack.epoch(THE_ACT)
    assert (before.opens, after.opens) == (date(2020, 1, 1), THE_ACT)
    assert set(before.agreements) - set(after.agreements) == {"operation-encompass"}
    assert set(after.agreements) - set(before.agreements) == {"s49a-education", "encompass-early-years"}
    assert (before.number, before.hash) == (after.number, after.hash) == (1, pack.hash)
    assert before.id != after.id
    assert pack.next_epoch(NOVEMBER) == THE_ACT
    assert pack.next_epoch(THE_ACT) is None
    assert pack.epoch(date(2019, 12, 31)).agreements == ()


def test_the_agreements_of_an_epoch_are_parsed_once_and_keep_their_memory() -> None:
    pack = the_pack("stockton")
    assert pack.agreements_on(NOVEMBER) is pack.agreements_on(NOVEMBER + DAY)
    assert pack.agreements_on(NOVEMBER) is not pack.agreements_on(THE_ACT)
    assert pack.agreements_on(NOVEMBER).epoch == pack.epoch(NOVEMBER)


def test_a_duty_whose_agreement_ends_is_warned_of() -> None:
    pack = the_pack("stockton")
    duty = replace(pack.duty("encompass-school", NOVEMBER), until=None)
    (warning,) = duties_without_agreement([duty], pack.agreements, pack.directory)
    assert warning == "tells school_dsl, and no agreement in force on 2025-11-07 could permit it anything for “operation-encompass”"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the Stockton pack with its chapters, to be spoilt."""
    return copy_of(PARTNERSHIPS / "stockton", tmp_path)


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A copy of a pack that adopts nothing."""
    return copy_of(TEST_PACK, tmp_path)


ENDED = """
[[duty]]
id = "asked-of-the-court"
from = 2018-01-01
until = {until}
own = true
on = "involvement-ended"
tell = {{relation = "role:court", of = "event"}}
because = "involvement"
deadline = "early"
satisfied_by = ["received"]
"""
EARLY = """
[[deadline]]
id = "early"
kind = "working-days"
days = 1
from = 2018-01-01
own = true
"""


@pytest.mark.parametrize(("until", "sound"), [("2019-09-01", True), ("2019-09-02", False)])
def test_a_rule_that_ended_before_there_were_desks_needs_none_of_its_role(copied: Path, until: str, sound: bool) -> None:
    for name, more in (("duties.toml", ENDED.format(until=until)), ("calendar.toml", EARLY)):
        with (copied / name).open("a", encoding="utf-8") as file:
            file.write(more)
    if sound:
        assert load_pack(copied).duty("asked-of-the-court", date(2018, 6, 1)).because == "involvement"
    else:
        with pytest.raises(PackError, match="no desk fills the role court"):
            load_pack(copied)


OVERLAP = """
[[duty]]
id = "involvement-ended"
from = 2024-01-01
own = true
on = "involvement-ended"
tell = {relation = "source", of = "event"}
because = "involvement"
deadline = "read-status"
satisfied_by = ["received"]
"""

BAD = [
    # file, what is replaced, by what, lines below the place, reason
    ("agencies.toml", 'hours = "always"', 'hours = "sometimes"', 0, "no opening hours are called “sometimes”"),
    ("agencies.toml", 'time_zone = "Europe/London"', 'time_zone = "Europe/Paris"', 0, "the calendar's is Europe/London"),
    ("agencies.toml", 'role = "police_safeguarding"', 'role = "police"', 0, "role"),
    ("agencies.toml", 'email = "pvp@police.example"', 'email = "pvp@cleveland.police.uk"', 0, "not in a reserved domain"),
    ("agencies.toml", "[partnership]", "[partnership", 0, "is not TOML"),
    ("duties.toml", 'id = "encompass-school"', 'id = "Encompass School"', 0, "id"),
    ("duties.toml", "from = 2020-01-01", "", -2, "from: Field required"),
    ("duties.toml", 'rows = ["D1", "D2"', 'rows = ["D1", "Z99"', 0, "rows.1"),
    ("duties.toml", "until = 2025-11-07\n", "until = 2019-11-07\n", None, "never be in force"),
    ("duties.toml", "until = 2025-11-07\n", "", None, "in force on the same days"),
    ("duties.toml", "source =", "own = true\nsource =", -3, "either a source, or own = true"),
    ("duties.toml", 'on = "police-incident"', 'on = "police-accident"', 0, "on"),
    (
        "duties.toml",
        '{field = "domestic_abuse", is = "present"}',
        '{field = "domestic_abuze", is = "present"}',
        0,
        "no field domestic_abuze",
    ),
    ("duties.toml", '{field = "domestic_abuse", is = "present"}', '{field = "domestic_abuse"}', 0, "exactly one of is"),
    ("duties.toml", '{field = "out_of_hours", equals = "yes"}', '{field = "out_of_hours", equals = true}', 0, "out_of_hours is never true"),
    ("duties.toml", '{relation = "school", of', '{relation = "college", of', 0, "“college” is no relation of a child"),
    ("duties.toml", '{relation = "manages", of = "each-adult"}', '{relation = "school", of = "each-adult"}', 0, "no relation of an adult"),
    (
        "duties.toml",
        'tell = {relation = "manages", of = "each-adult"}',
        'tell = {relation = "manages", of = "each-adult"}\nonly_if_unknown = [{service = "probation", of = "each-child"}]',
        -6,
        "speaks of the same people throughout",
    ),
    ("duties.toml", '{relation = "role:front_door", of', '{relation = "role:king", of', 0, "“role:king” is none of"),
    ("duties.toml", '{relation = "role:front_door", of', '{relation = "role:court", of', 0, "no desk fills the role court"),
    ("duties.toml", '{relation = "role:front_door", of', '{relation = "desk:hub.back-door", of', 0, "no desk hub.back-door"),
    ("duties.toml", '{relation = "role:front_door", of', '{relation = "asked", of', 0, "a police-incident asks no desk"),
    (
        "duties.toml",
        '{relation = "manages", of = "each-adult"}',
        '{relation = "manages", of = "each-adult", stated = true}',
        0,
        "stated = true",
    ),
    ("duties.toml", "age = {from = 5, under = 19}", "age = {from = 5, under = 5}", 0, "nobody is 5 or older and under 5"),
    ("duties.toml", 'because = "operation-encompass"\n', "", None, "because is missing"),
    ("duties.toml", 'deadline = "encompass"\n', 'deadline = "enc"\n', 0, "the calendar has no deadline enc"),
    ("duties.toml", 'deadline = "encompass"\n', 'deadline = "encompass-s49a"\n', 0, "encompass-s49a is not in force on 2020-01-01"),
    ("duties.toml", '["opened", "told_by_telephone"]', '["seen"]', 0, "“seen” is none of"),
    ("duties.toml", 'remind = ["-1h"]', 'remind = ["soon"]', 0, "“soon” is not an offset"),
    ("duties.toml", 'to = "role:encompass"', 'to = "role:court"', 0, "no desk fills the role court"),
    ("duties.toml", 'to = "deputy"', 'to = "somebody"', 0, "“somebody” is none of"),
    ("duties.toml", 'ask = "information-response"', 'ask = "referral"', None, "satisfied_by has to name reply:referral"),
    ("duties.toml", 'by = "source"\n', "", None, "by is missing"),
    ("duties.toml", 'by = "source"\n', 'by = "desk:police.nobody"\n', 0, "no desk police.nobody"),
    ("duties.toml", 'expect = "incident-closed"\n', "", None, "either tell or expect"),
    ("duties.toml", 'by = "source"\n', 'by = "source"\nask = "referral"\n', None, "tells nobody"),
    ("completeness.toml", 'field = "reason_not_accepted"', 'field = "reason"', 0, "no field reason"),
    ("completeness.toml", 'source_roles = ["police_safeguarding"]', 'source_roles = ["police"]', 0, "source_roles"),
    ("completeness.toml", 'deadline = "outcome-reason"', 'deadline = "some-day"', 0, "no deadline some-day"),
    ("calendar.toml", "opens = ", 'opens = "9am"  # ', 0, "is not a time of day"),
    ("calendar.toml", "spring = {first = 2021-01-04", "spring = {first = 2020-12-18", 0, "2020-21 spring overlaps 2020-21 autumn"),
    ("calendar.toml", "2021-01-04, 2021-06-07]", "2021-01-04, 2021-08-07]", 0, "2021-08-07 is in no term of 2020-21"),
    (
        "agreements/operation-encompass.cedar",
        '"operation-encompass" &&',
        '"operation-compass" &&',
        0,
        "purpose is never “operation-compass”",
    ),
    ("agreements/operation-encompass.cedar", '"yes" };', '"unknown" };', 0, "what is not known permits nothing"),
    ("agreements/operation-encompass.cedar", "// from: 2020-01-01", "// from: long ago", 0, "no date"),
    ("agreements/operation-encompass.cedar", '@id("encompass.education.child")', '@id("core.audience")', 0, "is taken by"),
    ("agreements/outcomes.cedar", "@legal_basis", "@basis", None, "lacks @legal_basis"),
]


@pytest.mark.parametrize(("file", "old", "new", "below", "reason"), BAD, ids=[f"{n}: {b[4]}" for n, b in enumerate(BAD)])
def test_a_bad_pack_names_file_line_and_reason(copied: Path, file: str, old: str, new: str, below: int | None, reason: str) -> None:
    path, line = spoil(copied, file, old, new)
    with pytest.raises(PackError) as raised:
        load_pack(copied)
    found = [f for f in raised.value.faults if reason in f.reason]
    assert found, raised.value
    assert all(f.file == str(path) and f.line >= 1 for f in found)
    if below is not None:
        assert line + below in {f.line for f in found}, raised.value


def test_two_versions_of_a_duty_may_not_share_a_day(copied: Path) -> None:
    path = having(copied, "duties.toml", 'id = "involvement-ended"')
    path.write_text(path.read_text() + OVERLAP)
    with pytest.raises(PackError, match="“involvement-ended” is in force on the same days as the one from 2020-01-01") as raised:
        load_pack(copied)
    assert raised.value.faults[0].line == path.read_text().count("\n") - 7


def test_two_agreements_of_one_id_may_not_share_a_day(copied: Path) -> None:
    core = having(copied, "agreements/core-forbids.cedar")
    shutil.copy(core, core.with_name("core-again.cedar"))
    with pytest.raises(PackError, match=r"agreement “core” is in force on the same days as in .*core-again.cedar"):
        load_pack(copied)


OWN_FILES = ["agencies.toml", "duties.toml", "completeness.toml", "calendar.toml"]


@pytest.mark.parametrize("file", OWN_FILES)
@pytest.mark.parametrize("name", ["alone", "copied"])
def test_every_file_is_needed(request: pytest.FixtureRequest, name: str, file: str) -> None:
    pack: Path = request.getfixturevalue(name)
    (pack / file).unlink()
    with pytest.raises(PackError, match=rf"{file}: cannot be read"):
        load_pack(pack)


def test_an_agreement_is_needed(alone: Path) -> None:
    shutil.rmtree(alone / "agreements")
    with pytest.raises(PackError, match="has no agreement"):
        load_pack(alone)


@pytest.mark.parametrize("file", ["agencies.toml", "duties.toml", "calendar.toml", "agreements/walls.cedar"])
def test_an_empty_file_is_a_fault(alone: Path, file: str) -> None:
    (alone / file).write_text("")
    with pytest.raises(PackError, match=Path(file).name):
        load_pack(alone)


def test_a_pack_may_expect_nothing(alone: Path) -> None:
    (alone / "completeness.toml").write_text("# nothing is expected here\n")
    assert load_pack(alone).expects == ()


def test_a_file_that_is_no_text_is_a_fault(copied: Path) -> None:
    having(copied, "agreements/outcomes.cedar").write_bytes(b"// \xff")
    with pytest.raises(PackError, match=r"outcomes\.cedar:1: is not UTF-8"):
        load_pack(copied)


def test_the_faults_of_all_files_are_told_together_in_order(copied: Path) -> None:
    spoil(copied, "agencies.toml", 'role = "police_safeguarding"', 'role = "police"')
    spoil(copied, "duties.toml", 'deadline = "encompass"\n', 'deadline = "enc"\n')
    spoil(copied, "completeness.toml", 'field = "reason_not_accepted"', 'field = "reason"')
    spoil(copied, "agreements/outcomes.cedar", "@legal_basis", "@basis")
    with pytest.raises(PackError) as raised:
        load_pack(copied)
    files = [Path(f.file).name for f in raised.value.faults]
    assert set(files) == {"agencies.toml", "completeness.toml", "duties.toml", "outcomes.cedar"}
    assert list(raised.value.faults) == sorted(raised.value.faults)
    assert str(raised.value).count("\n") == len(files) - 1


@pytest.mark.parametrize("file", ["agencies.toml", "duties.toml", "completeness.toml", "calendar.toml", "agreements/outcomes.cedar"])
def test_the_hash_covers_all_that_decides(copied: Path, file: str) -> None:
    before = load_pack(copied).hash
    with having(copied, file).open("a") as text:
        text.write("\n// a word more\n" if file.endswith(".cedar") else "\n# a word more\n")
    assert load_pack(copied).hash != before


def test_the_hash_is_the_same_wherever_the_pack_lies_and_whatever_is_rehearsed(copied: Path) -> None:
    (copied / "rehearsals").mkdir()
    (copied / "rehearsals" / "more.yaml").write_text("scenario: more\n")
    assert load_pack(copied).hash == the_pack("stockton").hash


def test_a_desk_without_the_deputy_that_an_escalation_means_is_warned_of(copied: Path) -> None:
    spoil(copied, "agencies.toml", 'deputy = "ash-primary.deputy"\n', "")
    warnings = load_pack(copied).warnings
    assert "domestic-abuse/duties.toml: duty encompass-school escalates to the deputy of ash-primary.dsl, which has none" in warnings


def test_an_answer_asked_of_a_desk_that_may_not_give_it_is_warned_of(copied: Path) -> None:
    spoil(copied, "agencies.toml", '"information-response",\n  "early-help-assessment"', '"early-help-assessment"')
    warnings = load_pack(copied).warnings
    assert (
        "partner-check/duties.toml: duty hub-check-police asks police.pvp for an information-response, which its agency may not publish"
        in warnings
    )


@pytest.mark.parametrize("needed", ["review-identity", "cannot-decide"])
def test_pieces_of_work_have_a_clock(copied: Path, needed: str) -> None:
    spoil(copied, "deadlines.toml", f'id = "{needed}"', 'id = "something-else"')
    with pytest.raises(PackError, match=f"has no deadline {needed}"):
        load_pack(copied)
