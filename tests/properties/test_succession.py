"""A successor never has a section that neither its own role's agreements nor those of a desk before it would give."""

import copy
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.decide import Decider
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.policy import DayPolicy, policy_of
from support.budget import examples
from support.builders import NHS, a_child, an_adult, an_incident
from support.deciding import Deciding
from support.merging import MERGER, MORNING, merging

DAY = timedelta(days=1)
ADULT = an_adult(1, nhs_number=NHS[8], born="1990-01-01")
SCHOOLS, CLINICS = ("oak.dsl", "elm.dsl", "grove.dsl"), ("clinic.duty", "recovery.duty")
BEFORE = {"grove.dsl": ("oak.dsl", "elm.dsl"), "recovery.duty": ("clinic.duty",)}
Kind = tuple[str, tuple[str, ...], tuple[str, ...]]


@cache
def the_pack() -> Pack:
    with TemporaryDirectory() as folder:
        return load_pack(merging(Path(folder)))


def alone(pack: Pack) -> DayPolicy:
    """The day of the merger as it would be if nobody had anybody's work."""
    policy = policy_of(pack, MERGER)
    desks = {d.id: d for d in policy.directory.desks.values() if not d.ended(MERGER)}
    return replace(policy, directory=replace(policy.directory, desks=desks))


class Story:
    """What was known by the night before the merger, and an event of the day."""

    def __init__(self, deciding: Deciding, event: Arrived) -> None:
        self.deciding = deciding
        self.event = event

    def keeps_from(self, desks: Iterable[str]) -> bool:
        """Whether the author withholds the event from one of them: then from whoever has its work too."""
        kept_from = self.event.message.get("sharing", {}).get("withhold_from", ())
        return any(desk in kept_from or desk.partition(".")[0] in kept_from for desk in desks)

    def __repr__(self) -> str:
        """The event, and who is tied to whom."""
        ties = sorted(f"{t.desk} {t.relation}" for ties in self.deciding.world.ties.values() for t in ties)
        return f"{self.event.envelope.type}: {self.event.message} with {ties}"

    def had(self, policy: DayPolicy, *desks: str) -> set[Kind]:
        """What desks are given of the event under a policy, section by section."""
        _, decision = Decider(policy=policy, ids=self.deciding.ids).decide(self.event, copy.deepcopy(self.deciding.world), MORNING)
        given = [g.section for d in decision.disclosures if d.desk in desks and d.kind == "disclosure" for g in d.given]
        return {(s.category.value, s.subjects, tuple(sorted(s.body))) for s in given}


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Who goes where, and what happens."""
    deciding = Deciding(policy=policy_of(the_pack(), MERGER - DAY))
    for n in (1, 2):
        for desk in draw(st.lists(st.sampled_from(SCHOOLS), unique=True, max_size=2)):
            deciding.tie(a_child(n), desk, "school")
    for desk in draw(st.lists(st.sampled_from(CLINICS), unique=True, max_size=2)):
        deciding.tie(ADULT, desk, "treats")
    if draw(st.booleans()):
        deciding.post("police.pvp", "police-incident", an_incident(a_child(1), offences=["assault"]))
    deciding.now = MORNING
    return Story(deciding, draw(events(deciding)))


@st.composite
def events(draw: st.DrawFn, deciding: Deciding) -> Arrived:
    """An incident, a question, or minutes about these people."""
    children = [a_child(n, address={"lines": ["1 Marker Lane"]}) for n in draw(st.lists(st.sampled_from((1, 2)), unique=True, min_size=1))]
    kept_from = draw(st.lists(st.sampled_from(("oak", "grove", "clinic", "recovery.duty")), unique=True, max_size=1))
    sharing = {"sharing": {"withhold_from": kept_from}} if kept_from else {}
    match draw(st.sampled_from(("police-incident", "information-request", "conference-minutes"))):
        case "police-incident":
            adults = (ADULT,) if draw(st.booleans()) else ()
            return deciding.arrived("police.pvp", "police-incident", an_incident(*children, adults=adults, offences=["assault"], **sharing))
        case "information-request":
            asked = draw(st.lists(st.sampled_from((*SCHOOLS, "mill.gp")), unique=True, min_size=1))
            data = {"children": children, "asked_of": asked, "purpose": "to decide", **sharing}
            return deciding.arrived("police.pvp", "information-request", data)
        case _:
            to = draw(st.lists(st.sampled_from((*SCHOOLS, "school_dsl", "substance_misuse")), unique=True, min_size=1))
            parts = [{"kind": "discussion", "text": "said", "about": ["child-1"], "to": to}]
            data = {"children": [a_child(1)], "members": draw(st.sampled_from((["oak.dsl"], ["grove.dsl"]))), "parts": parts, **sharing}
            return deciding.arrived("care.duty", "conference-minutes", data)


def facts_in(kinds: set[Kind]) -> set[tuple[str, str, str]]:
    """What is said about whom: what was counted about one child by itself may be counted about two together."""
    return {(category, ref, path) for category, refs, paths in kinds for ref in refs or ("",) for path in paths}


def counted_before(kind: Kind, had: set[Kind]) -> bool:
    """Of what is counted about several children: that it was counted about each of them before, and each number about one at least.

    What came before one of them is counted about all whom a desk sees: a number that one child brings is then about them together.
    """
    category, refs, paths = kind
    facts = facts_in(had)
    of_each = all(any((category, ref) == fact[:2] for fact in facts) for ref in refs)
    return category == "history_summary" and of_each and all(any((category, ref, path) in facts for ref in refs) for path in paths)


@given(stories())
@settings(deadline=None, max_examples=examples(60))
def test_no_section_is_inherited_that_neither_role_would_have(story: Story) -> None:
    today, yesterday = policy_of(the_pack(), MERGER), policy_of(the_pack(), MERGER - DAY)
    for heir, before in BEFORE.items():
        given_now, by_itself = story.had(today, heir), story.had(alone(the_pack()), heir)
        as_before = set[Kind]().union(*(story.had(yesterday, desk) for desk in before))
        before_it = by_itself | as_before
        assert [kind for kind in given_now - before_it if not counted_before(kind, before_it)] == []
        if not story.keeps_from(before):
            assert facts_in(by_itself) <= facts_in(given_now)
