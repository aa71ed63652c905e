"""Pages about packs say every rule, and every difference between two, in the same words each time."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.adopting import Kind
from frontdoor_router.core.conditions import Absent, Condition, OneOf, Present
from frontdoor_router.core.deadlines import (
    AtOnce,
    BeforeSchoolDay,
    BeforeWorkingDay,
    CalendarDays,
    Deadline,
    Hours,
    Rule,
    WorkingDays,
    WorkingHours,
)
from frontdoor_router.core.duties import (
    AdultRelation,
    AgeRange,
    ChildRelation,
    Closed,
    Duty,
    EachAdult,
    EachChild,
    Escalation,
    EventRelation,
    Expect,
    Expects,
    StatedDue,
    Tell,
    WholeEvent,
)
from frontdoor_router.core.known_to import Service
from frontdoor_router.core.lists import Selection, StandingList
from frontdoor_router.core.measures.definitions import (
    NO_DATA_SET,
    Baseline,
    By,
    ByField,
    Check,
    Complete,
    Concern,
    DataSet,
    Each,
    EarlierEvent,
    InTime,
    Known,
    Measure,
    Named,
    OfConcern,
    OfEvent,
    OfField,
    OfObligation,
    OfPlan,
    OfReply,
    OfTelling,
    PlanIs,
    Reached,
    Says,
    Span,
    Which,
    Within,
)
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.patterns import Pattern
from frontdoor_router.core.policies import Agreement, Every, Is, Policy, Some, Test
from frontdoor_schemas.vocabulary import EventType, Level, Role
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.packs import measured, words
from frontdoor_standalone.packs.pages import compare, show
from frontdoor_standalone.packs.rules import rules_of
from frontdoor_standalone.rehearsal.editing import copy_of
from support.packs import spoil, the_pack

STOCKTON = the_pack("stockton")
SCHOOL = STOCKTON.duty("encompass-school", date(2020, 11, 10))


LISTED = Is("listed", frozenset({"yes"}))
WORKING_TOGETHER = "Working Together to Safeguard Children, chapter 1, as quoted by proceduresonline.com"


def relations(union: Any) -> list[str]:
    return sorted(name for part in get_args(union) for name in (get_args(part) or (part,)))


def a_pack(**changed: Any) -> Pack:
    """The Stockton pack with some parts changed."""
    return replace(STOCKTON, **changed, _ready={})


def with_duty(**changed: Any) -> Pack:
    """The Stockton pack with one duty changed."""
    return a_pack(duties=tuple(replace(d, **changed) if d == SCHOOL else d for d in STOCKTON.duties))


def section(page: str, title: str) -> str:
    """What stands under a title."""
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def row(page: str, id_: str) -> list[str]:
    """The cells of a rule's line."""
    (line,) = [text for text in page.splitlines() if text.startswith(f"| `{id_}` |")]
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_each_area_says_in_its_own_words_what_a_referral_should_hold() -> None:
    asked = "`concern_types.neglect_kind`"
    helped = {
        name: row(section(show(the_pack(name)), "What an event should contain"), "referral-neglect-kind")
        for name in ("stockton", "wokingham")
    }
    assert [cells[3] for cells in helped.values()] == [asked, asked]
    assert helped["stockton"][4].startswith("The worst area of the Stockton neglect tool")
    assert helped["wokingham"][4].startswith("Which needs are not met")


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (AtOnce(1), "at once; late after 1 minute"),
        (Hours(24), "24 hours, day and night"),
        (WorkingHours(1), "1 hour, while “office” is open"),
        (WorkingHours(2, "always"), "2 hours, day and night"),
        (WorkingDays(1), "1 working day, by the end of the office day"),
        (WorkingDays(2, time(16)), "2 working days, by 16:00"),
        (BeforeSchoolDay(), "before the school day, by school opening"),
        (BeforeSchoolDay(time(8)), "before the school day, by 08:00"),
        (BeforeWorkingDay(), "before the working day, by office opening"),
        (BeforeWorkingDay(time(8)), "before the working day, by 08:00"),
        (CalendarDays(10), "10 days, by the same time of day"),
        (CalendarDays(1, time(12)), "1 day, by 12:00"),
    ],
)
def test_a_deadline_in_words(rule: Rule, says: str) -> None:
    assert words.limit(rule) == says


