"""What is wrong with the definitions of a data set is told with file, line and reason; a pack adopts, replaces and leaves out measures."""

import shutil
from pathlib import Path

import pytest

from frontdoor_chassis.toml_places import PackError, parse_strictly, read_toml
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.measures.asking import Question, answer
from frontdoor_router.core.measures.audiences import Partnership
from frontdoor_router.core.measures.checking import Nameable, concern_faults, measure_faults
from frontdoor_router.core.measures.file import MeasuresFile
from frontdoor_router.core.pack import Pack
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.vocabulary import EventType
from support.builders import a_child
from support.measuring import LATER, NOVEMBER, MemoryLedger, rules
from support.packs import PARTNERSHIPS, the_pack

PROCEDURES = PARTNERSHIPS.parent / "procedures"
PUBLISHED = "[published]\nsmallest = 5\nown = true\n"
HEAD = '[[measure]]\nid = "m"\ntitle = "M"\nunit = "events"\nrows = ["M1"]\nfrom = 2020-01-01\nown = true\n'
REFERRALS = 'each = "event"\non = ["referral"]\n'
MEETINGS = 'each = "seat"\non = ["conference-minutes"]\n'
PLANS = 'each = "plan"\n'
ITEMS = 'each = "item"\non = ["plan-status"]\nitem = "plan_items"\n'
OWED = 'each = "obligation"\non = ["information-request"]\n'
TOLD = 'each = "telling"\non = ["conference-minutes"]\n'
CONCERN = '[[concern]]\nid = "c"\ntitle = "C"\nfrom = 2020-01-01\nown = true\ncarried_days = 1\n'
NEGLECT = 'any = [{field = "concern_types.type", equals = "neglect"}]\n'


@pytest.fixture
def stockton(tmp_path: Path) -> Path:
    """Stockton's pack with its procedures, to be changed."""
    shutil.copytree(PROCEDURES, tmp_path / "procedures")
    shutil.copytree(PARTNERSHIPS / "stockton", tmp_path / "partnerships" / "stockton")
    return tmp_path / "partnerships" / "stockton"


def own(pack: Path, text: str) -> Path:
    """The pack with definitions of its own."""
    (pack / "measures.toml").write_text(text)
    return pack


def wrong(pack: Path) -> str:
    """What is said of a pack that does not load."""
    with pytest.raises(PackError) as raised:
        load_pack(pack)
    return str(raised.value)


def faults_of(text: str) -> str:
    """What is said of definitions beside Stockton's."""
    pack = the_pack("stockton")
    known = Nameable(pack.deadlines, {c.id for c in pack.data_set.concerns}, MODELS)
    try:
        document = read_toml("measures.toml", text)
        parsed = parse_strictly(MeasuresFile, document)
    except PackError as error:
        return str(error)
    found = [*concern_faults(parsed.concern, MODELS), *measure_faults(parsed.measure, known, {m.id for m in parsed.measure})]
    return "\n".join(str(document.fault(place, reason)) for place, reason in found)


def ids(pack: Pack) -> list[str]:
    return [m.id for m in pack.data_set.measures]


def edited(pack: Path, old: str, new: str) -> Path:
    """The pack with something else in its agencies.toml."""
    file = pack / "agencies.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    return pack


def test_the_data_set_comes_with_the_project_and_serves_its_rows() -> None:
    pack = the_pack("stockton")
    assert "contacts-in-24-hours" in ids(pack)
    assert [c.id for c in pack.data_set.concerns] == ["neglect", "domestic-abuse"]
    assert pack.data_set.smallest == 5
    assert pack.chapters["measure", "contacts-in-24-hours"] == "data-set"


