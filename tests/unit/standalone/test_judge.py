"""Every kind of expectation is judged on recorded observations: it passes on what it asks for, and fails on anything else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from frontdoor_schemas.events import MODELS
from frontdoor_schemas.vocabulary import Category, EventType
from frontdoor_standalone.rehearsal.judge import judge
from frontdoor_standalone.rehearsal.observed import Channel, Disclosed, Given, Heard, Ledger, Mail, Obligation, Observations, Posted, Work
from frontdoor_standalone.rehearsal.people import individuals
from frontdoor_standalone.rehearsal.scenario import ZONE, Scenario, Written
from frontdoor_standalone.rehearsal.view import Rules, View

STARTS = datetime(2020, 11, 10, 21, 0, tzinfo=ZONE)
SAID_AT = datetime(2020, 11, 10, 21, 40, tzinfo=ZONE)
MORNING = datetime(2020, 11, 11, 7, 40, tzinfo=ZONE)
DUE = datetime(2020, 11, 11, 8, 0, tzinfo=ZONE)
AVA, BEN, DANA = "child-00000001", "child-00000002", "adult-00000003"
SCHOOL = "ash-primary.dsl"
PEOPLE = {"ava": {}, "ben": {}, "dana": {"adult": "mother", "protected_address": "1 Marker Lane"}}


def scenario(*lines: Mapping[str, Any]) -> Written:
    expect = [{"standard": "own", **line} for line in lines]
    steps = [
        {"at": "10 Nov 21:40", "from": "police.pvp", "post": "police-incident", "as": "first", "about": ["ava", "ben", "dana"]},
        {
            "at": "10 Nov 21:50",
            "from": "social-care.conference",
            "post": "conference-minutes",
            "as": "minutes",
            "sections": {"apart": {"about": ["ava"]}},
        },
    ]
    content = {"scenario": "test", "pack": "test", "starts": "", "people": PEOPLE, "events": steps, "expect": expect}
    found = Scenario.model_validate(content, context={"starts": STARTS})
    return Written(path=Path("one.yaml"), scenario=found, lines=tuple(range(1, len(lines) + 1)))


def message(*, refs: tuple[str, ...] = (AVA,), **more: Any) -> dict[str, Any]:
    names = {AVA: "Ava", BEN: "Ben"}
    adults = [{"ref": DANA, "given_name": "Dana"}]
    return {"children": [{"ref": r, "given_name": names[r]} for r in refs], "adults": adults, **more}


def heard(data: dict[str, Any], *, desk: str = SCHOOL, kind: str = "disclosure", event: str = "e1", **more: Any) -> list[Heard]:
    fixed = {"desk": desk, "kind": kind, "id": "d1", "event": event, "number": 1, "data": data, "text": str(data), **more}
    return [Heard(channel=channel, **fixed) for channel in (Channel.inbox, Channel.webhook)]


def disclosed(*, desk: str = SCHOOL, kind: str = "disclosure", refs: tuple[str, ...] = (AVA,), **times: datetime) -> Disclosed:
    given = (Given(Category.child_identity, refs),)
    rest = (Given(Category.narrative, (AVA, BEN, DANA)),)
    return Disclosed(id="d1", desk=desk, kind=kind, at=SAID_AT, given=given, withheld=rest, times=times or {"filed": SAID_AT})


def posted(alias: str = "first", event: str = "e1", **more: Any) -> Posted:
    everybody = individuals_of()
    kind = EventType.conference_minutes if alias == "minutes" else EventType.police_incident
    return Posted(alias, event, kind, "police.pvp", SAID_AT, people=tuple(everybody[k] for k in ("ava", "ben", "dana")), **more)


def individuals_of() -> dict[str, Any]:
    found = scenario({"told": SCHOOL, "of": "first"}).scenario.people
    return dict(individuals(found))


def good() -> Observations:
    return Observations(
        posted={"first": posted()},
        ledgers={"first": Ledger("decided", disclosures=(disclosed(filed=SAID_AT, received=SAID_AT, opened=MORNING),))},
        heard=tuple(heard(message())),
    )


def verdicts(line: Mapping[str, Any], seen: Observations) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The problems of the line, and those of the closed world."""
    written = scenario(line)
    rules = Rules(
        deadlines_of={"encompass-school": frozenset({"encompass", "encompass-s49a"})},
        working_days=lambda first, last: (last.date() - first.date()).days,
        plan_of=lambda kind: MODELS[kind].plan,
    )
    view = View(seen, rules, individuals(written.scenario.people), STARTS, ZONE)
    first, world = judge(written, view)
    return first.problems, world.problems