@pytest.mark.parametrize(
    ("offset", "says"),
    [
        ("+0m", "at the deadline"),
        ("-15m", "15 minutes before"),
        ("+60m", "1 hour after"),
        ("+2h", "2 hours after"),
        ("-1wd", "1 working day before"),
        ("+2sd@09:00", "2 school days after at 09:00"),
    ],
)
def test_a_stage_in_words(offset: str, says: str) -> None:
    assert words.stage(offset) == says


@pytest.mark.parametrize(
    ("relation", "age", "says"),
    [
        (EachChild("school"), AgeRange(5, 19), "the school of each child aged 5 to 18"),
        (EachChild("school"), AgeRange(0, 5), "the school of each child under 5"),
        (EachChild("health_visiting"), AgeRange(-1, 5), "the health visitor of each child under 5, or not yet born"),
        (EachChild("midwifery"), AgeRange(-1, 0), "the midwife of each child not yet born"),
        (EachChild("gp"), None, "the general practice of each child"),
        (EachAdult("manages"), None, "the probation service of each adult"),
        (EachAdult("role:probation"), None, "every desk of the role probation, of each adult"),
        (WholeEvent("role:front_door"), None, "every desk of the role front door"),
        (WholeEvent("desk:hub.review"), None, "desk hub.review"),
        (WholeEvent("named"), None, "every desk that its author names"),
    ],
)
def test_whom_a_duty_tells_in_words(relation: Any, age: AgeRange | None, says: str) -> None:
    assert words.told(replace(SCHOOL, tell=relation, age=age)) == says


def test_no_relation_is_without_words_and_no_two_have_the_same() -> None:
    children = [EachChild(name) for name in relations(ChildRelation)]
    adults = [EachAdult(name) for name in get_args(AdultRelation)]
    events = [WholeEvent(name) for name in get_args(EventRelation)]
    all_: list[Tell] = [*children, *adults, *events]
    assert len({words.told(replace(SCHOOL, tell=tell)) for tell in all_}) == len(all_)


def test_whom_a_duty_tells_as_its_author_states_it_is_said() -> None:
    assert words.told(replace(SCHOOL, stated=True)) != words.told(SCHOOL)


def test_of_which_roles_the_desks_are_that_a_duty_means_is_said() -> None:
    duty = replace(SCHOOL, tell=EachChild("involved"), age=None, roles=frozenset({Role.youth_justice, Role.camhs}))
    assert words.told(duty) == "everybody who works with each child, of the role camhs or youth justice"


@pytest.mark.parametrize("to", ["deputy", "manager", "source", "source-manager", "role:front_door", "desk:hub.review"])
def test_everybody_who_can_be_told_of_a_miss_has_words(to: str) -> None:
    assert words.receiver(to)


@pytest.mark.parametrize(
    ("ways", "says"),
    [
        (("received",), "received by a system"),
        (("opened", "told_by_telephone"), "opened by a person or told by telephone"),
        (("acted", "reply:referral-outcome"), "acted on or answered by referral-outcome"),
    ],
)
def test_what_satisfies_in_words(ways: Sequence[str], says: str) -> None:
    assert words.met(ways) == says


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        (Present(("domestic_abuse", "risk_grade")), "`domestic_abuse.risk_grade` is given"),
        (Absent(("closed_at",)), "`closed_at` is not given"),
        (OneOf(("route",), ("a", "b", "c")), "`route` is a, b or c"),
        (OneOf(("children", "unborn"), (True,)), "`children.unborn` is true"),
    ],
)
def test_a_condition_in_words(condition: Condition, says: str) -> None:
    assert words.condition(condition) == says


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (Is("principal", frozenset({"gp", "front_door"})), "the recipient is front door or gp"),
        (
            Every((Every((Is("resource", frozenset({"locating"})),)), Some((LISTED, Is("protected", frozenset({"no"})))))),
            "the part is locating and (listed is yes; or protected is no)",
        ),
        (Some((Some((Is("a", frozenset({"b"})), Is("c", frozenset({"d"})))), Is("e", frozenset({"f"})))), "a is b; or c is d; or e is f"),
    ],
)
def test_what_a_policy_asks_in_words(asked: Test, says: str) -> None:
    assert words.test(asked) == says


def test_the_last_day_is_the_last_on_which_it_holds() -> None:
    assert words.period(date(2020, 1, 1), date(2025, 11, 7)) == "2020-01-01 to 2025-11-06"
    assert words.period(date(2020, 1, 1), None) == "from 2020-01-01"


