"""Cutting an event into sections, and putting together what a recipient may see."""

import random
from typing import Any
from uuid import RFC_4122

import pytest

from contract.made_up import SOURCE, rng, submitted
from frontdoor_schemas.envelope import Section
from frontdoor_schemas.events import to_sections
from frontdoor_schemas.fields import Block
from frontdoor_schemas.sections import cut, join
from frontdoor_schemas.vocabulary import Category, EventType

TIME = "2020-11-10T21:40:00Z"


def _cut(event_type: EventType, seed: int = 1, **facts: Any) -> tuple[Section, ...]:
    return to_sections(submitted(event_type, {"occurred_at": TIME, **facts}), SOURCE, rng(seed))


def _sections(event: Block, drawn: random.Random) -> tuple[Section, ...]:
    return tuple(Section.model_validate(section) for section in cut(event, rng=drawn))


def _with(sections: tuple[Section, ...], value: Any) -> Section:
    (found,) = [s for s in sections if value in s.body.values()]
    return found


FAMILY: dict[str, Any] = {
    "children": [{"ref": "child-1", "given_name": "Ava", "mother": "adult-1"}, {"ref": "child-2", "given_name": "Ben"}],
    "adults": [{"ref": "adult-1", "given_name": "Dana", "relationship": "Mother"}, {"ref": "adult-2", "relationship": "violent ex"}],
}


def test_children_of_one_event_are_in_sections_of_their_own() -> None:
    sections = _cut(EventType.referral, **FAMILY)
    ava, ben = _with(sections, "Ava"), _with(sections, "Ben")
    assert (len(ava.subjects), len(ben.subjects)) == (1, 1)
    assert ava.subjects != ben.subjects


def test_nothing_a_sender_numbered_is_left() -> None:
    text = str([s.model_dump() for s in _cut(EventType.referral, **FAMILY, concerns=[{"about": ["child-1"], "what": "x"}])])
    assert not any(ref in text for ref in ("child-1'", "child-2'", "adult-1'", "adult-2'"))


def test_an_author_stands_in_sections_of_his_own() -> None:
    author = {"name": "Made-Up Lead", "contact": "lead@oak.example", "office": "1 Made-Up Lane"}
    sections = _cut(EventType.meeting_invitation, **FAMILY, author=author, invited=["police.pvp"])
    assert _with(sections, "Made-Up Lead").body == {"author/name": "Made-Up Lead", "author/contact": "lead@oak.example"}
    assert _with(sections, "1 Made-Up Lane").body == {"author/office": "1 Made-Up Lane"}
    assert join(sections)["author"] == author


def test_who_the_mother_is_concerns_both_and_names_her_by_her_key() -> None:
    sections = _cut(EventType.referral, **FAMILY)
    ava, dana = _with(sections, "Ava").subjects[0], _with(sections, "Dana").subjects[0]
    link = _with(sections, dana)
    assert (link.category, link.subjects) == (Category.family_network, tuple(sorted([ava, dana])))
    assert link.body == {f"children/{ava.removeprefix('child-')}/mother": dana}


def test_text_about_two_children_is_for_those_who_may_see_both() -> None:
    sections = _cut(EventType.referral, **FAMILY, concerns=[{"about": ["child-2", "child-1"], "what": "both"}])
    assert len(_with(sections, "both").subjects) == 2


def test_an_item_that_names_nobody_is_about_everybody() -> None:
    sections = _cut(EventType.referral, **FAMILY, concerns=[{"what": "all"}], circumstances="all of them")
    assert len(_with(sections, "all").subjects) == len(_with(sections, "all of them").subjects) == 4
    assert join(sections)["concerns"] == [{"what": "all"}]


def test_whom_an_event_as_a_whole_is_about_goes_along_with_it() -> None:
    sections = _cut(EventType.investigation_status, **FAMILY, about=["child-1"], status="closed", investigation_id="I-1")
    ava = _with(sections, "Ava").subjects
    closed = _with(sections, "closed")
    assert closed.subjects == ava
    assert join([closed]) == {"about": list(ava), "status": "closed"}


def test_the_source_is_a_section_like_any_other() -> None:
    source = _with(_cut(EventType.referral, **FAMILY), "made-up.desk")
    assert (source.category, source.subjects) == (Category.professional_network, ())
    assert join([source]) == {"source": {"desk": "made-up.desk", "agency": "made-up", "role": "social_care"}}


MINUTES: dict[str, Any] = {**FAMILY, "members": ["police.pvp", "crc.duty"]}


def _minutes(*parts: dict[str, Any], **facts: Any) -> tuple[Section, ...]:
    return _cut(EventType.conference_minutes, **{**MINUTES, **facts}, parts=list(parts))


def test_a_part_has_its_own_audience() -> None:
    sections = _minutes(
        {"kind": "treatment", "about": ["adult-1"], "to": ["tewv.amh"], "text": "treated"},
        {"kind": "plan", "about": ["child-1"], "to": ["nps", "crc.duty"], "text": "planned"},
        {"kind": "discussion", "text": "said"},
    )
    assert _with(sections, "treated").to == ("tewv.amh",)
    assert _with(sections, "planned").to == ("crc.duty", "nps")
    assert _with(sections, "said").to == ()


def test_a_list_of_the_event_named_as_audience_stands_for_its_desks() -> None:
    sections = _minutes({"kind": "plan", "to": ["members", "nps", "crc.duty"], "text": "planned"})
    assert _with(sections, "planned").to == ("crc.duty", "nps", "police.pvp")


