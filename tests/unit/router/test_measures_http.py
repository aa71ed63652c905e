"""The data set over HTTP: JSON and CSV, for who holds the token, noted before it is answered; what cannot be asked is a problem."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from frontdoor_chassis.clock import SettableClock
from frontdoor_chassis.web import add_problems
from frontdoor_router.core.measures.asking import Question, Table, answer, cases
from frontdoor_router.core.measures.audiences import Everybody, OneAgency, Partnership
from frontdoor_router.core.measures.tally import Result
from frontdoor_router.handlers.measures import routes
from support.builders import a_child
from support.measuring import LATER, TENTH, MemoryLedger, hours, reply, rules
from support.packs import the_pack

TOKEN = "made-up-token"
READER = "made-up-readers-token"


@dataclass
class Console:
    """A console before a ledger in memory."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    asked: list[Question] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)

    async def figures(self, question: Question) -> Table:
        self.asked.append(question)
        return await answer(question, the_pack("stockton").data_set, rules(), self.ledger)

    async def cases(self, question: Question, measure: str) -> Mapping[UUID, Result]:
        self.asked.append(question)
        return await cases(question, measure, the_pack("stockton").data_set, rules(), self.ledger)

    async def looked(self, at: str) -> None:
        assert len(self.asked) == len(self.looks)
        self.looks.append(at)

    async def get(self, path: str = "measures", *, token: str = TOKEN, accept: str = "*/*", **query: Any) -> httpx.Response:
        app = FastAPI()
        add_problems(app)
        how: dict[str, Any] = {"clock": SettableClock(LATER), "token": TOKEN, "readers": (READER,), "looked": self.looked}
        app.include_router(routes(data_set=self, directory=rules().directory, **how))
        headers = {"authorization": f"Bearer {token}", "accept": accept}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://router") as client:
            return await client.get(f"/v1/{path}", params=query, headers=headers)


@pytest.fixture
def console() -> Console:
    """One referral was made."""
    found = Console()
    found.ledger.post("referral", {"children": [a_child(1)], "concern_types": [{"type": "neglect"}]})
    return found


async def test_without_the_token_there_is_no_figure_and_no_look(console: Console) -> None:
    found = await console.get(token="another", month="2020-11")
    assert (found.status_code, found.headers["content-type"]) == (401, "application/problem+json")
    assert (console.asked, console.looks) == ([], [])


async def test_a_reader_of_the_partnership_reads_figures_and_no_event_behind_them(console: Console) -> None:
    found = await console.get(token=READER, month="2020-11", audience="partnership")
    assert (found.status_code, found.json()["audience"]) == (200, "partnership")
    assert (await console.get("measures.csv", token=READER, month="2020-11")).status_code == 200
    assert (await console.get("measures/referral-volume/events", token=READER, month="2020-11")).status_code == 401
    assert console.looks == ["measures:2020-11:partnership", "measures:2020-11:published"]


async def test_a_table_is_json_and_its_look_is_noted(console: Console) -> None:
    found = (await console.get(month="2020-11", audience="partnership", concern="neglect")).json()
    volume = next(m for m in found["measures"] if m["id"] == "referral-volume")
    assert (found["month"], found["concern"], found["audience"]) == ("2020-11", "neglect", "partnership")
    assert (volume["total"]["of"], volume["groups"][0]) == (1, {"by": "agency", "group": "ash-primary", "of": 1, "children_of": 1})
    assert console.looks == ["measures:2020-11:partnership"]


@pytest.mark.parametrize(("path", "accept"), [("measures", "text/csv"), ("measures.csv", "*/*")])
async def test_a_table_is_csv_when_it_is_asked_for(console: Console, path: str, accept: str) -> None:
    found = await console.get(path, accept=accept, month="2020-11", audience="partnership")
    assert found.headers["content-type"].startswith("text/csv")
    header, *lines = found.text.splitlines()
    assert header.startswith("month,as_at,whole_month,concern,audience,measure,")
    assert any(line.startswith("2020-11,") and ",referral-volume," in line for line in lines)


async def test_who_names_no_audience_is_everybody(console: Console) -> None:
    found = (await console.get(month="2020-11")).json()
    assert found["audience"] == "published"
    assert next(m for m in found["measures"] if m["id"] == "referral-volume")["total"] == {"held_back": True}


