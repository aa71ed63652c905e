"""Who has answered what: a reply meets what its own desk owes about its own people, and what it met is owed again when it is withdrawn."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from support.builders import a_child, an_adult, an_involvement
from support.exchange import Exchange, exchange
from support.routers import rows

MORNING = datetime(2020, 11, 10, 10, 0, tzinfo=UTC)
HUB, CARE, PVP, ASH = "hub.front-door", "social-care.duty", "police.pvp", "ash-primary.dsl"
HEALTH_VISITING, NURSES, MIDWIFERY = "trust.health-visiting", "trust.school-nursing", "trust.midwifery"


def known(*children: dict[str, Any]) -> dict[str, Any]:
    """An answer that says something of all these children."""
    about = [child["ref"] for child in children]
    return {"children": list(children), "answers": [{"about": about, "content": "Known to us"}]}


def corrected(event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """A correction of a slip."""
    return {"reason": "a slip", "event": {"type": event_type, "data": {"occurred_at": MORNING.isoformat(), **data}}}


async def states(database: str, event: UUID, duty: str) -> list[tuple[str, str]]:
    """How a duty's obligations of an event stand: desk and state."""
    return sorted(map(tuple, await rows(database, "SELECT desk, state FROM obligation WHERE event = $1 AND duty = $2", event, duty)))


def raised(x: Exchange, duty: str) -> int:
    """How often anybody was told that it was missed."""
    return sum(told.kind == "overdue" and told.reason == duty for told in x.told)


async def test_the_answer_of_one_service_is_not_that_of_another_of_its_agency(database: str) -> None:
    async with exchange(database, starts=MORNING) as x:
        baby, pupil = a_child(1, born="2019-05-02"), a_child(2, born="2011-05-02")
        await x.post(HUB, "involvement-started", an_involvement(baby, desk=HEALTH_VISITING, relation="health_visiting"))
        await x.post(HUB, "involvement-started", an_involvement(pupil, desk=NURSES, relation="school_nursing"))
        referral = await x.post(ASH, "referral", {"children": [baby, pupil]})
        await x.post(HEALTH_VISITING, "information-response", known(baby, pupil), reply_to=referral)
        assert await states(database, referral, "hub-check-health-visiting") == [(HEALTH_VISITING, "met")]
        assert await states(database, referral, "hub-check-school-nursing") == [(NURSES, "open")]


async def test_each_desk_that_is_asked_answers_itself(database: str) -> None:
    async with exchange(database, starts=MORNING) as x:
        pupil = a_child(1, born="2011-05-02")
        asked = {"children": [pupil], "context": "What do you know?", "asked_of": [HEALTH_VISITING, NURSES, MIDWIFERY]}
        request = await x.post(CARE, "information-request", asked)
        refused = {"children": [pupil], "result": "refused", "reason_refused": "not known to us"}
        await x.post(MIDWIFERY, "information-response", refused, reply_to=request)
        assert await states(database, request, "information-asked") == [(HEALTH_VISITING, "open"), (MIDWIFERY, "met"), (NURSES, "open")]


async def test_an_answer_about_one_child_is_none_about_another(database: str) -> None:
    async with exchange(database, starts=MORNING) as x:
        one, two = a_child(1), a_child(2)
        for child in (one, two):
            await x.post(HUB, "involvement-started", an_involvement(child, desk=NURSES, relation="school_nursing"))
        referral = await x.post(ASH, "referral", {"children": [one, two]})
        await x.post(NURSES, "information-response", known(one), reply_to=referral)
        assert await states(database, referral, "hub-check-school-nursing") == [(NURSES, "met"), (NURSES, "open")]


async def test_a_reply_that_came_late_and_is_withdrawn_is_chased_again(database: str) -> None:
    async with exchange(database, starts=MORNING) as x:
        referral = await x.post(ASH, "referral", {"children": [a_child(1)]})
        await x.move_to(MORNING + timedelta(hours=5))
        before = raised(x, "hub-check-police")
        reply = await x.post(PVP, "information-response", known(a_child(1)), reply_to=referral)
        await x.move_to(MORNING + timedelta(hours=6))
        await x.post(PVP, "withdrawal", {"reason": "of another family"}, reply_to=reply)
        await x.move_to(MORNING + timedelta(hours=7))
        assert before > 0
        assert raised(x, "hub-check-police") == before + 1


