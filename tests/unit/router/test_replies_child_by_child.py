"""A reply about one child is none about another: what is owed for each child of an event, and what one reply meets for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from frontdoor_chassis.toml_places import PackError
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.policy import policy_of
from support.builders import a_child, an_adult
from support.deciding import NIGHT, Deciding, Told
from support.packs import the_pack, varied

PVP, VEMT, CARE = "police.pvp", "police.vemt", "social-care.duty"
ONE, TWO = a_child(1), a_child(2)


@dataclass
class Open:
    """Stockton, and what was decided in it: how much of it is still open."""

    x: Deciding = field(default_factory=lambda: Deciding(policy=policy_of(the_pack("stockton"), NIGHT.date())))

    def post(self, source: str, event_type: str, data: Mapping[str, Any], **links: UUID) -> Told:
        """Have an event decided."""
        return self.x.post(source, event_type, data, **links)

    def owed(self, told: Told, duty: str, *replies: Told) -> list[str]:
        """Of which people a duty on an event still asks for something, by what is left after these replies; "" is of nobody."""
        met = {one for reply in replies for one in reply.decision.met}
        names = {s.person.id: s.ref for s in told.case.subjects.values() if s.person}
        open_ = [o for o in told.decision.obligations if o.duty == duty and o.id not in met]
        return sorted(told.case.blocks[names[o.person]]["given_name"] if o.person else "" for o in open_)


def missing(*children: dict[str, Any], stage: str = "reported", **more: Any) -> dict[str, Any]:
    """An episode of children who are missing together."""
    return {"children": list(children), "stage": stage, **more}


def test_the_review_of_one_missing_child_is_not_that_of_another() -> None:
    x = Open()
    reported = x.post(PVP, "missing-episode", missing(ONE, TWO))
    first = x.post(VEMT, "missing-episode", missing(ONE, stage="reviewed"), reply_to=reported.event)
    assert x.owed(reported, "missing-review", first) == [TWO["given_name"]]
    second = x.post(VEMT, "missing-episode", missing(TWO, stage="reviewed"), reply_to=reported.event)
    assert x.owed(reported, "missing-review", first, second) == []


def test_each_child_who_is_back_is_owed_an_interview() -> None:
    x = Open()
    back = x.post(PVP, "missing-episode", missing(ONE, TWO, stage="returned"))
    interview = x.post(CARE, "return-interview", {"children": [ONE], "offered": "yes"}, reply_to=back.event)
    assert x.owed(back, "return-interview", interview) == [TWO["given_name"]]


def test_a_reply_about_all_children_is_one_for_each() -> None:
    x = Open()
    back = x.post(PVP, "missing-episode", missing(ONE, TWO, stage="returned"))
    interview = x.post(CARE, "return-interview", {"children": [ONE, TWO]}, reply_to=back.event)
    assert x.owed(back, "return-interview", interview) == []


def test_a_reply_that_names_no_child_is_about_all_of_them() -> None:
    x = Open()
    back = x.post(PVP, "missing-episode", missing(ONE, TWO, stage="returned", adults=[an_adult(1)]))
    interview = x.post(CARE, "return-interview", {"adults": [an_adult(1)], "offered": "no"}, reply_to=back.event)
    assert x.owed(back, "return-interview", interview) == []


def test_a_child_who_is_only_named_beside_another_is_owed_nothing_and_is_answered_by_nothing() -> None:
    x = Open()
    back = x.post(PVP, "missing-episode", missing(ONE, TWO, stage="returned", about=[ONE["ref"]]))
    assert x.owed(back, "return-interview") == [ONE["given_name"]]
    interview = x.post(CARE, "return-interview", {"children": [ONE, TWO], "about": [TWO["ref"]], "offered": "yes"}, reply_to=back.event)
    assert x.owed(back, "return-interview", interview) == [ONE["given_name"]]


def test_a_referral_is_owed_for_those_children_alone_who_are_a_concern() -> None:
    x = Open()
    three = a_child(3)
    children = [{**ONE, "concern": "yes"}, {**TWO, "concern": "yes"}, {**three, "concern": "no"}]
    incident = x.post(PVP, "police-incident", {"children": children})
    assert x.owed(incident, "incident-without-referral") == sorted([ONE["given_name"], TWO["given_name"]])
    referral = x.post(PVP, "referral", {"children": [ONE]}, reply_to=incident.event)
    assert x.owed(incident, "incident-without-referral", referral) == [TWO["given_name"]]


def test_one_outcome_is_for_all_whom_a_referral_names() -> None:
    x = Open()
    referral = x.post("ash-primary.dsl", "referral", {"children": [ONE, TWO]})
    outcome = {"children": [ONE], "accepted": "yes", "decided_at": NIGHT.isoformat()}
    decided = x.post("hub.front-door", "referral-outcome", outcome, reply_to=referral.event)
    assert x.owed(referral, "referral-outcome") == [""]
    assert x.owed(referral, "referral-outcome", decided) == []


def test_where_an_event_is_about_no_child_one_reply_is_owed() -> None:
    x = Open()
    asked = x.post(CARE, "service-referral", {"children": [ONE], "adults": [an_adult(1)], "about": ["adult-1"], "stage": "accepted"})
    assert x.owed(asked, "service-referral-offer") == [""]


DUTY = """
[[duty]]
id = "child-by-child"
from = 2020-01-01
own = true
on = "missing-episode"
deadline = "day"
reply_of = "each-child"
"""


@pytest.mark.parametrize(
    ("duty", "reason"),
    [
        ('expect = "missing-episode"\nby = "told"', "not with by = told"),
        ('tell = {relation = "role:front_door", of = "event"}\nbecause = "notice"\nsatisfied_by = ["opened"]', "goes with replies alone"),
        (
            'tell = {relation = "school", of = "each-child"}\nbecause = "notice"\nsatisfied_by = ["reply:missing-episode"]',
            "goes with an event of which a desk is told as a whole",
        ),
    ],
)
def test_a_pack_that_asks_for_it_where_it_means_nothing_is_refused(tmp_path: Path, duty: str, reason: str) -> None:
    with pytest.raises(PackError, match=reason):
        load_pack(varied(tmp_path, duties=DUTY + duty + "\n"))
