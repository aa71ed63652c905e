"""Judges standing lists: each arrives once, at its moment, about those people and no other; one that nobody names is told to nobody."""

from collections.abc import Iterator
from datetime import datetime

from frontdoor_standalone.rehearsal.lines import ANSWER, Listed
from frontdoor_standalone.rehearsal.moments import shown
from frontdoor_standalone.rehearsal.observed import Heard, people_in, refs_in
from frontdoor_standalone.rehearsal.scenario import Scenario
from frontdoor_standalone.rehearsal.told import holds, values_at
from frontdoor_standalone.rehearsal.view import View

Which = tuple[str, str, datetime]
"""A desk, a list and its moment."""


def listed(line: Listed, view: View) -> Iterator[str]:
    """What is wrong with the list of each desk."""
    for desk in line.listed:
        found = [heard for heard in view.seen.heard if which(heard) == (desk, line.list, line.at)]
        numbers = {heard.number for heard in found}
        if not numbers:
            yield f"{desk}: has no such list of {shown(line.at, view.zone)}"
        elif len(numbers) > 1:
            yield f"{desk}: has {len(numbers)} of them"
        for heard in found:
            yield from (f"{desk}: {heard.channel}: {problem}" for problem in _content(line, heard, view))


def _content(line: Listed, heard: Heard, view: View) -> Iterator[str]:
    behind = {ref: person.key for ref, person in people_in(heard, view.people.values()).items()}
    seen, wanted = set(behind.values()), set(line.about_only)
    if unnamed := refs_in(heard.data) - behind.keys():
        yield f"speaks of {len(unnamed)} whom it does not name"
    if more := sorted(seen - wanted):
        yield f"is also about {', '.join(more)}"
    if missing := sorted(wanted - seen):
        yield f"is not about {', '.join(missing)}"
    for text in (text for word in line.never_contains for text in view.words_of(word)):
        if holds(heard.text, text):
            yield f"contains “{text}”"
    for path, value in line.says.items():
        if value not in (found := list(values_at(heard.data, path.split(".")))):
            yield f"{path} is {', '.join(found) or 'not there'}, not {value}"


def which(heard: Heard) -> Which | None:
    """Which list it is; None when it is none."""
    head = next(iter(heard.data.get("standing_lists", ())), None) if heard.kind == ANSWER else None
    return (heard.desk, head["list"], datetime.fromisoformat(head["until"])) if head else None


def unnamed_lists(scenario: Scenario, view: View) -> Iterator[str]:
    """Lists with somebody on them of which no line speaks."""
    lines = (line for line in scenario.expect if isinstance(line, Listed))
    named = {(desk, line.list, line.at) for line in lines for desk in line.listed}
    found = {w: None for heard in view.seen.heard if (w := which(heard)) and refs_in(heard.data) and w not in named}
    for desk, name, moment in found:
        yield f"{desk} had the list {name} of {shown(moment, view.zone)}, and no line says so"