def passes(line: Mapping[str, Any], seen: Observations) -> bool:
    return not verdicts(line, seen)[0]


TOLD = {"told": SCHOOL, "of": "first"}


def test_somebody_who_was_told_was_told() -> None:
    assert verdicts(TOLD, good()) == ((), ())


def test_nobody_told_fails_and_so_does_a_ledger_without_a_message() -> None:
    assert not passes(TOLD, replace(good(), ledgers={"first": Ledger("decided")}, heard=()))
    assert not passes(TOLD, replace(good(), heard=()))


@pytest.mark.parametrize(
    ("asks", "data"),
    [
        ({"about_only": ["ava"]}, message(refs=(AVA, BEN))),
        ({"about_only": ["ava", "ben"]}, message()),
        ({"about_only": ["ava"]}, message(concerns=[{"about": [BEN], "what": "x"}])),
        ({"about_only": ["ava", "dana"]}, message(adults=[])),
        ({"includes": ["concern_and_incident"]}, message()),
        ({"excludes": ["narrative"]}, message(circumstances="all of it")),
        ({"excludes": ["offence_and_court"]}, message(offences=["assault"])),
        ({"never_contains": ["Ben"]}, message(kind="Ben was there")),
        ({"never_contains": ["ben"]}, message(kind="Ben was there")),
        ({"never_contains": ["1 Marker Lane"]}, message(place="1 Marker Lane")),
        ({"says": {"domestic_abuse.risk_grade": "high"}}, message(domestic_abuse={"risk_grade": "medium"})),
        ({"says": {"kind": "x"}}, message()),
        ({"marks": ["incomplete"]}, message()),
    ],
)
def test_what_a_message_must_and_must_not_hold(asks: Mapping[str, Any], data: dict[str, Any]) -> None:
    assert not passes({**TOLD, **asks}, replace(good(), heard=tuple(heard(data))))


@pytest.mark.parametrize(
    "asks",
    [
        {"about_only": ["ava"]},
        {"includes": ["concern_and_incident"], "excludes": ["narrative", "offence_and_court"]},
        {"never_contains": ["Ben", "1 Marker Lane"]},
        {"says": {"domestic_abuse.risk_grade": "medium", "concerns.what": "hungry"}},
        {"by": "11 Nov 08:00"},
        {"receipt": "opened 07:40"},
        {"receipt": "opened 11 Nov 07:40"},
        {"receipt": "opened"},
        {"once": "yes"},
    ],
)
def test_what_is_as_it_should_be_passes(asks: Mapping[str, Any]) -> None:
    data = message(domestic_abuse={"risk_grade": "medium"}, concerns=[{"about": [AVA], "what": "hungry"}])
    assert passes({**TOLD, **asks}, replace(good(), heard=tuple(heard(data))))


@pytest.mark.parametrize(
    "asks", [{"by": "10 Nov 21:30"}, {"receipt": "received"}, {"receipt": "opened 07:41"}, {"receipt": "by-telephone"}]
)
def test_times_and_levels_are_exact(asks: Mapping[str, Any]) -> None:
    assert not passes({**TOLD, **asks}, good())


def test_a_message_that_comes_twice_by_webhook_is_not_once() -> None:
    seen = good()
    assert not passes({**TOLD, "once": "yes"}, replace(seen, heard=(*seen.heard, seen.heard[-1])))


