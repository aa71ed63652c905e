"""Shows that every expectation can fail: with the rule that serves it switched off, or a rule planted that breaks it.

An expectation that goes on being met when its rule is gone proves nothing; it is then a fault of the scenario or the pack.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from frontdoor_chassis.directory import Directory, load_directory
from frontdoor_schemas.vocabulary import EventType, Role
from frontdoor_standalone.rehearsal.editing import copy_of, plant, switch_off
from frontdoor_standalone.rehearsal.judge import Verdict
from frontdoor_standalone.rehearsal.lines import Line, NotTold, Told
from frontdoor_standalone.rehearsal.runner import Runner
from frontdoor_standalone.rehearsal.scenario import Scenario, Written


@dataclass(frozen=True, slots=True)
class Check:
    """One changed pack, and the expectations that must not survive it."""

    written: Written
    row: str | None
    """The register row whose rules are switched off; None: everything that is forbidden is planted."""
    lines: tuple[int, ...]

    @property
    def says(self) -> str:
        """What is changed."""
        return f"without {self.row}" if self.row else "telling everybody too much"


def checks_of(written: Written) -> list[Check]:
    """What has to be tried for one scenario: each row that it names, and its negative claims all at once."""
    rows = dict.fromkeys(row for line in written.scenario.expect for row in line.rows)
    found = [Check(written, row, tuple(n for n, line in enumerate(written.scenario.expect) if row in line.rows)) for row in rows]
    negative = tuple(n for n, line in enumerate(written.scenario.expect) if forbids(line))
    return [*found, Check(written, None, negative)] if negative else found


def forbids(line: Line) -> bool:
    """Whether an expectation says that something must not happen."""
    return isinstance(line, NotTold) or (isinstance(line, Told) and bool(line.excludes or line.never_contains or line.about_only))


async def run_check(runner: Runner, check: Check, pack: Path) -> list[str]:
    """Play the scenario under the changed pack. What should have failed and did not."""
    with tempfile.TemporaryDirectory(prefix="frontdoor-check-") as folder:
        changed = copy_of(pack, Path(folder))
        if check.row is None:
            plant(changed, tell=_everything_forbidden(check.written.scenario, load_directory(pack)))
        elif not switch_off(changed, check.row):
            return [f"no rule of the pack stands for {check.row}"]
        result = await runner.run(check.written, changed)
    return [f"{v.where} {v.says}: is met all the same" for v in _should_fail(check, list(result.verdicts)) if not _broken(check, v)]


def _should_fail(check: Check, verdicts: list[Verdict]) -> Iterator[Verdict]:
    for number in check.lines:
        yield verdicts[number]


def _broken(check: Check, verdict: Verdict) -> bool:
    if check.row is not None:
        return not verdict.passed
    told_too_much = (": heard of it", "the ledger says", ": is also about", ": holds ", ": contains ")
    return any(word in problem for problem in verdict.problems for word in told_too_much)


def _everything_forbidden(scenario: Scenario, directory: Directory) -> set[tuple[EventType, Role]]:
    found = set()
    for line in scenario.expect:
        if isinstance(line, (NotTold, Told)) and forbids(line):
            desks = line.not_told if isinstance(line, NotTold) else line.told
            found |= {(scenario.posts[alias].post, directory.desk(desk).role) for alias in line.of for desk in desks}
    return found
