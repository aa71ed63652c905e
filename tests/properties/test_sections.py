"""What holds of every event of every type, whichever of its fields are there: cut into sections, and joined again."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.made_up import SOURCE, a_body, submitted
from frontdoor_schemas.envelope import Envelope, Section
from frontdoor_schemas.events import CASE_MODELS, MODELS, Submission, to_sections
from frontdoor_schemas.fields import Leaf, Nest, Plan, Structure
from frontdoor_schemas.sections import is_key, join
from frontdoor_schemas.vocabulary import EventType, SubjectRule

TYPES = st.sampled_from(sorted(CASE_MODELS))
SEEDS = st.integers(min_value=0, max_value=2**32)
MARKS = {"about", "not_for_family", "handling"}


@st.composite
def events(draw: st.DrawFn, event_type: EventType | None = None) -> Submission:
    """An event of some type, with some of its fields, and lists of some length."""
    chosen = random.Random(draw(SEEDS))
    share = draw(st.sampled_from([0.1, 0.3, 0.7, 1.0]))

    def choose(names: Sequence[str]) -> list[str]:
        return [name for name in names if chosen.random() <= share]

    def count(least: int) -> int:
        return chosen.randint(least, 3)

    kind = event_type or draw(TYPES)
    return submitted(kind, a_body(kind, choose, count))


def _sections(submission: Submission, seed: int) -> tuple[Section, ...]:
    return to_sections(submission, SOURCE, random.Random(seed))


def _facts(data: Any, plan: Plan) -> Iterator[Any]:
    """Every fact that was submitted, in no particular form."""
    for name, value in data.items():
        shape = plan.fields[name]
        if isinstance(shape, Leaf):
            yield (name, "a person" if shape.link else json.dumps(value))
        elif isinstance(shape, Nest):
            for item in value if shape.many else [value]:
                yield from _facts(item, shape.plan_for(item))


def _said(submission: Submission) -> Any:
    return submission.data.model_dump(mode="json", exclude_none=True, exclude_unset=True)


@given(events(), SEEDS)
def test_every_fact_is_in_exactly_one_section(submission: Submission, seed: int) -> None:
    found = [
        (path.rsplit("/", 1)[-1], "a person" if path.endswith(("/mother", "/person_responsible")) else json.dumps(value))
        for section in _sections(submission, seed)
        for path, value in section.body.items()
        if path.rsplit("/", 1)[-1] not in MARKS and not path.startswith("source/") and value != {}
    ]
    assert sorted(found) == sorted(_facts(_said(submission), submission.data.plan))


@given(events(), SEEDS)
def test_no_path_is_in_two_sections_but_what_an_item_says_of_itself(submission: Submission, seed: int) -> None:
    seen: set[str] = set()
    for section in _sections(submission, seed):
        for path in section.body:
            assert path not in seen or path.rsplit("/", 1)[-1] in MARKS
            seen.add(path)


def _without_refs(value: Any, plan: Plan | None) -> Any:
    """An event or message without what joining may change: numbering, order of items, audiences, empty lists."""
    if plan is None:
        return value
    found: dict[str, Any] = {}
    for name, inner in value.items():
        shape = plan.fields.get(name)
        if isinstance(shape, Nest):
            items = inner if shape.many else [inner]
            kept = [_without_refs(item, shape.plan_for(item)) for item in items]
            if any(kept):
                found[name] = sorted((k for k in kept if k), key=repr)
        elif isinstance(shape, Leaf):
            found[name] = "a person" if shape.link else inner
        elif isinstance(shape, Structure) and shape.use in {"about", "not_for_family"} and inner:
            found[name] = len(set(inner))
    own = [n for n, s in plan.fields.items() if isinstance(s, Leaf) and s.held.subject is SubjectRule.about]
    if not any(n in found for n in own) and not _nested_about(found, plan):
        found.pop("about", None)
    if not any(isinstance(plan.fields[n], (Leaf, Nest)) for n in found):
        found.pop("not_for_family", None)
    return dict(sorted(found.items()))


def _nested_about(found: dict[str, Any], plan: Plan) -> bool:
    """Whether a block inside, which names nobody itself, holds a fact about whom this one names."""
    for name, shape in plan.fields.items():
        if isinstance(shape, Nest) and name in found:
            for inner in shape.plans.values():
                about = {n for n, s in inner.fields.items() if isinstance(s, Leaf) and s.held.subject is SubjectRule.about}
                if any("about" not in item and (about & item.keys() or _nested_about(item, inner)) for item in found[name]):
                    return True
    return False


@given(events(), SEEDS)
def test_what_was_cut_joins_to_what_was_said(submission: Submission, seed: int) -> None:
    message = join(_sections(submission, seed))
    message.pop("source")
    assert _without_refs(message, submission.data.plan) == _without_refs(_said(submission), submission.data.plan)


def _only_omits(part: Any, whole: Any) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _only_omits(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list) and part and isinstance(part[0], dict):
        rest = list(whole)
        for item in part:  # the items that are left stand in the order of the whole
            while rest and not _only_omits(item, rest[0]):
                rest.pop(0)
            if not rest:
                return False
        return True
    return bool(part == whole)


@given(events(), SEEDS, st.data())
def test_any_choice_of_sections_only_omits(submission: Submission, seed: int, data: st.DataObject) -> None:
    sections = _sections(submission, seed)
    chosen = data.draw(st.lists(st.sampled_from(sections), unique_by=lambda section: section.id))
    assert _only_omits(join(chosen), join(sections))


@given(events(), SEEDS, st.data())
def test_the_order_of_sections_says_nothing(submission: Submission, seed: int, data: st.DataObject) -> None:
    sections = _sections(submission, seed)
    assert join(data.draw(st.permutations(sections))) == join(sections)


@given(events(), SEEDS, st.data())
def test_projecting_is_idempotent(submission: Submission, seed: int, data: st.DataObject) -> None:
    sections = _sections(submission, seed)
    categories = data.draw(st.sets(st.sampled_from(sorted({s.category for s in sections}))))
    once = [s for s in sections if s.category in categories]
    twice = [s for s in once if s.category in categories]
    sent = Section.__pydantic_validator__
    again = [sent.validate_json(s.model_dump_json()) for s in twice]
    assert join(again) == join(twice) == join(once)


@given(events(), SEEDS)
def test_a_section_speaks_only_of_its_subjects(submission: Submission, seed: int) -> None:
    """By ref; what an author wrote into a text is the author's. A handling mark names whom it keeps out."""
    sections = _sections(submission, seed)
    everybody = {ref for section in sections for ref in section.subjects}
    for section in sections:
        said = str({path: value for path, value in section.body.items() if not path.endswith("not_for_family")})
        assert {ref for ref in everybody if ref in said or f"/{ref[-8:]}/" in said} <= set(section.subjects)