@pytest.mark.parametrize("name", ["stockton", "harbourside"])
def test_a_page_names_every_rule_with_where_it_stands(name: str) -> None:
    pack = the_pack(name)
    page = show(pack)
    kinds: list[tuple[Kind, str, set[str]]] = [
        ("duty", "Duties", {d.id for d in pack.duties}),
        ("expects", "What an event should contain", {e.id for e in pack.expects}),
        ("deadline", "Deadlines", {d.id for d in pack.deadlines}),
    ]
    for kind, title, ids in kinds:
        part = section(page, title)
        for id_ in ids:
            assert row(part, id_)[1] == pack.chapters.get((kind, id_), "its own")
    for agreement in pack.agreements:
        for policy in agreement.policies:
            cells = row(section(page, "What agreements permit and forbid"), policy.id)
            chapter = pack.chapters.get(("agreement", agreement.id), "its own")
            assert cells[1:5] == [chapter, f"{policy.effect}s", policy.explain, agreement.id]


def test_a_line_says_what_the_rule_says() -> None:
    page = show(STOCKTON)
    said = [cell for cell in row(section(page, "Duties"), "referral-outcome") if cell]  # what it does not speak of is left blank
    assert said == [
        "`referral-outcome`",
        "referral",
        "referral",
        "expects referral-outcome, owed by every desk of the role front door",
        f"1 working day, by the end of the office day ({WORKING_TOGETHER})",
        "from 2020-01-01",
        "B1, B3, N2",
    ]
    assert row(section(page, "Duties"), "incident-open")[1] == "its own"
    assert section(show(a_pack(patterns=())), "Patterns").strip() == "None."


def test_what_changes_with_time_is_said_with_its_days() -> None:
    cells = row(section(show(STOCKTON), "Duties"), "encompass-school")
    told = "the school of each child aged 5 to"
    assert f"2020-01-01 to 2025-11-06: {told} 18; from 2025-11-07: {told} 17" in cells
    assert cells.count("police-incident, if `domestic_abuse` is given") == 1


def test_a_pack_differs_from_itself_in_nothing() -> None:
    page = compare(STOCKTON, STOCKTON)
    bare = a_pack(patterns=())
    assert "###" not in page
    count = len({d.id for d in STOCKTON.duties})
    assert f"The same in both: {count} of {count}." in page
    assert section(compare(bare, bare), "Patterns").strip() == "Neither has any."


def test_the_order_of_a_packs_rules_does_not_show_in_a_comparison() -> None:
    turned = a_pack(duties=STOCKTON.duties[::-1], agreements=STOCKTON.agreements[::-1], deadlines=STOCKTON.deadlines[::-1])
    other = the_pack("harbourside")
    assert compare(STOCKTON, turned) == compare(STOCKTON, STOCKTON)
    assert compare(turned, other) == compare(STOCKTON, other)


CHANGED_DUTY: dict[str, Any] = {
    "from_": date(2020, 1, 2),
    "until": date(2025, 1, 1),
    "source": None,
    "rows": ("D1",),
    "on": EventType.referral,
    "if_": (Absent(("domestic_abuse",)),),
    "source_roles": frozenset({Role.gp}),
    "after_cause": EventType.referral,
    "tell": EachChild("gp"),
    "expect": Expect(EventType.referral, "source"),
    "age": AgeRange(5, 18),
    "stated": True,
    "must_find": False,
    "shown_to_publisher": False,
    "because": "another",
    "deadline": "at-once",
    "satisfied_by": ("received",),
    "ask": EventType.information_response,
    "remind": (),
    "escalate": (Escalation("+0m", "manager"),),
    "due": StatedDue(("closed_at",), "closing"),
    "pattern": "again",
    "history": "before",
    "known_to": (Service(Role.youth_justice, "each-child", complete=True),),
    "only_if_unknown": (Service(Role.youth_justice, "each-child", complete=False),),
    "flags": True,
    "propose_invitees": True,
    "roles": frozenset({Role.youth_justice}),
    "after_said": (Present(("domestic_abuse",)),),
    "names_another": True,
    "each_child": True,
    "closed": Closed(Role.front_door, (OneOf(("out_of_hours",), ("yes",)),)),
}