def test_a_pack_without_definitions_measures_nothing() -> None:
    assert the_pack("harbourside").data_set.measures == ()


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        (REFERRALS + 'if = [{field = "no_such", is = "present"}]', "referral: no field no_such"),
        (REFERRALS + 'counts = [{field = "danger", equals = "yes"}]', "danger is a block"),
        (REFERRALS + 'counts = [{field = "risk_grade", equals = "huge"}]', 'risk_grade is never "huge"'),
        (REFERRALS + 'by = ["field:circumstances"]', "no field of closed words; free text could say who it is about"),
        (REFERRALS + 'by = ["field:no_such"]', "no field of closed words"),
        (REFERRALS + 'by = ["weather"]', "“weather” is none of agency, desk, role, out-of-hours, field:<path>"),
        (REFERRALS + 'counts = [{clock = "in-time"}]', "a clock goes with each = obligation"),
        (REFERRALS + 'if = [{plan = "running"}]', "how a plan stands goes with each = plan"),
        (REFERRALS + 'if = [{concern = "wealth"}]', "there is no concern wealth"),
        (REFERRALS + 'counts = [{test = "luck"}]', "“luck” is none of level-of-need-agreed"),
        (REFERRALS + 'counts = [{known = {telling = "received"}}]', "when a desk had it goes with each = telling"),
        (REFERRALS + 'counts = [{known = {obligation = "met"}}]', "when it was met goes with each = obligation"),
        (REFERRALS + 'counts = [{known = {reached = ["friends"]}}]', "“friends” is neither source nor role:<role>"),
        (REFERRALS + 'counts = [{known = {field = "circumstances"}}]', "circumstances is no time or day"),
        (REFERRALS + 'counts = [{known = {reply = "referral-outcome", field = "accepted"}}]', "accepted of a referral-outcome is no time"),
        (
            REFERRALS
            + 'counts = [{known = {reached = ["source"], reply = "referral-outcome", if = [{field = "no_such", is = "present"}]}}]',
            "referral-outcome: no field no_such",
        ),
        (REFERRALS + 'counts = [{known = {event = "received", telling = "received"}}]', "a moment: give exactly one of"),
        (REFERRALS + "counts = [{known = {}}]", "a moment: give exactly one of"),
        (REFERRALS + 'counts = [{known = {reached = ["source"], field = "x"}}]', "field stands alone, or beside reply"),
        (REFERRALS + 'counts = [{known = {event = "received", if = [{field = "x", is = "present"}]}}]', "if goes with reply"),
        (REFERRALS + 'counts = [{known = {event = "received", level = "opened"}}]', "level goes with reached"),
        (REFERRALS + 'counts = [{plan = "running", clock = "in-time"}]', "a test: give exactly one of"),
        (REFERRALS + "counts = [{}]", "a test: give exactly one of"),
        (REFERRALS + 'counts = [{field = "risk_grade"}]', "exactly one of is, equals and any_of"),
        (REFERRALS + 'counts = [{clock = "in-time", equals = "x"}]', "is, equals and any_of go with field"),
        (REFERRALS + 'counts = [{earlier = "referral"}]', "earlier and days go together"),
        (REFERRALS + 'counts = [{clock = "in-time", days = 3}]', "earlier and days go together"),
        (REFERRALS + 'counts = [{within = "contact-24h"}]', "within asks how long it took: time is missing"),
        (
            REFERRALS + 'time = {from = {event = "received"}, to = {reply = "referral-outcome"}}\ncounts = [{within = "never"}]',
            "the calendar has no deadline never",
        ),
        (REFERRALS + 'time = {from = {field = "no_such"}, to = {event = "received"}}', "no_such is no time or day"),
        (
            REFERRALS + 'time = {from = {event = "received"}, to = {event = "as-at"}}\nif = [{within = "contact-24h"}]',
            "within and clock go with counts",
        ),
        (REFERRALS + 'duties = ["encompass-school"]', "duties and answered_by go with each = obligation"),
        (REFERRALS + 'item = "children"', "item goes with each = item"),
        (REFERRALS + 'share = "of-total"', "share = of-total goes with by, and without counts"),
        (REFERRALS + "months = 13", "less than or equal to 12"),
        ('each = "event"', "says not of which events: on is missing"),
        (PLANS + 'on = ["plan-status"]', "a plan is no event: leave on out"),
        (PLANS + 'if = [{field = "reason", is = "present"}]', "of a plan there are plan_type"),
        (MEETINGS + 'if = [{field = "mode", equals = "video"}]', "of a seat there are attended, report, invited, and event.<field>"),
        (MEETINGS + 'counts = [{field = "attended", equals = "perhaps"}]', "attended of a seat is one of yes, no"),
        (MEETINGS + 'counts = [{field = "event.mode", equals = "letter"}]', 'mode is never "letter"'),
        (ITEMS + 'counts = [{field = "event.plan_type", equals = "huge"}]', 'plan_type is never "huge"'),
        (ITEMS + 'counts = [{field = "plan_type", is = "present"}]', "no field plan_type"),
        (
            'each = "item"\non = ["referral"]\nitem = "circumstances"\ncounts = [{field = "x", is = "present"}]',
            "circumstances is no list of blocks",
        ),
        (TOLD + 'baseline = {percent = 101, source = "x"}', "less than or equal to 100"),
        (REFERRALS + 'source = "x"', "give either a source, or own = true"),
    ],
)
def test_what_is_wrong_with_a_measure_is_said(measure: str, reason: str) -> None:
    said = faults_of(HEAD + measure + "\n")
    assert reason in said
    assert said.startswith("measures.toml:")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CONCERN + 'any = [{field = "no_such", is = "present"}]\n', "no event ever says no_such so"),
        (CONCERN + 'any = [{field = "concern_types.type", equals = "wealth"}]\n', "no event ever says concern_types.type so"),
        (CONCERN + NEGLECT + CONCERN + NEGLECT, "“c” is in force on the same days as the one from 2020-01-01"),
        (HEAD + REFERRALS + HEAD + REFERRALS, "“m” is in force on the same days as the one from 2020-01-01"),
        ("[published]\nsmallest = 1\nown = true\n", "greater than or equal to 2"),
        ("[published]\nsmallest = 5\n", "give either a source, or own = true"),
        ("nonsense = true\n", "nonsense"),
        ("= broken", "is not TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, reason: str) -> None:
    assert reason in faults_of(text)


def test_lines_are_those_of_the_entry(stockton: Path) -> None:
    said = wrong(own(stockton, HEAD + REFERRALS + 'by = ["agency"]\ncounts = [{field = "no_such", is = "present"}]\n'))
    assert f"{stockton}/measures.toml:11: " in said


def test_a_pack_leaves_a_measure_out_or_has_its_own(stockton: Path) -> None:
    edited(stockton, "adopts = [", 'without = ["referrals-with-tools"]\nadopts = [')
    own(stockton, HEAD.replace('"m"', '"repeat-referrals"') + REFERRALS + PUBLISHED.replace("5", "7"))
    pack = load_pack(stockton)
    assert "referrals-with-tools" not in ids(pack)
    assert [m.title for m in pack.data_set.measures if m.id == "repeat-referrals"] == ["M"]
    assert ("measure", "repeat-referrals") not in pack.chapters
    assert pack.data_set.smallest == 7


def test_a_priority_that_a_measure_needs_cannot_be_left_out(stockton: Path) -> None:
    edited(stockton, "adopts = [", 'without = ["neglect"]\nadopts = [')
    assert "there is no concern neglect" in wrong(stockton)


def test_a_measure_of_duties_that_a_pack_has_not_is_a_warning_and_stops_nobody(stockton: Path) -> None:
    gone = '"encompass-school", "encompass-school-under-five", "encompass-early-years"'
    edited(stockton, "adopts = [", f"without = [{gone}]\nadopts = [")
    said = "data-set/measures.toml: measure encompass-before-school counts nothing: there is no duty encompass-early-years"
    assert any(warning.startswith(said) for warning in load_pack(stockton).warnings)
    edited(stockton, f"without = [{gone}]", f'without = [{gone}, "encompass-before-school"]')
    assert not any("counts nothing" in warning for warning in load_pack(stockton).warnings)
    own(stockton, HEAD + OWED + 'duties = ["no-such-duty"]\n')
    assert "measures.toml: measure m counts nothing: there is no duty no-such-duty" in load_pack(stockton).warnings


def test_a_measure_that_does_not_hold_may_name_what_the_pack_has_not(stockton: Path) -> None:
    timed = 'time = {from = {event = "received"}, to = {event = "as-at"}}\ncounts = [{within = "never"}]\n'
    another = stockton.parents[1] / "procedures" / "another"
    another.mkdir()
    (another / "measures.toml").write_text(HEAD + REFERRALS + timed)
    edited(stockton, '"data-set",', '"data-set", "another",')
    assert "the calendar has no deadline never" in wrong(stockton)
    edited(stockton, "adopts = [", 'without = ["m"]\nadopts = [')
    assert "m" not in ids(load_pack(stockton))


def test_two_chapters_do_not_both_say_what_is_published(stockton: Path) -> None:
    another = stockton.parents[1] / "procedures" / "another"
    another.mkdir()
    (another / "measures.toml").write_text(PUBLISHED + HEAD.replace('"m"', '"repeat-referrals"') + REFERRALS)
    said = wrong(edited(stockton, '"data-set",', '"data-set", "another",'))
    assert f"{another}/measures.toml:1: published: is given by chapter data-set as well" in said.replace(
        "measures.toml:1: is", "measures.toml:1: published: is"
    )
    assert "measure “repeat-referrals” is given by chapter data-set as well" in said


def test_measures_without_a_word_on_publishing_are_a_fault(stockton: Path) -> None:
    edited(stockton, '"data-set",', "")
    assert "says not what a published table holds back" in wrong(own(stockton, HEAD + REFERRALS))


def test_definitions_change_the_edition_and_never_the_policy(stockton: Path) -> None:
    before = load_pack(stockton)
    after = load_pack(own(stockton, HEAD + REFERRALS))
    assert before.hash == after.hash
    assert before.data_set.edition != after.data_set.edition
    assert before.data_set.edition == the_pack("stockton").data_set.edition


def test_a_measure_of_two_versions_is_drawn_up_by_the_one_of_the_day(stockton: Path) -> None:
    later = HEAD.replace("from = 2020-01-01", "from = 2021-01-01") + 'each = "event"\non = ["police-incident"]\n'
    pack = load_pack(own(stockton, HEAD.replace("from = 2020-01-01", "from = 2020-01-01\nuntil = 2021-01-01") + REFERRALS + later))
    kinds = {day.year: m.on for m in pack.data_set.measures if m.id == "m" for day in (m.from_,)}
    assert kinds == {2020: {EventType.referral}, 2021: {EventType.police_incident}}


def test_every_measure_is_explained_with_its_rows() -> None:
    lines = (PARTNERSHIPS.parents[1] / "docs" / "data-set.md").read_text().splitlines()
    for measure in the_pack("stockton").data_set.measures:
        (line,) = [line for line in lines if line.startswith("|") and f"`{measure.id}`" in line.split("|")[1]]
        assert set(measure.rows) <= set(line.split("|")[2].split()), measure.id


async def test_a_priority_of_the_packs_own_is_asked_for_like_the_others(stockton: Path) -> None:
    """A new priority is a few lines of configuration: every measure can be asked for it (M2)."""
    pack = load_pack(own(stockton, CONCERN + 'any = [{field = "concern_types.type", equals = "physical_abuse"}]\n'))
    ledger = MemoryLedger()
    for kind in ("physical_abuse", "neglect"):
        ledger.post("referral", {"children": [a_child(1)], "concern_types": [{"type": kind}]})
    found, whole = [await answer(Question(NOVEMBER, LATER, c, Partnership()), pack.data_set, rules(), ledger) for c in ("c", None)]
    (volume,) = [m for m in found.measures if m.measure.id == "referral-volume"]
    assert volume.total.of == 1
    assert [m.measure.id for m in found.measures] == [m.measure.id for m in whole.measures]
