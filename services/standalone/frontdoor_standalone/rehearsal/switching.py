"""Shows that every expectation can fail: with the rule that serves it switched off, or a rule planted that breaks it.

An expectation that goes on being met when its rule is gone proves nothing; it is then a fault of the scenario or the pack.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose import compose
from frontdoor_standalone.rehearsal.editing import copy_of, let_last, plant, switch_off
from frontdoor_standalone.rehearsal.judge import Verdict
from frontdoor_standalone.rehearsal.lines import NOT_IDENTIFIED, Content, Line, Listed, NotAnswered, NotTold
from frontdoor_standalone.rehearsal.people import individuals
from frontdoor_standalone.rehearsal.runner import Runner
from frontdoor_standalone.rehearsal.scenario import Scenario, Written


@dataclass(frozen=True, slots=True)
class Check:
    """One changed pack, and the expectations that must not survive it."""

    written: Written
    row: str | None
    """The register row whose rules are switched off; None: everything that is forbidden is planted."""
    lines: tuple[int, ...]
    lasting: bool = False
    """Whether those go on who are told nothing because they have ended."""

    @property
    def says(self) -> str:
        """What is changed."""
        telling = "telling those who have ended" if self.lasting else "telling everybody too much"
        return f"without {self.row}" if self.row else telling


def checks_of(written: Written) -> list[Check]:
    """What has to be tried for one scenario: each row that it names, and its negative claims all at once.

    A line that says only what must not happen goes on being met when a rule is gone; what breaks it is planted.
    """
    scenario = written.scenario
    positive = {n: line for n, line in enumerate(scenario.expect) if not line.negative}
    rows = dict.fromkeys(row for line in positive.values() for row in line.rows)
    found = [Check(written, row, tuple(n for n, line in positive.items() if row in line.rows)) for row in rows]
    negative = [n for n, line in enumerate(scenario.expect) if forbidden(line, scenario)]
    apart = {lasting: tuple(n for n in negative if _because_ended(scenario.expect[n]) is lasting) for lasting in (False, True)}
    return [*found, *(Check(written, None, lines, lasting=lasting) for lasting, lines in apart.items() if lines)]


def _because_ended(line: Line) -> bool:
    return isinstance(line, NotTold) and line.because == "ended"


async def run_check(runner: Runner, check: Check, pack: Path) -> list[str]:
    """Play the scenario under the changed pack. What should have failed and did not."""
    with tempfile.TemporaryDirectory(prefix="frontdoor-check-") as folder:
        changed = copy_of(pack, Path(folder))
        if check.row is None:
            forbidden_pairs = _everything_forbidden(check)
            if check.lasting:
                let_last(changed, {desk.partition(".")[0] for _, desk in forbidden_pairs})
            plant(changed, tell=forbidden_pairs)
        elif not switch_off(changed, check.row):
            return [f"no rule of the pack stands for {check.row}"]
        result = await runner.run(check.written, changed)
    return [problem for number in check.lines for problem in _survived(check, number, result.verdicts[number])]


def _survived(check: Check, number: int, verdict: Verdict) -> Iterator[str]:
    if check.row is not None:
        if verdict.passed:
            yield f"{verdict.where} {verdict.says}: is met all the same"
        return
    for says, sign in forbidden(check.written.scenario.expect[number], check.written.scenario).items():
        if not any(sign in problem for problem in verdict.problems):
            yield f"{verdict.where} {verdict.says}: {says} cannot fail"


def forbidden(line: Line, scenario: Scenario) -> dict[str, str]:
    """What a line says must not happen, each with what a judge says when it happens."""
    if isinstance(line, NotTold):
        return {f"not telling {desk}": f"{desk}, " for desk in line.not_told}
    if isinstance(line, NotAnswered):
        if line.because == NOT_IDENTIFIED:
            return {}  # that follows from the words of the question, and no rule stands behind it
        return {f"not answering {desk}": f"{desk}, " for desk in line.not_answered}
    if isinstance(line, Listed):
        return {f"the silence about “{word}”": "contains “" for word in line.never_contains}
    if not isinstance(line, Content):
        return {}
    found = {f"the absence of {c.value}": f"holds {c.value}" if len(line.excludes) == 1 else c.value for c in line.excludes}
    found |= {f"the silence about “{word}”": "contains “" if len(line.never_contains) == 1 else f"“{word}”" for word in line.never_contains}
    if line.about_only and any(_others(line, scenario, alias) for alias in line.of):
        found["about_only"] = "is also about"
    return found


def _others(line: Content, scenario: Scenario, alias: str) -> set[str]:
    """People of an event about whom a desk is to hear nothing: only children, unless the line names an adult."""
    individuals_of = individuals(scenario.people)
    about = compose(scenario.posts[alias], individuals_of, scenario.posts).people
    adults = any(individuals_of[key].adult for key in line.about_only or ())
    return {p.key for p in about if adults or not p.adult} - set(line.about_only or ())


def _everything_forbidden(check: Check) -> set[tuple[EventType, str]]:
    scenario = check.written.scenario
    found = set()
    for line in (scenario.expect[number] for number in check.lines):
        found |= {(scenario.posts[alias].post, desk) for alias in line.events() for desk in _desks_of(line)}
        found |= {(EventType.query, desk) for desk in line.listed} if isinstance(line, Listed) else set()
    return found


def _desks_of(line: Line) -> tuple[str, ...]:
    match line:
        case NotTold():
            return line.not_told
        case NotAnswered():
            return line.not_answered
        case Content():
            return line.desks
        case _:
            return ()