@given(events(), SEEDS)
def test_a_section_about_a_person_says_so(submission: Submission, seed: int) -> None:
    for section in _sections(submission, seed):
        for path in section.body:
            if path.startswith(("children/", "adults/")):
                assert any(ref.endswith(path.split("/")[1]) for ref in section.subjects)


@given(events(), SEEDS)
def test_no_message_has_nulls_or_empty_items(submission: Submission, seed: int) -> None:
    """What is there and says nothing else is there: only a block that its sender left empty is empty."""
    text = orjson.dumps(join(_sections(submission, seed)))
    assert b"null" not in text
    assert b"[{}" not in text
    assert text.count(b"{}") <= orjson.dumps(_said(submission)).count(b"{}")


@given(events(), SEEDS, SEEDS)
def test_keys_are_opaque(submission: Submission, seed: int, other: int) -> None:
    """They come from the random source alone: with another one, every one of them is another, and all else is the same."""

    def keys(sections: Sequence[Section]) -> set[str]:
        return {step for section in sections for path in section.body for step in path.split("/") if is_key(step)}

    one, two = _sections(submission, seed), _sections(submission, other)
    assert seed == other or not keys(one) & keys(two)
    assert len(one) == len(two)


@given(events(), SEEDS)
def test_no_value_and_nobody_s_number_is_outside_the_bodies(submission: Submission, seed: int) -> None:
    outside = str([section.model_dump(mode="json", exclude={"body", "to"}) for section in _sections(submission, seed)])
    texts = [json.loads(value) for _, value in _facts(_said(submission), submission.data.plan) if value.startswith('"text')]
    assert not any(text in outside for text in texts)
    assert not any(f"'{kind}-{n}'" in outside for kind in ("child", "adult") for n in (1, 2))


def test_an_envelope_has_no_room_for_a_fact_about_anybody() -> None:
    assert set(Envelope.model_fields) == {
        *("id", "type", "schema_version", "thread", "after", "cause", "occurred_at", "received_at", "source"),
    }


@pytest.mark.parametrize("event_type", MODELS)
@given(data=st.data())
def test_every_type_is_cut_and_joined(event_type: EventType, data: st.DataObject) -> None:
    assert "occurred_at" in join(_sections(data.draw(events(event_type)), 1))