def test_not_told_fails_on_any_trace() -> None:
    line = {"not_told": "nps.duty", "of": "first", "because": "no-duty"}
    assert passes(line, good())
    assert not passes(line, replace(good(), heard=tuple(heard(message(), desk="nps.duty"))))
    assert not passes(line, replace(good(), ledgers={"first": Ledger("decided", disclosures=(disclosed(desk="nps.duty"),))}))
    assert not passes(line, replace(good(), mails=(Mail("nps.duty", SAID_AT, "about e1"),)))


ANSWERED = {"answered": SCHOOL, "of": "first"}
NOT_ANSWERED = {"not_answered": SCHOOL, "of": "first"}


def answers(data: Mapping[str, Any], **more: Any) -> Observations:
    """The school has asked, and this is what it was answered."""
    told = disclosed(kind="answer")
    return replace(good(), heard=tuple(heard(dict(data), kind="answer", **more)), ledgers={"first": Ledger("decided", disclosures=(told,))})


def test_an_answer_is_judged_like_what_is_told_and_is_not_the_same() -> None:
    assert verdicts(ANSWERED, answers(message())) == ((), ())
    assert not passes(TOLD, answers(message()))
    assert not passes(ANSWERED, good())
    assert passes({**ANSWERED, "about_only": ["ava"], "never_contains": ["Ben"]}, answers(message()))
    assert not passes({**ANSWERED, "about_only": ["ava"]}, answers(message(refs=(AVA, BEN))))
    assert not passes({**ANSWERED, "never_contains": ["Ben"]}, answers(message(refs=(AVA, BEN))))
    assert not passes({**ANSWERED, "excludes": ["concern_and_incident"]}, answers(message(concerns=[{"about": [AVA], "what": "x"}])))


def test_who_had_an_answer_that_no_line_names_breaks_the_closed_world() -> None:
    assert verdicts(TOLD, answers(message()))[1] == (f"{SCHOOL} had a answer about first, and no line says so",)
    _, world = verdicts(ANSWERED, replace(answers(message()), heard=()))
    assert world == (f"{SCHOOL} is in the ledger of first as told, but heard nothing",)


def test_an_answer_that_names_nobody_is_about_the_one_person_asked_about() -> None:
    one = replace(posted(), people=(individuals_of()["ava"],))
    line = {**ANSWERED, "about_only": ["ava"]}
    seen = replace(answers({"earlier": [{"about": [AVA], "on": "2020-11-10"}]}), posted={"first": one})
    assert passes(line, seen)
    assert not passes(line, replace(answers({"earlier": [{"about": [AVA]}, {"about": [BEN]}]}), posted={"first": one}))
    assert not passes(line, answers({"earlier": [{"about": [AVA]}]}))


def test_not_answered_is_an_answer_that_says_nothing_for_its_reason() -> None:
    assert verdicts(NOT_ANSWERED, answers({}, reason="nothing-to-say")) == ((), ())
    assert not passes(NOT_ANSWERED, answers({}, reason="not-identified"))
    assert not passes(NOT_ANSWERED, answers(message(), reason=None))
    assert not passes(NOT_ANSWERED, replace(good(), heard=()))
    assert passes({**NOT_ANSWERED, "because": "not-identified"}, answers({}, reason="not-identified"))


def test_a_desk_that_no_line_names_breaks_the_closed_world() -> None:
    seen = good()
    _, world = verdicts(TOLD, replace(seen, heard=(*seen.heard, *heard(message(), desk="nps.duty"))))
    assert world == ("nps.duty had a disclosure about first, and no line says so",)
    _, world = verdicts(TOLD, replace(seen, heard=(*seen.heard, *heard({}, desk="police.encompass", kind="overdue"))))
    assert world == ("police.encompass had a overdue about first, and no line says so",)
    _, world = verdicts(TOLD, replace(seen, mails=(Mail("nps.duty", SAID_AT, "something waits"),)))
    assert world == ("nps.duty had an e-mail, and no line names it",)
    _, world = verdicts(TOLD, replace(seen, broken=("a signature does not fit",)))
    assert world == ("a signature does not fit",)