def test_each_thing_that_a_duty_can_say_is_tried_below() -> None:
    assert {f.name for f in fields(Duty)} == {"id", *CHANGED_DUTY}


@pytest.mark.parametrize("name", CHANGED_DUTY)
def test_a_duty_that_says_one_thing_otherwise_is_shown_as_otherwise(name: str) -> None:
    page = compare(STOCKTON, with_duty(**{name: CHANGED_DUTY[name]}))
    assert "### `encompass-school` is otherwise" in section(page, "Duties")
    assert page.count("###") == 1


def test_an_escalation_for_who_misses_it_again_and_again_is_said() -> None:
    page = compare(STOCKTON, with_duty(escalate=(Escalation("+0m", "manager", 3),)))
    assert "the manager is told, when it is so 3 times in a row" in page


def test_of_which_items_the_due_time_is_taken_is_said() -> None:
    due = StatedDue(("milestones", "due"), "closing", (OneOf(("status",), ("open",)),))
    assert "`milestones.due`, of those where `status` is open (a day: closing of the office)" in compare(STOCKTON, with_duty(due=due))


def test_a_clock_that_starts_when_the_event_says_is_told_from_one_that_ends_then() -> None:
    ends, starts = (compare(STOCKTON, with_duty(due=StatedDue(("closed_at",), "closing", starts=starts))) for starts in (False, True))
    assert "as the event says at `closed_at`" in ends
    assert "counted from when the event says at `closed_at`" in starts


def test_what_is_otherwise_stands_side_by_side_with_its_rows_and_nothing_else() -> None:
    page = compare(STOCKTON, with_duty(satisfied_by=("received",)))
    changed = section(page, "Duties").strip().splitlines()
    both = "opened by a person or told by telephone"
    assert changed == [
        "### `encompass-school` is otherwise",
        "",
        "Rows D1, D2, D3, D4, O5, C32.",
        "",
        f"|  | {STOCKTON.directory.title} | {STOCKTON.directory.title} |",
        "| --- | --- | --- |",
        f"| satisfied by | {both} | 2020-01-01 to 2025-11-06: received by a system; from 2025-11-07: {both} |",
        "",
        changed[-1],
    ]
    assert changed[-1].startswith("The same in both:")


def test_another_deadline_shows_with_the_deadline_and_with_each_rule_that_runs_by_it() -> None:
    deadlines = tuple(replace(d, rule=Hours(3)) if d.id == "contact-24h" else d for d in STOCKTON.deadlines)
    page = compare(STOCKTON, a_pack(deadlines=deadlines))
    assert "| limit | 24 hours, day and night | 3 hours, day and night |" in section(page, "Deadlines")
    assert "### `incident-without-referral` is otherwise" in section(page, "Duties")
    assert "### `referral-concerns` is otherwise" in section(page, "What an event should contain")


CHANGED_POLICY: dict[str, Any] = {
    "effect": "forbid",
    "legal_basis": "another law",
    "explain": "Otherwise | explained",
    "when": Every((Is("principal", frozenset({"gp"})), Is("resource", frozenset({"locating"})), Is("purpose", frozenset({"front-door"})))),
    "unless": Is("listed", frozenset({"yes"})),
    "text": '@rows("D1")',
}
CHANGED_AGREEMENT: dict[str, Any] = {"from_": date(2021, 1, 1), "until": date(2022, 1, 1), "source": None, "parties": "others"}


def with_policy(change: dict[str, Any]) -> Pack:
    """The Stockton pack with the first policy of the agreement about referrals changed."""
    (agreement,) = [a for a in STOCKTON.agreements if a.id == "front-door-referrals"]
    changed = replace(agreement, policies=(replace(agreement.policies[0], **change), *agreement.policies[1:]))
    return a_pack(agreements=tuple(changed if a is agreement else a for a in STOCKTON.agreements))


def test_each_thing_that_a_policy_or_its_agreement_can_say_is_tried_below() -> None:
    assert {f.name for f in fields(Policy)} == {"id", "agreement", "line", *CHANGED_POLICY}
    assert {f.name for f in fields(Agreement)} == {"id", "file", "policies", *CHANGED_AGREEMENT}


@pytest.mark.parametrize("name", CHANGED_POLICY)
def test_a_policy_that_says_one_thing_otherwise_is_shown_as_otherwise(name: str) -> None:
    part = section(compare(STOCKTON, with_policy({name: CHANGED_POLICY[name]})), "What agreements permit and forbid")
    assert part.count("###") == 1
    assert "### `front-door.all` is otherwise" in part


