"""A scenario file: who there is, what happens, and what is expected. Errors name file and line."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo

from frontdoor_standalone.rehearsal import lines as kinds
from frontdoor_standalone.rehearsal.lines import AnyLine
from frontdoor_standalone.rehearsal.moments import absolute
from frontdoor_standalone.rehearsal.steps import Acknowledge, AnyStep, Moment, Person, Post, Strict, Variation
from frontdoor_standalone.rehearsal.yaml_text import Document, Place, ScenarioError, read

ZONE = ZoneInfo("Europe/London")
"""Scenarios are written in the local time of England."""
AFTER_LAST = timedelta(minutes=5)
"""How long a scenario goes on after the last moment that it names, unless it says when it ends."""


def _start(value: object, info: ValidationInfo) -> object:
    return info.context["starts"] if info.context else value


class Scenario(Strict):
    """One scenario as it was written."""

    scenario: str
    pack: str
    starts: Annotated[datetime, BeforeValidator(_start)]
    ends: Moment | None = None
    note: str | None = None
    people: Mapping[str, Person]
    endpoints: Mapping[str, Literal["up", "down", "none"]] = Field({}, description="Desks whose webhook endpoint is not up from the start")
    events: tuple[AnyStep, ...]
    expect: tuple[AnyLine, ...] = Field(min_length=1)

    @property
    def posts(self) -> dict[str, Post]:
        """Events by the name that the scenario gives them."""
        return {step.alias: step for step in self.events if isinstance(step, Post)}

    @property
    def finish(self) -> datetime:
        """When the scenario is over: when it says so, or a little after the last moment that it names."""
        return self.ends or max(self._named()) + AFTER_LAST

    @property
    def moments(self) -> list[datetime]:
        """Where the clock stops on its way: the start, every moment that the scenario names, the end."""
        return sorted({m for m in self._named() if m <= self.finish} | {self.finish})

    def _named(self) -> set[datetime]:
        expected = {value for line in self.expect for _, value in line if isinstance(value, datetime)}
        return {self.starts, *(step.at for step in self.events), *expected}


class Written(Strict):
    """A scenario with where it stands."""

    path: Path
    scenario: Scenario
    lines: tuple[int, ...] = Field(description="The line of the file on which each expectation begins")


def load(path: Path) -> Written:
    """Read and check one scenario. Raises `ScenarioError`."""
    document = read(path)
    if not isinstance(document.content, dict):
        raise document.error((), "a scenario is a mapping: scenario, pack, starts, people, events, expect")
    try:
        starts = absolute(str(document.content.get("starts", "")), ZONE)
    except ValueError as error:
        raise document.error(("starts",), str(error)) from error
    try:
        scenario = Scenario.model_validate(document.content, context={"starts": starts})
    except ValidationError as error:
        raise _first(document, error) from error
    for place, problem in _problems(scenario):
        raise document.error(place, problem)
    return Written(path=path, scenario=scenario, lines=tuple(document.line(("expect", n)) for n in range(len(scenario.expect))))


def _first(document: Document, error: ValidationError) -> ScenarioError:
    found = error.errors(include_url=False)[0]
    field = ".".join(part for part in found["loc"] if isinstance(part, str))
    return document.error(_place(document, (), found["loc"]), f"{field}: {found['msg'].removeprefix('Value error, ')}")


def _place(document: Document, so_far: Place, rest: Place) -> Place:
    """Where an error stands. Its location also names the kind of a line, which is no entry of the document."""
    if not rest:
        return so_far
    ways = [_place(document, so_far, rest[1:])]
    if (*so_far, rest[0]) in document.lines:
        ways.append(_place(document, (*so_far, rest[0]), rest[1:]))
    return max(ways, key=len)


def _problems(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    yield from _twice(scenario)
    yield from _backward(scenario)
    yield from _unknown_people(scenario)
    yield from _unknown_events(scenario)


def _twice(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    seen: set[str] = set()
    for n, step in enumerate(scenario.events):
        if isinstance(step, Post):
            if step.alias in seen:
                yield ("events", n), f"there are two events named “{step.alias}”"
            seen.add(step.alias)


def _backward(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    before = scenario.starts
    for n, step in enumerate(scenario.events):
        if step.at < before:
            yield ("events", n, "at"), "events stand in the order in which they happen, after the start"
        before = step.at
    if scenario.ends and scenario.ends < before:
        yield ("ends",), "the end lies before the last event"


def _unknown_people(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    for key, person in scenario.people.items():
        for field in ("named_like", "sibling", "mother"):
            yield from _person(scenario, getattr(person, field), ("people", key, field))
    for n, step in enumerate(scenario.events):
        if not isinstance(step, Post):
            continue
        for who in step.about:
            yield from _person(scenario, who.named_like if isinstance(who, Variation) else who, ("events", n, "about"))
        for name, part in step.sections.items():
            for who in (*part.about, *part.not_for_family):
                yield from _person(scenario, who, ("events", n, "sections", name))
    for n, line in enumerate(scenario.expect):
        for who in getattr(line, "about_only", None) or ():
            yield from _person(scenario, who, ("expect", n, "about_only"))


def _person(scenario: Scenario, key: str | None, place: Place) -> Iterator[tuple[Place, str]]:
    if key is not None and key not in scenario.people:
        yield place, f"nobody named “{key}” stands under people"


def _unknown_events(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    for n, step in enumerate(scenario.events):
        if isinstance(step, Post):
            named = [step.of] if step.of else []
        else:
            named = [name for name, _ in step.what] if isinstance(step, Acknowledge) else []
        for name in named:
            yield from _event(scenario, name, ("events", n))
    for n, line in enumerate(scenario.expect):
        for name in line.events():
            yield from _event(scenario, name, ("expect", n), parts=isinstance(line, kinds.Held))


def _event(scenario: Scenario, name: str, place: Place, *, parts: bool = False) -> Iterator[tuple[Place, str]]:
    known = set(scenario.posts)
    if parts:
        known |= {part for post in scenario.posts.values() for part in post.sections}
    if name not in known:
        yield place, f"no event is named “{name}”: give it a name with as:"