def owed(**more: Any) -> Obligation:
    fixed = {"id": "o1", "duty": "encompass-school", "desk": SCHOOL, "due": DUE, "state": "overdue", "met_at": None}
    return Obligation(**{**fixed, **more})


def with_obligation(one: Obligation, *told: Heard) -> Observations:
    return replace(good(), ledgers={"first": Ledger("decided", obligations=(one,))}, heard=told)


OVERDUE = {"overdue": "encompass", "of": "first", "desk": SCHOOL, "at": "11 Nov 08:00", "raised_to": "police.encompass"}


def test_overdue_asks_for_the_time_the_state_and_who_hears_of_it() -> None:
    notice = heard({}, desk="police.encompass", kind="overdue")
    assert passes(OVERDUE, with_obligation(owed(), *notice))
    assert passes({**OVERDUE, "overdue": "encompass-school"}, with_obligation(owed(), *notice))
    assert not passes(OVERDUE, with_obligation(owed()))
    assert not passes(OVERDUE, with_obligation(owed(due=DUE + timedelta(hours=1)), *notice))
    assert not passes(OVERDUE, with_obligation(owed(met_at=MORNING, state="met"), *notice))
    assert not passes(OVERDUE, with_obligation(owed(desk="beck-academy.dsl"), *notice))
    assert not passes(OVERDUE, with_obligation(owed(duty="other"), *notice))
    assert not passes({**OVERDUE, "reminded": "yes"}, with_obligation(owed(), *notice))


def test_closed_asks_for_everything_owed_to_be_done() -> None:
    line = {"closed": "encompass", "of": "first", "by": "11 Nov 08:00"}
    assert passes(line, with_obligation(owed(met_at=MORNING, state="met")))
    assert not passes(line, with_obligation(owed()))
    assert not passes(line, with_obligation(owed(met_at=DUE + timedelta(hours=1), state="met")))
    assert not passes(line, good())


def test_held_asks_for_the_reason_the_owner_and_nobody_else() -> None:
    line = {"held": "first", "because": "two-people-fit", "owner": "hub.review", "told_only": SCHOOL}
    work = Work("identity", "two-people-fit", "hub.review", (AVA,), closed=False)
    notice = tuple(heard({}, desk="hub.review", kind="held"))

    def seen(one: Work, *told: Disclosed) -> Observations:
        return replace(good(), ledgers={"first": Ledger("decided", disclosures=told, work=(one,))}, heard=notice)

    assert passes(line, seen(work, disclosed()))
    assert not passes(line, seen(replace(work, reason="no-exact-identifier")))
    assert not passes(line, seen(replace(work, owner="hub.front-door")))
    assert not passes(line, seen(work, disclosed(), disclosed(desk="nps.duty")))
    assert not passes(line, replace(seen(work), heard=()))


def test_owed_and_asked() -> None:
    line = {"owed": "reason_not_accepted", "of": "first", "desk": "hub.front-door"}
    assert passes(line, replace(good(), heard=tuple(heard({}, desk="hub.front-door", kind="owed", missing=("reason_not_accepted",)))))
    assert not passes(line, replace(good(), heard=tuple(heard({}, desk="hub.front-door", kind="owed", missing=("route",)))))
    assert not passes(line, good())
    asks = {"asked": SCHOOL, "of": "first", "reply": "information-response", "due": "11 Nov 08:00"}
    assert passes(asks, replace(good(), heard=tuple(heard({}, ask={"reply": "information-response", "due": DUE.isoformat()}))))
    assert not passes(asks, replace(good(), heard=tuple(heard({}, ask={"reply": "information-response", "due": MORNING.isoformat()}))))
    assert not passes(asks, replace(good(), heard=tuple(heard({}, ask={"level": "opened"}))))


