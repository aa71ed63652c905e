"""What says nothing but that it is there is still said, and the source stands apart."""

import random
from typing import Any

import orjson

from frontdoor_schemas.events import SourceFacts, parse, to_sections
from frontdoor_schemas.sections import join
from frontdoor_schemas.vocabulary import Category, EventType, Role

POLICE = SourceFacts("police.pvp", "police", Role.police_safeguarding)


def _sections(data: dict[str, Any]) -> Any:
    body = {"type": "police-incident", "data": {"occurred_at": "2020-11-10T21:40:00Z", **data}}
    return to_sections(parse(EventType.police_incident, orjson.dumps(body)), POLICE, random.Random(1))


def test_an_empty_domestic_abuse_block_still_makes_it_a_domestic_abuse_incident() -> None:
    message = join(_sections({"children": [{"ref": "child-1", "given_name": "Ava"}], "domestic_abuse": {}}))
    assert message["domestic_abuse"] == {}


def test_a_child_of_whom_nothing_is_known_is_still_a_child_of_the_event() -> None:
    sections = _sections({"children": [{"ref": "child-1"}]})
    (child,) = join(sections)["children"]
    assert child.keys() == {"ref"}
    (section,) = [s for s in sections if s.category is Category.child_identity]
    assert section.subjects == (child["ref"],)


def test_who_published_is_a_section_of_its_own() -> None:
    sections = _sections({"children": [{"ref": "child-1"}], "author": {"name": "Made-Up"}})
    (source,) = [s for s in sections if "source/desk" in s.body]
    assert source.body.keys() == {"source/desk", "source/agency", "source/role"}