def test_an_item_within_a_part_keeps_the_part_s_audience_unless_it_has_its_own() -> None:
    items = [{"action": "inherited"}, {"action": "own", "to": ["nps"]}]
    sections = _minutes({"kind": "plan", "to": ["crc.duty"], "items": items})
    assert (_with(sections, "inherited").to, _with(sections, "own").to) == (("crc.duty",), ("nps",))


def test_parts_that_may_not_reach_somebody_say_so_in_refs_and_in_words() -> None:
    sections = _minutes({"kind": "plan", "about": ["child-1"], "not_for_family": ["adult-2", "adult-1", "child-2"], "text": "apart"})
    apart = _with(sections, "apart")
    (part,) = join([apart])["parts"]
    assert part["not_for_family"] == list(apart.not_for)
    assert len(apart.not_for) == 3
    assert part["handling"] == "not to be shared with: a child of this event, an adult of this event, mother"


def test_a_relationship_in_the_author_s_own_words_is_not_repeated() -> None:
    apart = _with(_minutes({"kind": "plan", "not_for_family": ["adult-2"], "text": "apart"}), "apart")
    assert "violent" not in str(apart.body)


def test_prohibitions_add_up_from_part_to_item() -> None:
    items = [{"action": "more", "not_for_family": ["adult-2"]}, {"action": "same"}]
    sections = _minutes({"kind": "plan", "not_for_family": ["adult-1"], "items": items})
    more, same = _with(sections, "more"), _with(sections, "same")
    assert set(same.not_for) < set(more.not_for)
    (part,) = join([more])["parts"]
    assert [len(part["not_for_family"]), len(part["items"][0]["not_for_family"])] == [1, 1]


def test_items_that_travel_together_keep_the_sender_s_order() -> None:
    actions = [{"action": f"step {n}", "about": ["child-1"]} for n in range(9)]
    for seed in range(20):
        assert [a["action"] for a in join(_cut(EventType.conference_minutes, seed, **MINUTES, actions=actions))["actions"]] == [
            a["action"] for a in actions
        ]


def _mean_key(count: int) -> float:
    """Where the first child's key lies on average, from 0 to 1."""
    children = [{"ref": f"child-{n}", "given_name": f"Given {n}"} for n in range(1, count + 1)]
    event = submitted(EventType.referral, {"occurred_at": TIME, "children": children}).data
    keys = [int(_with(_sections(event, rng(seed)), "Given 1").subjects[0][-8:], 16) for seed in range(400)]
    return sum(keys) / len(keys) / 2**32


@pytest.mark.parametrize("count", [1, 2, 8])
def test_the_keys_of_one_child_over_many_events_do_not_tell_how_many_children_there_are(count: int) -> None:
    assert 0.45 < _mean_key(count) < 0.55


@pytest.mark.parametrize("others", [0, 1, 6])
def test_the_key_of_a_part_does_not_tell_how_many_parts_there_are_for_others(others: int) -> None:
    parts = [{"kind": "plan", "about": ["child-1"], "text": "planned"}]
    parts += [{"kind": "treatment", "about": ["child-1"], "text": "treated"}] * others
    event = submitted(EventType.conference_minutes, {"occurred_at": TIME, **FAMILY, "parts": parts}).data
    paths = [next(path for path in _with(_sections(event, rng(seed)), "planned").body if path.endswith("/text")) for seed in range(400)]
    mean = sum(int(path.split("/")[1], 16) for path in paths) / len(paths) / 2**32
    assert 0.45 < mean < 0.55


class _Repeating(random.Random):
    """Gives all zeros first."""

    calls = 0

    def getrandbits(self, k: int, /) -> int:
        self.calls += 1
        return 0 if self.calls == 1 else super().getrandbits(k)


def test_two_people_never_get_one_key() -> None:
    event = submitted(EventType.referral, {"occurred_at": TIME, **FAMILY}).data
    sections = _sections(event, _Repeating(1))
    assert len({s.subjects for s in sections if len(s.subjects) == 1}) == 4


def test_the_same_random_source_gives_the_same_sections() -> None:
    assert _cut(EventType.referral, 7, **FAMILY) == _cut(EventType.referral, 7, **FAMILY)
    assert _cut(EventType.referral, 7, **FAMILY) != _cut(EventType.referral, 8, **FAMILY)


def test_section_ids_are_random_uuids() -> None:
    ids = [s.id for s in _cut(EventType.referral, **FAMILY)]
    assert len(set(ids)) == len(ids)
    assert {(i.version, i.variant) for i in ids} == {(4, RFC_4122)}


def test_a_section_that_was_cut_is_a_section_like_any_other() -> None:
    for section in _cut(EventType.referral, **FAMILY):
        assert Section.model_validate_json(section.model_dump_json()) == Section.model_validate(section.model_dump()) == section
        assert section.model_copy(update={"key_id": "k"}).key_id == "k"
        assert "key_id" not in section.model_fields_set


def test_nothing_joined_is_nothing() -> None:
    assert join([]) == {}


def test_an_empty_list_of_items_says_nothing_and_an_empty_list_of_values_says_none() -> None:
    incident = {"domestic_abuse": {"qualifying_markers": []}, "concerns": [], **FAMILY}
    message = join(_cut(EventType.police_incident, **incident))
    assert message["domestic_abuse"] == {"qualifying_markers": []}
    assert "concerns" not in message


def test_several_links_in_one_fact_are_about_all_of_them() -> None:
    sections = _cut(EventType.referral, **FAMILY, danger={"person_responsible": "adult-2"})
    (found,) = [s for s in sections if "danger/person_responsible" in s.body]
    assert found.subjects == (found.body["danger/person_responsible"],)