@pytest.mark.parametrize("name", CHANGED_AGREEMENT)
def test_an_agreement_that_says_one_thing_otherwise_shows_with_each_of_its_policies(name: str) -> None:
    agreements = tuple(replace(a, **{name: CHANGED_AGREEMENT[name]}) if a.id == "front-door-referrals" else a for a in STOCKTON.agreements)
    assert "### `front-door.all` is otherwise" in compare(STOCKTON, a_pack(agreements=agreements))


def test_a_bar_in_a_text_does_not_break_its_table() -> None:
    assert "| Otherwise \\| explained |" in compare(STOCKTON, with_policy({"explain": "Otherwise | explained"}))


CHANGED_EXPECTATION: dict[str, Any] = {
    "from_": date(2020, 1, 2),
    "until": date(2025, 1, 1),
    "source": None,
    "rows": ("B4",),
    "on": EventType.referral,
    "source_roles": frozenset({Role.gp}),
    "if_": (),
    "field": "route",
    "deadline": "at-once",
    "remind": ("-1h",),
    "escalate": (),
    "due": StatedDue(("decided_at",), "closing"),
    "every": True,
    "help": "Say why",
}


def test_each_thing_that_an_expectation_can_say_is_tried_below() -> None:
    assert {f.name for f in fields(Expects)} == {"id", *CHANGED_EXPECTATION}


@pytest.mark.parametrize("name", CHANGED_EXPECTATION)
def test_an_expectation_that_says_one_thing_otherwise_is_shown_as_otherwise(name: str) -> None:
    change = {name: CHANGED_EXPECTATION[name]}
    expects = tuple(replace(e, **change) if e.id == "outcome-reason" else e for e in STOCKTON.expects)
    assert "### `outcome-reason` is otherwise" in compare(STOCKTON, a_pack(expects=expects))


A_PATTERN = Pattern("again", date(2020, 1, 1), None, "a letter", ("A26",), frozenset({EventType.referral}), (), None, 90, 2)
CHANGED_PATTERN: dict[str, Any] = {
    "from_": date(2020, 1, 2),
    "until": date(2025, 1, 1),
    "source": None,
    "rows": ("A27",),
    "counts": frozenset({EventType.police_incident}),
    "if_": (Present(("domestic_abuse",)),),
    "same": "concern_types.type",
    "within_days": 30,
    "at_least": 3,
}


def test_each_thing_that_a_pattern_can_say_is_tried_below() -> None:
    assert {f.name for f in fields(Pattern)} == {"id", *CHANGED_PATTERN}


@pytest.mark.parametrize("name", CHANGED_PATTERN)
def test_a_pattern_that_says_one_thing_otherwise_is_shown_as_otherwise(name: str) -> None:
    one, other = a_pack(patterns=(A_PATTERN,)), a_pack(patterns=(replace(A_PATTERN, **{name: CHANGED_PATTERN[name]}),))
    assert "### `again` is otherwise" in section(compare(one, other), "Patterns")


A_LIST = StandingList(
    id="daily",
    from_=date(2020, 1, 1),
    until=None,
    source="a letter",
    rows=("E4",),
    to=("role:missing_coordinator",),
    asks="chronology",
    because="list",
    of=(Selection(frozenset({EventType.missing_episode})),),
    open=None,
    every="day",
    on=None,
    at=time(9, 0),
)
CHANGED_LIST: dict[str, Any] = {
    "from_": date(2020, 1, 2),
    "until": date(2025, 1, 1),
    "source": None,
    "rows": ("E8",),
    "to": ("desk:hub.front-door",),
    "asks": "child_view",
    "because": "another",
    "of": (Selection(frozenset({EventType.missing_episode}), (OneOf(("stage",), ("reported",)),)),),
    "open": Selection(frozenset({EventType.missing_episode})),
    "every": "week",
    "on": 4,
    "at": time(9, 30),
}


def test_each_thing_that_a_list_can_say_is_tried_below() -> None:
    assert {f.name for f in fields(StandingList)} == {"id", *CHANGED_LIST}


