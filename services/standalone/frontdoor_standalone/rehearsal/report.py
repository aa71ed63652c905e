"""Shows what a rehearsal found: for a person at a terminal, and in plain text for whoever reads a log."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from frontdoor_schemas.vocabulary import Category
from frontdoor_standalone.rehearsal.lines import DISCLOSURE
from frontdoor_standalone.rehearsal.moments import shown
from frontdoor_standalone.rehearsal.observed import Disclosed
from frontdoor_standalone.rehearsal.runner import Result
from frontdoor_standalone.rehearsal.scenario import ZONE

MARK = {True: Text("passed", style="green"), False: Text("FAILED", style="bold red")}


ALWAYS = frozenset({Category.case_reference, Category.professional_network})
"""Parts that hardly say anything by themselves: which event it is, and who is at work."""


def show_ledger(console: Console, result: Result) -> None:
    """Who was told of what, how far it got, and which parts: from the exchange's own ledger."""
    for alias, ledger in result.seen.ledgers.items():
        told = [d for d in ledger.disclosures if d.kind == DISCLOSURE]
        if not told:
            continue
        title = f"[bold]{alias}[/bold], {result.seen.posted[alias].type.value} of {shown(result.seen.posted[alias].at, ZONE)}"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, expand=True)
        table.add_column("desk", no_wrap=True)
        table.add_column("got to", no_wrap=True)
        table.add_column("parts given", overflow="fold", ratio=1)
        for one in told:
            parts = dict.fromkeys(g.category.value.replace("_", " ") for g in one.given if g.category not in ALWAYS)
            table.add_row(one.desk, _level(one, ZONE), ", ".join(parts))
        console.print(table)


def _level(one: Disclosed, zone: ZoneInfo) -> str:
    if "withdrawn" in one.times:
        return f"withdrawn {shown(one.times['withdrawn'], zone)}"
    return f"{one.level.value} {shown(one.times[one.level.value], zone)}" if one.level else "in hand"


def show_verdicts(console: Console, result: Result) -> None:
    """Every expectation, with what is wrong about those that were not met."""
    table = Table(title="[bold]Expected[/bold]", title_justify="left", box=SIMPLE_HEAD, expand=True)
    table.add_column("line", no_wrap=True)
    table.add_column("expected", ratio=3, overflow="fold")
    table.add_column("stands for", ratio=1, overflow="fold")
    table.add_column("", no_wrap=True)
    for verdict in result.verdicts:
        stands_for = (", ".join(verdict.line.rows) or "own standard") if verdict.line else "closed world"
        table.add_row(verdict.where.rpartition(":")[2] if verdict.line else "", verdict.says, stands_for, MARK[verdict.passed])
        for problem in verdict.problems:
            table.add_row("", Text(f"  {problem}", style="red"), "", "")
    console.print(table)


def plain(result: Result) -> list[str]:
    """One line for the scenario, and one for each thing that is wrong."""
    lines = [f"{'passed' if result.passed else 'FAILED'}  {result.written.path.parents[1].name}/{result.written.path.stem}"]
    for verdict in result.verdicts:
        lines += [f"        {verdict.where} {verdict.says}: {problem}" for problem in verdict.problems]
    return lines


def summary(results: Sequence[bool]) -> str:
    """The last line."""
    return f"{sum(results)} passed, {len(results) - sum(results)} failed"