def test_a_reminder_comes_and_names_nobody() -> None:
    line = {"reminded": SCHOOL, "after": "11 Nov 07:00", "by": "11 Nov 08:00"}
    family = individuals_of()["ava"].family_name
    assert passes(line, replace(good(), mails=(Mail(SCHOOL, MORNING, "Something waits for you"),)))
    assert not passes(line, replace(good(), mails=(Mail(SCHOOL, MORNING, f"Something about Ava {family}"),)))
    assert not passes(line, replace(good(), mails=(Mail(SCHOOL, SAID_AT, "Something waits for you"),)))


def test_withdrawn_leaves_a_tombstone_or_a_notice() -> None:
    gone = {"first": Ledger("decided", disclosures=(disclosed(filed=SAID_AT, withdrawn=MORNING),))}
    unread = {"withdrawn": "first", "desk": SCHOOL, "leaves": "tombstone"}
    stone = tuple(heard({}, kind="tombstone", event="None"))
    assert passes(unread, replace(good(), ledgers=gone, heard=stone))
    assert not passes(unread, replace(good(), ledgers=gone, heard=()))
    assert not passes(unread, replace(good(), ledgers=gone))
    assert not passes(unread, replace(good(), heard=stone))
    read = {"withdrawn": "first", "desk": SCHOOL, "leaves": "notice"}
    assert passes(read, replace(good(), ledgers=gone, heard=tuple(heard({}, kind="withdrawn", event="e9", refers_to="d1"))))
    assert not passes(read, replace(good(), ledgers=gone, heard=tuple(heard({}, kind="withdrawn", event="e9", refers_to="d9"))))
    assert not passes(read, replace(good(), ledgers=gone, heard=()))


def test_in_order_and_once() -> None:
    both = {"first": posted(), "minutes": posted("minutes", "e2")}
    line = {"in_order": ["first", "minutes"], "desk": SCHOOL}
    one, two = heard(message()), heard(message(), event="e2")
    assert passes(line, replace(good(), posted=both, heard=(*one, *two)))
    assert not passes(line, replace(good(), posted=both, heard=(*two, *one)))
    assert not passes(line, replace(good(), posted=both, heard=(*one, *two, *two)))
    assert not passes(line, replace(good(), posted=both, heard=tuple(one)))


def test_a_part_carries_its_restriction() -> None:
    line = {"section": "apart", "carries": "not to be shared with dana"}
    part = {"kind": "discussion", "about": [AVA], "text": "said apart"}
    minutes = {"minutes": posted("minutes", items={"apart": "said apart"}, part_people={"apart": ("ava",)})}
    ledgers = {"minutes": Ledger("decided", disclosures=(disclosed(),))}

    def seen(item: dict[str, Any]) -> Observations:
        return Observations(posted=minutes, ledgers=ledgers, heard=tuple(heard(message(parts=[item]))))

    assert passes(line, seen({**part, "not_for_family": [DANA]}))
    assert not passes(line, seen(part))
    assert not passes(line, seen({"text": "other"}))


def test_measured_counts_working_days_to_the_hands_of_the_desk() -> None:
    minutes = {"first": posted(held_on=SAID_AT - timedelta(days=4))}
    assert passes({"measured": "meeting-to-delivery", "working_days": "4"}, replace(good(), posted=minutes))
    assert not passes({"measured": "meeting-to-delivery", "working_days": "3"}, replace(good(), posted=minutes))
    assert not passes({"measured": "meeting-to-delivery", "working_days": "4"}, good())


def test_a_task_stands_with_its_owner() -> None:
    work = Work("cannot-decide", "no-desk:encompass-school", "hub.front-door", (), closed=False)
    seen = replace(good(), ledgers={"first": Ledger("decided", work=(work,))})
    assert passes({"task": "cannot-decide", "owner": "hub.front-door"}, seen)
    assert not passes({"task": "cannot-decide", "owner": "hub.review"}, seen)
    assert not passes({"task": "cannot-decide", "owner": "hub.front-door", "state": "closed"}, seen)