@pytest.mark.parametrize("name", CHANGED_LIST)
def test_a_list_that_says_one_thing_otherwise_is_shown_as_otherwise(name: str) -> None:
    first = replace(A_LIST, every="month", on=3) if name == "on" else A_LIST
    one, other = a_pack(lists=(first,)), a_pack(lists=(replace(first, **{name: CHANGED_LIST[name]}),))
    assert "### `daily` is otherwise" in section(compare(one, other), "Standing lists")


A_REPLY = OfReply(EventType.referral_outcome, ("decided_at",), (OneOf(("accepted",), ("no",)),))
A_MEASURE = Measure(
    id="how-many",
    title="How many",
    unit="referrals",
    rows=("A1",),
    source="a letter",
    from_=date(2020, 1, 1),
    until=None,
    each=Each.event,
    on=frozenset({EventType.referral}),
    item=(),
    duties=frozenset(),
    answered_by=None,
    source_roles=frozenset(),
    if_=(),
    counts=(),
    time=None,
    by=(),
)
CHANGED_MEASURE: dict[str, Any] = {
    "title": "How few",
    "unit": "contacts",
    "rows": ("A6",),
    "source": None,
    "from_": date(2020, 1, 2),
    "until": date(2025, 1, 1),
    "each": Each.telling,
    "on": frozenset({EventType.police_incident}),
    "item": ("actions",),
    "duties": frozenset({"referral-outcome"}),
    "answered_by": EventType.information_response,
    "source_roles": frozenset({Role.gp}),
    "if_": (OfConcern("neglect"),),
    "counts": (Within("contact-24h"),),
    "time": Span(OfEvent(Which.received), A_REPLY),
    "by": (By.out_of_hours, ByField(("route",))),
    "months": 12,
    "of_total": True,
    "baseline": Baseline(Decimal("59"), "a letter"),
}


def measuring(*measures: Measure, concerns: tuple[Concern, ...] = (), smallest: int = 5) -> Pack:
    """The Stockton pack with other definitions of the data set."""
    return a_pack(data_set=DataSet(measures, concerns, smallest, ""))


def test_each_thing_that_a_measure_can_say_is_tried_below() -> None:
    assert {f.name for f in fields(Measure)} == {"id", *CHANGED_MEASURE}


@pytest.mark.parametrize("name", CHANGED_MEASURE)
def test_a_measure_that_says_one_thing_otherwise_is_shown_as_otherwise(name: str) -> None:
    one, other = measuring(A_MEASURE), measuring(replace(A_MEASURE, **{name: CHANGED_MEASURE[name]}))
    assert "### `how-many` is otherwise" in section(compare(one, other), "Measures of the shared data set")


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (Says(Present(("route",))), "`route` is given"),
        (Known(OfField(("held_at",))), "there is a time when it states at `held_at`"),
        (Known(OfEvent(Which.as_at), there=False), "there is no time when the table is drawn up"),
        (
            Known(A_REPLY),
            "there is a time when the first referral-outcome where `accepted` is no answers it, which states it at `decided_at`",
        ),
        (Known(Reached(("role:gp", "source"))), "there is a time when it was received by role:gp or source"),
        (
            Known(Reached(("source",), Level.opened, OfReply(EventType.referral_outcome))),
            "there is a time when the first referral-outcome answers it, and that was opened by source",
        ),
        (Known(OfTelling(Level.opened)), "there is a time when the desk told had it opened"),
        (Known(OfObligation()), "there is a time when what is owed was done"),
        (Within("contact-24h"), "within the deadline contact-24h"),
        (Complete(on_arrival=True), "nothing was missing, on arrival"),
        (Complete(on_arrival=False, field="route", so=False), "something was missing at `route`, corrections counted"),
        (InTime(), "met by its due time"),
        (EarlierEvent(EventType.referral, 365), "a referral about one of its people within 365 days before"),
        (OfPlan(PlanIs.started_again), "the plan is started-again"),
        (OfConcern("neglect"), "it is of the concern neglect"),
        (Named("level-of-need-agreed"), "the test level-of-need-agreed holds"),
    ],
)
def test_what_a_measure_asks_in_words(check: Check, says: str) -> None:
    assert measured.measure(replace(A_MEASURE, if_=(check,)))["if"] == says