async def test_the_correction_of_another_reply_does_not_stand_for_one_that_is_withdrawn(database: str) -> None:
    async with exchange(database, starts=MORNING) as x:
        child = a_child(1)
        referral = await x.post(ASH, "referral", {"children": [child]})
        reply = await x.post(PVP, "information-response", known(child), reply_to=referral)
        asked = {"children": [child], "context": "What do you know?", "asked_of": [PVP]}
        request = await x.post(HUB, "information-request", asked, reply_to=referral)
        another = await x.post(PVP, "information-response", known(child), reply_to=request)
        await x.post(PVP, "correction", corrected("information-response", known(child)), reply_to=another)
        assert await states(database, referral, "hub-check-police") == [(PVP, "met")]
        await x.post(PVP, "withdrawal", {"reason": "of another family"}, reply_to=reply)
        assert await states(database, referral, "hub-check-police") == [(PVP, "open")]


async def test_every_version_of_an_event_is_answered_and_taken_back(database: str) -> None:
    async with exchange(database, starts=MORNING) as x:
        data = {"children": [a_child(1)]}
        referral = await x.post(ASH, "referral", data)
        first = await x.post(ASH, "correction", corrected("referral", data), reply_to=referral)
        second = await x.post(ASH, "correction", corrected("referral", data), reply_to=referral)
        await x.post(PVP, "information-response", known(a_child(1)), reply_to=first)
        assert await states(database, second, "hub-check-police") == [(PVP, "met")]
        await x.post(ASH, "withdrawal", {"reason": "the wrong child"}, reply_to=first)
        live = await rows(database, "SELECT id FROM event WHERE withdrawn_at IS NULL AND id = ANY($1::uuid[])", [referral, first, second])
        assert live == []


async def test_who_is_given_work_on_an_invitation_owes_no_report(database: str) -> None:
    async with exchange(database, starts=MORNING) as x:
        invitation = {
            "children": [a_child(1), a_child(2, nhs_number=None)],
            "meeting_type": "initial_conference",
            "invited": [ASH],
            "report_due": "2020-11-12T10:00:00+00:00",
            "respond_by": "2020-11-11T10:00:00+00:00",
        }
        event = await x.post(CARE, "meeting-invitation", invitation)
        work = await rows(database, "SELECT owner FROM task WHERE event = $1", event)
        assert work, "somebody has to see who the second child is"
        assert not {owner for (owner,) in work} & {desk for desk, _ in await states(database, event, "meeting-report")}


async def test_a_child_whose_interview_is_withdrawn_is_owed_one_again_though_another_names_it(database: str) -> None:
    async with exchange(database, starts=MORNING) as x:
        one, two = a_child(1), a_child(2)
        back = await x.post(PVP, "missing-episode", {"children": [one, two], "stage": "returned"})
        await x.post(CARE, "return-interview", {"children": [one, two], "about": ["child-1"], "offered": "yes"}, reply_to=back)
        assert await states(database, back, "return-interview") == [(CARE, "met"), (CARE, "open")]
        reply = await x.post(CARE, "return-interview", {"children": [two], "offered": "yes"}, reply_to=back)
        assert await states(database, back, "return-interview") == [(CARE, "met"), (CARE, "met")]
        await x.post(CARE, "withdrawal", {"reason": "of another episode"}, reply_to=reply)
        assert await states(database, back, "return-interview") == [(CARE, "met"), (CARE, "open")]


async def test_a_reply_that_names_no_child_is_about_all_and_stands_for_all(database: str) -> None:
    async with exchange(database, starts=MORNING) as x:
        mother = an_adult(1, nhs_number="9990000905", born="1985-03-02")
        back = await x.post(PVP, "missing-episode", {"children": [a_child(1), a_child(2)], "adults": [mother], "stage": "returned"})
        replies = [await x.post(CARE, "return-interview", {"adults": [mother], "offered": "no"}, reply_to=back)]
        assert await states(database, back, "return-interview") == [(CARE, "met"), (CARE, "met")]
        replies.append(await x.post(CARE, "return-interview", {"adults": [mother], "offered": "no"}, reply_to=back))
        await x.post(CARE, "withdrawal", {"reason": "sent twice"}, reply_to=replies[0])
        assert await states(database, back, "return-interview") == [(CARE, "met"), (CARE, "met")]
        await x.post(CARE, "withdrawal", {"reason": "of another family"}, reply_to=replies[1])
        assert await states(database, back, "return-interview") == [(CARE, "open"), (CARE, "open")]
