"""The shared data set from a real router's database: what was decided, told and answered there is what is counted."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from frontdoor_router.core.measures.asking import Question, Table
from frontdoor_router.core.measures.audiences import Audience, Everybody, Partnership
from frontdoor_router.core.measures.figures import Figures, Measured
from frontdoor_router.core.measures.printing import as_csv
from frontdoor_router.core.measures.tally import Result
from frontdoor_schemas.vocabulary import Level
from support.builders import a_child, an_incident, an_involvement
from support.exchange import Exchange, exchange
from support.measuring import group, hours
from support.routers import change
from support.wandsworth import COUNTS, MONTHS, PRINTED, plan_events

MORNING = datetime(2020, 11, 10, 10, 0, tzinfo=UTC)
HUB, SCHOOL, CARE = "hub.front-door", "ash-primary.dsl", "social-care.conference"
NOVEMBER = date(2020, 11, 1)
NEGLECT = [{"type": "neglect"}]


async def ask(
    running: Exchange,
    *,
    month: date = NOVEMBER,
    as_at: datetime | None = None,
    concern: str | None = None,
    audience: Audience | None = None,
) -> Table:
    """A table of the router's."""
    return await running.engine.figures(Question(month, as_at or running.clock.now(), concern, audience or Partnership()))


async def measure(running: Exchange, name: str, **how: Any) -> Measured:
    """One measure."""
    return next(m for m in (await ask(running, **how)).measures if m.measure.id == name)


async def total(running: Exchange, name: str, **how: Any) -> tuple[int | None, int | None]:
    """How many there are, and how many of them were reached."""
    found: Figures = (await measure(running, name, **how)).total
    return found.of, found.counted


def a_referral(n: int = 1, **facts: Any) -> dict[str, Any]:
    """A referral of the n-th child."""
    return {"children": [a_child(n)], **facts}


async def decide(running: Exchange, referral: Any, n: int = 1, **said: Any) -> Any:
    """The front door's outcome, now."""
    data = {"children": [a_child(n)], "decided_at": running.clock.now().isoformat(), "accepted": "yes", **said}
    return await running.post(HUB, "referral-outcome", data, reply_to=referral)


