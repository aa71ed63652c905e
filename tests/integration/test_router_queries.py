"""Questions over the router's tables: what is read for them, in one batch with what they are about, and what becomes of an answer."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from frontdoor_router.adapters import recalling
from frontdoor_schemas.envelope import Delivery
from frontdoor_schemas.messages import message
from frontdoor_schemas.vocabulary import Level
from support.asking import HOME, MOTHER
from support.builders import a_child, an_incident, an_involvement
from support.exchange import Exchange
from support.routers import riverside, rows

PVP, CARE, OAK = "police.pvp", "care.duty", "oak.dsl"


@pytest.fixture
async def running(database: str) -> AsyncIterator[Exchange]:
    """A child at Oak."""
    async with riverside(database) as exchange:
        await exchange.post("council.school-roll", "involvement-started", an_involvement(a_child(1), desk=OAK, relation="school"))
        yield exchange


def asked(question: str, *children: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """A question."""
    return {"children": list(children), "question": question, "purpose": "A made-up reason", **facts}


def seen(what: str, *children: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """An incident in which something was seen of the first child."""
    about = children or (a_child(1),)
    kinds = [{"about": ["child-1"], "type": "neglect"}]
    return an_incident(*about, concerns=[{"about": ["child-1"], "what": what}], concern_types=kinds, **facts)


async def ask(running: Exchange, desk: str, question: str, *children: dict[str, Any], **facts: Any) -> tuple[Delivery, dict[str, Any]]:
    """Ask; the answer, and what it says."""
    event = await running.post(desk, "query", asked(question, *children, **facts))
    answer = running.to(desk, event, "answer")
    return answer, message(answer)["data"].get("message", {})


def facts(said: dict[str, Any], name: str, fact: str) -> list[Any]:
    """One fact of each entry of a list."""
    return [item.get(fact) for item in said.get(name, ())]


async def test_a_child_view_is_made_of_what_is_kept(running: Exchange) -> None:
    await running.post(PVP, "police-incident", seen("Seen first"))
    plan = {"children": [a_child(1)], "about": ["child-1"], "plan_type": "child_protection", "to_status": "started"}
    await running.post(CARE, "plan-status", {**plan, "lead_worker": {"name": "Lead Er"}})
    answer, said = await ask(running, CARE, "child_view", a_child(1))
    assert (answer.kind, answer.reason, answer.ask) == ("answer", None, None)
    assert facts(said, "earlier", "event_type") == ["police-incident", "plan-status"]
    assert facts(said, "concerns", "what") == ["Seen first"]
    assert facts(said, "lead_workers", "name") == ["Lead Er"]
    assert facts(said, "involved", "desk") == [OAK]
    assert said["children"][0]["given_name"] == "Given1"


async def test_an_answer_knows_what_its_own_batch_has_just_decided(running: Exchange, database: str) -> None:
    incident = await running.publish(PVP, "police-incident", seen("Seen first") | {"children": [a_child(1, address=HOME)]})
    there = await running.publish(PVP, "query", asked("address", address=HOME), reply_to=incident)
    child = await running.publish(PVP, "query", asked("minutes", a_child(1)), reply_to=incident)
    await running.settle()
    assert len(await rows(database, "SELECT DISTINCT xmin::text FROM event WHERE id = $1 OR cause = $1", incident)) == 1
    said = message(running.to(PVP, there, "answer"))["data"]["message"]
    assert (facts(said, "events_count", "count"), said["children"][0]["given_name"]) == ([1], "Given1")
    assert running.to(PVP, child, "answer").reason == "nothing-to-say"


async def test_what_a_desk_was_given_it_may_read_again(running: Exchange, database: str) -> None:
    await running.post(PVP, "police-incident", seen("Seen first"))
    await ask(running, OAK, "child_view", a_child(1))
    (policies,) = (
        await rows(
            database,
            "SELECT array_agg(DISTINCT p ORDER BY p) FROM disclosure d, jsonb_array_elements(given) g, "
            "jsonb_array_elements_text(g -> 'policies') p WHERE d.kind = 'answer'",
        )
    )[0]
    assert policies == ["(given to this desk before)", "queries.school"]


async def test_children_at_an_address_are_those_last_said_to_live_there(running: Exchange) -> None:
    there = {**HOME, "lines": ["2 Other Street"]}
    await running.post(PVP, "police-incident", seen("A") | {"children": [a_child(1, address=HOME), a_child(2, address=HOME)]})
    moved = await running.post(PVP, "police-incident", an_incident(a_child(1, address=there)))
    _, here = await ask(running, PVP, "address", address=HOME)
    assert [c["given_name"] for c in here["children"]] == ["Given2"]
    await running.post(PVP, "withdrawal", {"reason": "by mistake"}, reply_to=moved)
    _, again = await ask(running, PVP, "address", address=HOME)
    assert {c["given_name"] for c in again["children"]} == {"Given1", "Given2"}


async def test_an_address_leads_by_what_the_desk_may_hear_of_and_the_answer_goes_with_that(running: Exchange) -> None:
    said = await running.post(PVP, "police-incident", seen("A") | {"children": [a_child(1, address=HOME)]})
    hidden = {"children": [a_child(1, address=HOME), a_child(2, address=HOME)], "sharing": {"withhold_from": ["police"]}}
    await running.post(OAK, "referral", hidden)
    answer, here = await ask(running, PVP, "address", address=HOME)
    assert [c["given_name"] for c in here["children"]] == ["Given1"]
    await running.post(PVP, "withdrawal", {"reason": "by mistake"}, reply_to=said)
    assert answer.id in {r.disclosure for r in running.recalls}
    again, nothing = await ask(running, PVP, "address", address=HOME)
    assert (again.reason, nothing) == ("nothing-to-say", {})


async def test_nothing_leads_any_more_to_a_home_that_turns_out_to_be_protected(running: Exchange, database: str) -> None:
    await running.post(PVP, "police-incident", seen("A") | {"children": [a_child(1, address=HOME)]})
    mother = {**MOTHER, "protected_address": HOME}
    await running.post(OAK, "referral", {"children": [a_child(2)], "adults": [mother]})
    answer, _ = await ask(running, PVP, "address", address=HOME)
    assert answer.reason == "nothing-to-say"
    assert await rows(database, "SELECT count(*) FROM event_key") == [(0,)]


async def test_who_an_answer_about_an_address_is_about_is_kept_for_proof(running: Exchange, database: str) -> None:
    await running.post(PVP, "police-incident", seen("A") | {"children": [a_child(1, address=HOME)]})
    answer, _ = await ask(running, PVP, "address", address=HOME)
    about = await rows(database, "SELECT about FROM disclosure WHERE id = $1", answer.id)
    people = await rows(database, "SELECT person FROM event_person WHERE event = $1", answer.event.id)
    assert (list(about[0][0]), len(people)) == ([people[0][0]], 1)


async def test_no_address_is_kept_in_words(running: Exchange, database: str) -> None:
    await running.post(PVP, "police-incident", seen("A") | {"children": [a_child(1, address=HOME)]})
    kept = await rows(database, "SELECT kind, encode(hash, 'escape') FROM event_key")
    assert [kind for kind, _ in kept] == ["address"]
    assert "marker" not in kept[0][1].lower()


async def test_an_incident_is_found_by_its_agencys_number_with_time_and_receiver_of_its_referral(running: Exchange) -> None:
    incident = await running.post(PVP, "police-incident", seen("A", incident_id="CP-7"))
    _, before = await ask(running, PVP, "incident_status", incident_id="CP-7")
    assert facts(before, "incidents", "status") == ["not_referred"]
    await running.post(PVP, "referral", {"children": [a_child(1)]}, reply_to=incident)
    _, after = await ask(running, PVP, "incident_status", incident_id="CP-7")
    assert facts(after, "incidents", "status") == ["referred"]
    assert [(r["desk"], bool(r["at"])) for r in after["incident_receivers"]] == [("hub.front-door", True)]


async def test_a_household_is_read_with_the_chronologies_of_all_who_are_in_it(running: Exchange) -> None:
    await running.post(PVP, "police-incident", an_incident(a_child(1), a_child(2), adults=(MOTHER,)))
    await running.post(PVP, "police-incident", an_incident(a_child(2)))
    _, said = await ask(running, CARE, "household", a_child(1))
    assert sorted(facts(said, "events_count", "count")) == [1, 1, 2]


async def test_minutes_are_pointed_at_by_number(running: Exchange) -> None:
    part = {"kind": "discussion", "about": ["child-1"], "to": ["members"], "text": "What was said"}
    minutes = await running.post(CARE, "conference-minutes", {"children": [a_child(1)], "members": [PVP], "parts": [part]})
    told = running.to(PVP, minutes)
    _, said = await ask(running, PVP, "minutes", a_child(1))
    assert [(m["disclosure"], m["number"]) for m in said["minutes"]] == [(str(told.id), told.number)]


async def test_an_answer_that_nobody_has_read_is_taken_back_with_what_it_quotes(running: Exchange) -> None:
    incident = await running.post(PVP, "police-incident", seen("Seen first"))
    answer, _ = await ask(running, OAK, "child_view", a_child(1))
    await running.post(PVP, "withdrawal", {"reason": "by mistake"}, reply_to=incident)
    assert answer.id in {r.disclosure for r in running.recalls}
    assert answer.id not in {d.refers_to for d in running.told}


async def test_who_has_read_an_answer_hears_that_what_it_quotes_was_withdrawn(running: Exchange) -> None:
    incident = await running.post(PVP, "police-incident", seen("Seen first"))
    other = await running.post(PVP, "police-incident", an_incident(a_child(2)))
    answer, _ = await ask(running, OAK, "child_view", a_child(1))
    await running.receipt(answer, Level.received)
    await running.post(PVP, "withdrawal", {"reason": "by mistake"}, reply_to=other)
    assert answer.id not in {r.disclosure for r in running.recalls}
    await running.post(PVP, "withdrawal", {"reason": "by mistake"}, reply_to=incident)
    assert [(d.desk, d.kind) for d in running.told if d.refers_to == answer.id] == [(OAK, "withdrawn")]


async def test_an_answer_of_the_same_batch_is_taken_back_with_what_it_quotes(running: Exchange) -> None:
    incident = await running.post(PVP, "police-incident", seen("Seen first"))
    question = await running.publish(OAK, "query", asked("child_view", a_child(1)))
    await running.publish(PVP, "withdrawal", {"reason": "by mistake"}, reply_to=incident)
    await running.settle()
    answer = running.to(OAK, question, "answer")
    assert answer.id in {r.disclosure for r in running.recalls} or "concerns" not in message(answer)["data"].get("message", {})


async def test_an_answer_that_no_gateway_has_filed_is_sent_again_as_it_was(running: Exchange) -> None:
    await running.post(PVP, "police-incident", seen("Seen first"))
    answer, said = await ask(running, OAK, "child_view", a_child(1))
    running.told.clear()
    running.clock.set(running.clock.now() + timedelta(hours=1))
    while await running.engine.sweep_step():
        pass
    await running.settle()
    again = running.to(OAK, answer.event.id, "answer")
    assert (again.id, again.number, message(again)["data"]["message"]) == (answer.id, answer.number, said)


async def test_a_question_leaves_nobody_behind(running: Exchange, database: str) -> None:
    before = await rows(database, "SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM person_key), (SELECT count(*) FROM entry)")
    answer, _ = await ask(running, OAK, "child_view", a_child(3, address=HOME))
    after = await rows(database, "SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM person_key), (SELECT count(*) FROM entry)")
    assert (answer.reason, after) == ("nothing-to-say", before)
    assert await rows(database, "SELECT count(*) FROM event_key") == [(0,)]


async def test_nothing_is_read_for_a_batch_without_a_question(running: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[UUID] = []

    async def recollect(_connection: object, _world: object, questions: list[Any]) -> None:
        read.extend(q.envelope.id for q in questions)

    monkeypatch.setattr(recalling, "recollect", recollect)
    await running.post(PVP, "police-incident", seen("A"))
    question = await running.post(OAK, "query", asked("chronology", a_child(1)))
    assert read == [question]


async def test_questions_and_their_answers_are_in_the_ledger_and_the_audit(running: Exchange, database: str) -> None:
    await running.post(PVP, "police-incident", seen("A"))
    answer, _ = await ask(running, OAK, "chronology", a_child(1))
    await running.receipt(answer, Level.opened)
    kept = await running.engine.ledger.event(answer.event.id)
    assert kept is not None
    assert [(d["desk"], d["kind"], bool(d["opened_at"]), d["purposes"]) for d in kept["disclosures"]] == [
        (OAK, "answer", True, ["query-chronology"])
    ]
    assert not kept["obligations"]
    audited = await rows(database, "SELECT desk, detail ->> 'question' FROM audit WHERE type = 'query.answered'")
    assert audited == [(OAK, "chronology")]
