"""Who fills in a probation service's referral is prompted, of neglect too, by the help texts that the contract publishes (K19)."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from frontdoor_router.core.conditions import OneOf
from frontdoor_router.core.duties import Expects
from frontdoor_schemas.events import SUBMISSIONS
from frontdoor_schemas.vocabulary import EventType, Role
from support.packs import the_pack

PROBATION = {Role.nps, Role.crc, Role.probation}
OF_NEGLECT = OneOf(("concern_types", "type"), ("neglect",))
REFERRAL: Mapping[str, Any] = SUBMISSIONS[EventType.referral].model_json_schema()


def shapes(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A field's schema, and what it leads to: its items, its alternatives, its model."""
    yield schema
    if "$ref" in schema:
        yield from shapes(REFERRAL["$defs"][schema["$ref"].rpartition("/")[2]])
    for inner in (*schema.get("anyOf", ()), *((schema["items"],) if "items" in schema else ())):
        yield from shapes(inner)


def field(path: tuple[str, ...]) -> Mapping[str, Any]:
    """The schema of a field of the referral as it is published."""
    found: Mapping[str, Any] = REFERRAL["properties"]["data"]
    for name in path:
        found = next(shape["properties"][name] for shape in shapes(found) if name in shape.get("properties", {}))
    return found


def prompts(path: tuple[str, ...]) -> list[str]:
    """The help texts of a field: its own; of a block, those of its fields."""
    own = field(path)
    if "description" in own:
        return [own["description"]]
    return [inner["description"] for shape in shapes(own) for inner in shape.get("properties", {}).values() if "description" in inner]


def expected(pack: str) -> list[Expects]:
    """What a pack expects of a referral by a probation service in particular, and of one about neglect."""
    return [e for e in the_pack(pack).expects if e.on is EventType.referral and (e.source_roles & PROBATION or OF_NEGLECT in e.if_)]


@pytest.mark.parametrize("pack", ["stockton", "cheshire-west", "wokingham", "wandsworth"])
def test_every_field_that_a_probation_service_owes_has_a_prompt(pack: str) -> None:
    wanted = {e.path for e in expected(pack)}
    assert {("offending_history",), ("children", "impact_on_child"), ("concern_types", "neglect_kind")} <= wanted
    assert [path for path in sorted(wanted) if not prompts(path)] == []


@pytest.mark.parametrize("path", [("children", "neglect_now"), ("concern_types", "neglect_kind"), ("children", "impact_on_child")])
def test_neglect_is_among_the_prompts(path: tuple[str, ...]) -> None:
    (prompt,) = prompts(path)
    assert any(word in prompt for word in ("neglect", "fed", "meals"))


def test_a_field_without_help_has_no_prompt() -> None:
    assert prompts(("form_type",)) == []