async def test_a_contact_its_outcome_and_its_feedback(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        referral = await running.post(SCHOOL, "referral", a_referral(concern_types=NEGLECT, level_of_need="3"))
        other = await running.post(SCHOOL, "referral", a_referral(2))
        running.clock.set(MORNING + hours(5))
        outcome = await decide(running, referral, level_of_need_decided="3")
        assert await total(running, "outcome-feedback") == (1, 0)
        await running.receipt(running.to(SCHOOL, outcome), Level.received)
        running.clock.set(MORNING + hours(30))
        await decide(running, other, 2)
        assert await total(running, "contacts-in-24-hours") == (2, 1)
        assert await total(running, "contacts-in-24-hours", concern="neglect") == (1, 1)
        behind = await running.engine.cases(Question(NOVEMBER, running.clock.now(), None, Partnership()), "contacts-in-24-hours")
        assert behind == {referral: Result.counted, other: Result.missed}
        assert await total(running, "outcome-feedback") == (2, 1)
        assert await total(running, "level-of-need-agreed") == (1, 1)
        found = await measure(running, "outcome-feedback-since-referral")
        assert found.total.median_hours == Decimal(5)
        assert group(found, "agency", "ash-primary").of == 1


async def test_an_answer_today_is_the_answer_of_then(database: str) -> None:
    """As at a moment, nothing that came after it counts: no outcome, no receipt, no correction, no withdrawal."""
    async with exchange(database, starts=MORNING) as running:
        first = await running.post(SCHOOL, "referral", a_referral())
        second = await running.post(SCHOOL, "referral", a_referral(2))
        then = MORNING + hours(1)
        running.clock.set(then)
        printed = as_csv(await ask(running, as_at=then))
        running.clock.set(MORNING + hours(2))
        outcome = await decide(running, first)
        await running.receipt(running.to(SCHOOL, outcome), Level.opened)
        right = {"occurred_at": MORNING.isoformat(), **a_referral(2, concern_types=NEGLECT)}
        await running.post(SCHOOL, "correction", {"reason": "a concern", "event": {"type": "referral", "data": right}}, reply_to=second)
        await running.post(SCHOOL, "withdrawal", {"reason": "wrong child"}, reply_to=first)
        await running.post(SCHOOL, "referral", a_referral(3))
        assert as_csv(await ask(running, as_at=then)) == printed
        assert await total(running, "referral-volume") == (2, None)


async def test_a_corrected_event_counts_once_as_it_now_stands_and_from_when_it_first_came(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        wrong = await running.post(SCHOOL, "referral", a_referral())
        running.clock.set(MORNING + hours(40))
        right = {"occurred_at": MORNING.isoformat(), **a_referral(concern_types=NEGLECT)}
        body = {"reason": "the concern was left out", "event": {"type": "referral", "data": right}}
        correction = await running.post(SCHOOL, "correction", body, reply_to=wrong)
        assert await total(running, "referral-volume", concern="neglect") == (1, None)
        assert await total(running, "contacts-in-24-hours") == (1, 0)
        await decide(running, correction)
        assert (await measure(running, "contacts-in-24-hours")).total.median_hours == 40
        another = {**body, "event": {"type": "referral", "data": {"occurred_at": MORNING.isoformat(), **a_referral()}}}
        await running.post(SCHOOL, "correction", another, reply_to=correction)
        assert await total(running, "referral-volume") == (1, None)
        assert await total(running, "referral-volume", concern="neglect") == (0, None)


async def test_a_correction_into_another_type_counts_as_that(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        wrong = await running.post("police.pvp", "police-incident", an_incident(a_child(1)))
        body = {"reason": "a referral", "event": {"type": "referral", "data": {"occurred_at": MORNING.isoformat(), **a_referral()}}}
        await running.post("police.pvp", "correction", body, reply_to=wrong)
        assert await total(running, "referral-volume") == (1, None)
        assert await total(running, "police-notification-delay") == (0, None)


async def test_what_was_taken_back_is_in_no_figure(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        referral = await running.post(SCHOOL, "referral", a_referral())
        await running.post(SCHOOL, "withdrawal", {"reason": "wrong child"}, reply_to=referral)
        assert await total(running, "referral-volume") == (0, None)


async def test_who_opened_before_school_and_whose_children_they_are(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        for n, school in ((1, SCHOOL), (2, "beck-academy.dsl")):
            await running.post(HUB, "involvement-started", an_involvement(a_child(n), desk=school, relation="school"))
        incident = await running.post("police.pvp", "police-incident", an_incident(a_child(1), a_child(2)))
        running.clock.set(MORNING + hours(1))
        await running.receipt(running.to(SCHOOL, incident), Level.opened)
        await running.move_to(MORNING + timedelta(days=2))
        found = await measure(running, "encompass-before-school")
        assert (found.total.of, found.total.counted, found.total.children_of, found.total.children) == (2, 1, 2, 1)
        assert group(found, "agency", "beck-academy").counted == 0
        assert await total(running, "encompass-before-school", as_at=MORNING + hours(2)) == (1, 1)


async def test_who_is_asked_and_answers(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        request = {"children": [a_child(1)], "request_type": "detailed", "asked_of": ["nps.duty", "crc.duty"], "purpose": "an assessment"}
        asked = await running.post(HUB, "information-request", request)
        await running.post("nps.duty", "information-response", {"children": [a_child(1)], "result": "answered"}, reply_to=asked)
        await running.move_to(MORNING + timedelta(days=12))
        found = await measure(running, "information-requests-in-time")
        assert [(f.group, f.of, f.counted) for f in found.groups if f.by == "role"] == [("crc", 1, 0), ("nps", 1, 1)]


async def test_a_repeat_is_found_in_the_childs_chronology_and_neglect_is_carried_to_what_does_not_say_it(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        first = await running.post(SCHOOL, "referral", a_referral(concern_types=NEGLECT))
        running.clock.set(MORNING + timedelta(days=3))
        await running.post("police.pvp", "referral", a_referral())
        request = {"children": [a_child(1)], "request_type": "detailed", "asked_of": ["nps.duty"], "purpose": "an assessment"}
        await running.post(HUB, "information-request", request)
        assert await total(running, "repeat-referrals") == (2, 1)
        assert await total(running, "referral-volume", concern="neglect") == (2, None)
        running.clock.set(MORNING + timedelta(days=12))
        assert await total(running, "information-requests-in-time", concern="neglect") == (1, 0)
        await running.post(SCHOOL, "withdrawal", {"reason": "wrong child"}, reply_to=first)
        assert await total(running, "repeat-referrals") == (1, 0)
        assert await total(running, "information-requests-in-time", concern="neglect") == (0, 0)


async def test_what_could_not_be_decided_is_named_beside_the_figures(database: str) -> None:
    async with exchange(database, starts=MORNING) as running:
        await running.post(SCHOOL, "referral", a_referral())
        await change(database, "UPDATE event SET state = 'held'")
        found = await ask(running)
        assert found.set_aside == 1
        assert all(m.total.of == 0 for m in found.measures)


async def test_more_events_than_are_held_at_a_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdoor_router.adapters.measuring.BATCH", 2)
    async with exchange(database, starts=MORNING) as running:
        for n in range(1, 6):
            await running.publish(SCHOOL, "referral", a_referral(n))
        await running.settle()
        assert (await measure(running, "referral-volume")).total.children_of == 5


async def test_wandsworths_table_through_the_router(database: str) -> None:
    """Every printed percentage, from events that a router decided: 13 months, all four categories."""
    events = list(plan_events())
    async with exchange(database, starts=events[0].at) as running:
        for at in sorted({e.at for e in events}):
            running.clock.set(at)
            for event in events:
                if event.at == at:
                    await running.publish(CARE, "plan-status", event.data)
            await running.settle()
        running.clock.set(datetime(2021, 12, 1, tzinfo=UTC))
        for index in (0, 3, 12):
            found = await measure(running, "child-protection-by-category", month=MONTHS[index])
            for category, counts in COUNTS.items():
                line = group(found, "field:category_primary", category)
                assert line.counted == counts[index]
                assert line.percent is not None
                assert abs(line.percent - PRINTED[category][index]) <= 0.5
        published = await measure(running, "child-protection-by-category", month=MONTHS[12], audience=Everybody())
        assert [(f.group, f.counted) for f in published.groups if f.held_back][-1] == ("sexual_abuse", None)
        assert published.total.counted == 159