async def test_audiences_and_moments_are_asked_for_by_name(console: Console) -> None:
    await console.get(month="2020-11", audience="agency", agency="ash-primary", as_at=TENTH.isoformat())
    await console.get(month="2020-11", audience="partnership")
    await console.get(month="2020-11", audience="published")
    assert [q.audience for q in console.asked] == [OneAgency("ash-primary"), Partnership(), Everybody()]
    assert [q.as_at for q in console.asked] == [TENTH, LATER, LATER]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"month": "2020-13"}, "unknown-question"),
        ({"month": "2020-11", "concern": "wealth"}, "unknown-question"),
        ({"month": "2020-11", "audience": "agency"}, "unknown-question"),
        ({"month": "2020-11", "audience": "published", "agency": "police"}, "unknown-question"),
        ({"month": "2020-11", "audience": "agency", "agency": "nobody"}, "unknown-question"),
        ({"month": "2020-11", "as_at": "2031-01-01T00:00:00Z"}, "unknown-question"),
        ({"month": "2020-11", "as_at": "2020-11-01T00:00:00"}, "unreadable"),
        ({"month": "november"}, "unreadable"),
        ({"month": "2020-11", "audience": "friends"}, "unreadable"),
        ({}, "unreadable"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem_that_repeats_no_value(console: Console, query: dict[str, str], code: str) -> None:
    found = await console.get(**query)
    assert (found.status_code, found.json()["type"]) == (422, f"/problems/{code}")
    assert not any(value in found.text for value in ("wealth", "nobody", "friends", "november", "2031"))


# ---------------------------------------------------------------- from the number to the list (M7, M12)


@pytest.fixture
def answered(console: Console) -> Console:
    """Besides the open referral, one that was decided in time and one that was decided late."""
    for took in (2, 40):
        at = TENTH + hours(took)
        outcome = {"children": [a_child(1)], "decided_at": at.isoformat(), "accepted": "yes"}
        console.ledger.post("referral", {"children": [a_child(1)]}, replies=(reply("referral-outcome", outcome, at=at),))
    return console


async def test_the_events_behind_a_number_are_listed_with_what_became_of_each(answered: Console) -> None:
    found = (await answered.get("measures/contacts-in-24-hours/events", month="2020-11", as_at=(TENTH + hours(20)).isoformat())).json()
    open_one, in_time, late = (str(f.id) for f in answered.ledger.facts)
    assert {e["id"]: e["result"] for e in found["events"]} == {open_one: "undecided", in_time: "counted", late: "undecided"}
    now = (await answered.get("measures/contacts-in-24-hours/events", month="2020-11")).json()
    assert [e["result"] for e in now["events"] if e["id"] in (open_one, late)] == ["missed", "missed"]
    assert answered.looks == ["measures:2020-11:events"] * 2


async def test_the_list_can_be_of_one_concern(answered: Console) -> None:
    found = (await answered.get("measures/referral-volume/events", month="2020-11", concern="neglect")).json()
    assert [e["id"] for e in found["events"]] == [str(answered.ledger.facts[0].id)]


async def test_an_event_of_which_one_item_missed_is_one_that_missed(console: Console) -> None:
    children = [a_child(1, voice={"obtained": "yes"}), a_child(2), a_child(3, voice={"obtained": "yes"})]
    console.ledger.post("police-incident", {"children": children}, source="police.pvp")
    found = (await console.get("measures/child-voice-at-incidents/events", month="2020-11")).json()
    assert [e["result"] for e in found["events"]] == ["missed"]


async def test_a_sample_is_random_and_can_be_drawn_again(console: Console) -> None:
    for _ in range(40):
        console.ledger.post("referral", {"children": [a_child(1)]})
    asked = {"month": "2020-11", "sample": "5"}
    first, again, other = [(await console.get("measures/referral-volume/events", **asked, seed=seed)).json() for seed in ("7", "7", "8")]
    assert first == again
    assert first != other
    assert (first["of"], len(first["events"])) == (41, 5)
    assert len((await console.get("measures/referral-volume/events", month="2020-11", sample="90")).json()["events"]) == 41


@pytest.mark.parametrize(
    ("path", "query"),
    [("nothing", {}), ("referral-volume", {"concern": "wealth"}), ("referral-volume", {"as_at": "2031-01-01T00:00:00Z"})],
)
async def test_a_list_of_what_there_is_not_is_a_problem(console: Console, path: str, query: dict[str, str]) -> None:
    found = await console.get(f"measures/{path}/events", month="2020-11", **query)
    assert (found.status_code, found.json()["type"]) == (422, "/problems/unknown-question")