def handed_over(data: dict[str, Any], **more: Any) -> Observations:
    """What a desk has of another's work, in the ledger and by every channel."""
    ledger = Ledger("decided", disclosures=(disclosed(kind="overdue", filed=SAID_AT, received=SAID_AT),))
    return replace(good(), ledgers={"first": ledger}, heard=(*heard(message(), desk="x.y"), *heard(data, kind="overdue", **more)))


INHERITED = {"inherited": SCHOOL, "of": "first"}


def test_what_a_desk_has_of_anothers_work_is_judged_like_what_it_is_told() -> None:
    asked = {"ask": {"reply": "information-response"}}
    assert passes({**INHERITED, "about_only": ["ava"], "receipt": "received"}, handed_over(message()))
    assert passes({**INHERITED, "asks": "information-response"}, handed_over(message(), **asked))
    assert not passes({**INHERITED, "asks": "information-response"}, handed_over(message()))
    assert not passes({**INHERITED, "about_only": ["ava"]}, handed_over(message(refs=(AVA, BEN))))
    assert not passes({**INHERITED, "excludes": ["offence_and_court"]}, handed_over(message(offences=["assault"])))
    assert not passes(INHERITED, good())
    assert not passes(TOLD, handed_over(message()))


def test_nobody_has_anothers_work_without_a_line_that_says_so() -> None:
    unsaid = verdicts({"told": "x.y", "of": "first"}, handed_over(message()))[1]
    assert unsaid == (f"{SCHOOL} had a overdue about first, and no line says so",)


def a_list(*refs: str, until: datetime = DUE, **more: Any) -> list[Heard]:
    head = [{"list": "missing-daily", "since": MORNING.isoformat(), "until": until.isoformat()}]
    data = {**({"children": message(refs=refs)["children"]} if refs else {}), "standing_lists": head}
    return heard(data, kind="answer", event="e9", number=4, **more)


LISTED = {"listed": SCHOOL, "list": "missing-daily", "at": "11 Nov 08:00"}


def test_a_list_comes_once_about_those_people_and_no_other() -> None:
    there = replace(good(), heard=(*good().heard, *a_list(AVA)))
    assert passes({**LISTED, "about_only": ["ava"], "says": {"standing_lists.list": "missing-daily"}}, there)
    assert not passes({**LISTED, "about_only": ["ava", "ben"]}, there)
    assert not passes({**LISTED, "about_only": ["ava"], "never_contains": ["Ava"]}, there)
    assert not passes({**LISTED, "about_only": ["ava"], "says": {"earlier.said": "stage=reported"}}, there)
    assert not passes({**LISTED, "about_only": ["ava"], "at": "12 Nov 08:00"}, there)
    assert not passes({**LISTED, "about_only": ["ava"]}, replace(good(), heard=(*good().heard, *a_list(AVA, BEN))))
    twice = (*good().heard, *a_list(AVA), *(replace(h, number=5) for h in a_list(AVA)))
    assert not passes({**LISTED, "about_only": ["ava"]}, replace(good(), heard=twice))
    nameless = (*good().heard, *(replace(h, data={**h.data, "events_count": [{"about": [BEN], "count": 1}]}) for h in a_list(AVA)))
    assert not passes({**LISTED, "about_only": ["ava"]}, replace(good(), heard=nameless))


def test_a_list_with_somebody_on_it_that_no_line_names_breaks_the_closed_world() -> None:
    told = {"told": SCHOOL, "of": "first"}
    empty, full = (replace(good(), heard=(*good().heard, *a_list(*refs))) for refs in ((), (AVA,)))
    assert not verdicts(told, empty)[1]
    assert verdicts(told, full)[1] == (f"{SCHOOL} had the list missing-daily of 11 Nov 08:00, and no line says so",)