A_CONCERN = Concern("neglect", "Neglect", date(2020, 1, 1), None, (Present(("domestic_abuse",)),), 365)
CHANGED_CONCERN: dict[str, Any] = {
    "title": "Neglected",
    "from_": date(2020, 1, 2),
    "until": date(2025, 1, 1),
    "any_": (OneOf(("concern_types", "type"), ("neglect",)),),
    "carried_days": 30,
}


def test_each_thing_that_a_concern_can_say_is_tried_below() -> None:
    assert {f.name for f in fields(Concern)} == {"id", *CHANGED_CONCERN}


@pytest.mark.parametrize("name", CHANGED_CONCERN)
def test_a_concern_that_says_one_thing_otherwise_is_shown_as_otherwise(name: str) -> None:
    other = replace(A_CONCERN, **{name: CHANGED_CONCERN[name]})
    page = compare(measuring(concerns=(A_CONCERN,)), measuring(concerns=(other,)))
    assert "### `neglect` is otherwise" in section(page, "Concerns of the shared data set")


def test_what_a_published_table_prints_is_compared_and_a_pack_without_one_says_so() -> None:
    assert {f.name for f in fields(DataSet)} == {"measures", "concerns", "smallest", "edition"}
    five, ten, none = measuring(A_MEASURE), measuring(A_MEASURE, smallest=10), a_pack(data_set=NO_DATA_SET)
    assert section(compare(five, five), "Published tables").strip() == "The same in both."
    differing = section(compare(five, ten), "Published tables")
    assert "is 5 | the smallest number printed, besides nought, is 10 |" in differing
    assert "is 5 | there are none |" in section(compare(five, none), "Published tables")
    assert section(show(five), "Published tables").strip() == "The smallest number printed, besides nought, is 5."


def test_a_packs_own_measure_in_place_of_a_chapters_is_shown_as_otherwise(tmp_path: Path) -> None:
    copy = copy_of(pack_folder("stockton"), tmp_path)
    entry = next(m for m in STOCKTON.data_set.measures if m.id == "referral-volume")
    (copy / "measures.toml").write_text(
        '[[measure]]\nid = "referral-volume"\ntitle = "All referrals"\nunit = "referrals"\nfrom = 2019-09-01\nown = true\n'
        'rows = ["I9"]\neach = "event"\non = ["referral"]\nby = ["agency"]\n'
    )
    part = section(compare(STOCKTON, load_pack(copy)), "Measures of the shared data set")
    assert part.count("###") == 1
    assert f"| title | {entry.title} | All referrals |" in part
    assert f"Rows {', '.join(entry.rows)}." in part


@pytest.mark.parametrize("name", ["rule", "from_", "until", "source"])
def test_a_deadline_that_says_one_thing_otherwise_is_shown_as_otherwise(name: str) -> None:
    assert {f.name for f in fields(Deadline)} == {"id", "rule", "from_", "until", "source"}
    to: dict[str, Any] = {"rule": Hours(1), "from_": date(2019, 9, 2), "until": date(2027, 1, 1), "source": "a letter"}
    deadlines = tuple(replace(d, **{name: to[name]}) if d.id == "read-minutes" else d for d in STOCKTON.deadlines)
    assert "### `read-minutes` is otherwise" in section(compare(STOCKTON, a_pack(deadlines=deadlines)), "Deadlines")


def test_what_one_pack_leaves_out_is_only_in_the_other(tmp_path: Path) -> None:
    copy = copy_of(pack_folder("stockton"), tmp_path)
    spoil(copy, "agencies.toml", "number = 1", 'number = 1\nwithout = ["encompass-early-years"]')
    spoil(copy, "agencies.toml", 'title = "Stockton-on-Tees, November 2020"', 'title = "Elsewhere"')
    left = load_pack(copy)
    there, back = compare(STOCKTON, left), compare(left, STOCKTON)
    for page in (there, back):
        part = section(page, "Duties")
        assert part.count("###") == 1
        assert "### Only in Stockton-on-Tees, November 2020" in part
        assert "the nursery or other early-years setting of each child under 5" in row(part, "encompass-early-years")[1]
        permitted = section(page, "What agreements permit and forbid")
        assert "A child's nursery sees" in row(permitted, "encompass.early-years.child")[1]


def test_rules_that_are_the_same_are_the_same_whichever_chapter_gives_them() -> None:
    assert compare(STOCKTON, a_pack(chapters={})) == compare(STOCKTON, STOCKTON)
    assert {r.chapter for r in rules_of(a_pack(chapters={}))} == {""}
