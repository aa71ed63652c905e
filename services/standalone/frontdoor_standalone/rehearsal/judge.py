"""Judges a run: every expectation, and the closed world around them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from frontdoor_standalone.rehearsal import after, lines, listed, owing, told
from frontdoor_standalone.rehearsal.lines import ANSWER, DISCLOSURE, Line
from frontdoor_standalone.rehearsal.observed import Heard
from frontdoor_standalone.rehearsal.scenario import Scenario, Written
from frontdoor_standalone.rehearsal.view import View


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one expectation. Without `line` it is about the closed world."""

    line: Line | None
    where: str
    says: str
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.problems


def judge(written: Written, view: View) -> list[Verdict]:
    """Every expectation in the order of the file, then what no line speaks of."""
    scenario = written.scenario
    verdicts = [
        Verdict(line, f"{written.path.name}:{number}", line.sentence(), tuple(JUDGES[type(line)](line, view)))
        for line, number in zip(scenario.expect, written.lines, strict=True)
    ]
    world = (*view.seen.broken, *strangers(scenario, view), *listed.unnamed_lists(scenario, view))
    verdicts.append(Verdict(None, written.path.name, "nobody else is told anything", world))
    return verdicts


JUDGES: Mapping[type[Line], Callable[[Any, View], Iterator[str]]] = {
    lines.Told: told.told,
    lines.Inherited: told.inherited,
    lines.NotTold: told.not_told,
    lines.Answered: told.told,
    lines.NotAnswered: told.not_answered,
    lines.Listed: listed.listed,
    lines.Overdue: owing.overdue,
    lines.Closed: owing.closed,
    lines.Held: owing.held,
    lines.Owed: owing.owed,
    lines.Asked: owing.asked,
    lines.Reminded: owing.reminded,
    lines.Task: owing.task,
    lines.Carries: after.carries,
    lines.Measured: after.measured,
    lines.Withdrawn: after.withdrawn,
    lines.InOrder: after.in_order,
}


def strangers(scenario: Scenario, view: View) -> Iterator[str]:
    """Whoever heard of something without a line that names her or him: the world of a scenario is closed."""
    named = set(_named(scenario))
    met: set[tuple[str, str, str]] = set()
    for heard in view.seen.heard:
        alias = view.speaks_of(heard)
        if alias is None or (what := (heard.desk, alias, heard.kind)) in met:
            continue
        met.add(what)
        if not _is_named(heard, alias, named):
            yield f"{heard.desk} had a {heard.kind} about {alias}, and no line says so"
    for alias, ledger in view.seen.ledgers.items():
        for one in ledger.disclosures:
            if (one.desk, alias, one.kind) not in met and one.kind in {DISCLOSURE, ANSWER} and "withdrawn" not in one.times:
                yield f"{one.desk} is in the ledger of {alias} as told, but heard nothing"
    known = {desk for desk, _, _ in named}
    for desk in sorted({m.desk for m in view.seen.mails} - known):
        yield f"{desk} had an e-mail, and no line names it"
    for mail in view.seen.mails:
        yield from owing.personal_data(mail.text, view, f"an e-mail to {mail.desk}")


def _is_named(heard: Heard, alias: str, named: set[tuple[str, str, str]]) -> bool:
    return (heard.desk, alias, heard.kind) in named or (heard.desk, "", heard.kind) in named


def _named(scenario: Scenario) -> Iterator[tuple[str, str, str]]:
    """Desk, event and kind of everything that some line speaks of; an empty event stands for any."""
    for line in scenario.expect:
        aliases = tuple(_alias(scenario, name) for name in line.events()) or ("",)
        for desk, kind in line.hear():
            for alias in aliases:
                yield desk, alias, kind


def _alias(scenario: Scenario, name: str) -> str:
    if name in scenario.posts:
        return name
    return next(alias for alias, post in scenario.posts.items() if name in post.sections)
