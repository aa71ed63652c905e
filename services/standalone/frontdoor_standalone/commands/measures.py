"""`frontdoor measures`."""

import sys
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
import uvloop
from rich.markup import escape
from rich.table import Table as Lines

from frontdoor_chassis.clock import SystemClock
from frontdoor_chassis.store.engine import open_pool
from frontdoor_router.adapters.measuring import reading
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.measures.asking import Question, Table, answer, as_at_of, audience_of, month_of
from frontdoor_router.core.measures.figures import Figures, Measured
from frontdoor_router.core.measures.printing import HELD_BACK, as_csv
from frontdoor_router.core.measures.tally import Rules
from frontdoor_router.core.pack import Pack
from frontdoor_standalone.commands.speaking import console, in_a_line
from frontdoor_standalone.deployment import ROUTER, pack_folder


def measures(
    month: Annotated[str, typer.Argument(help="YYYY-MM")],
    dsn: Annotated[str, typer.Option(envvar="FRONTDOOR_DSN", help="PostgreSQL, as a login that may take on the router's role")],
    pack: Annotated[str, typer.Option(envvar="FRONTDOOR_PACK", help="A pack by name, or its folder")] = "stockton",
    *,
    csv: Annotated[bool, typer.Option("--csv", help="Comma-separated, on standard output")] = False,
    concern: Annotated[str | None, typer.Option(help="Only what is of this concern, as neglect")] = None,
    audience: Annotated[Literal["published", "partnership", "agency"], typer.Option(help="Who may see it")] = "published",
    agency: Annotated[str | None, typer.Option(help="With --audience agency: which")] = None,
    as_at: Annotated[datetime | None, typer.Option(help="What was known at that moment, UTC; now when not given")] = None,
) -> None:
    """Draw up the shared data set of a month from a router's database. Reads only.

    [dim]Examples[/dim]

      frontdoor measures 2020-11 --dsn postgresql://…

      frontdoor measures 2020-11 --dsn postgresql://… --audience partnership --concern neglect --csv
    """
    with in_a_line():
        loaded = load_pack(pack_folder(pack))
        moment = as_at_of(as_at.replace(tzinfo=UTC) if as_at else None, SystemClock().now())
        question = Question(month_of(month), moment, concern, audience_of(audience, agency, loaded.directory))
        table = uvloop.run(_answer(question, loaded, dsn))
        if csv:
            sys.stdout.write(as_csv(table))
        else:
            _show(table)


async def _answer(question: Question, pack: Pack, dsn: str) -> Table:
    pool = await open_pool(dsn, schema=ROUTER, role=ROUTER, max_size=1)
    try:
        async with reading(pool) as source:
            return await answer(question, pack.data_set, Rules(pack.directory, pack.calendar, pack.deadlines), source)
    finally:
        await pool.close()


def _show(table: Table) -> None:
    question = table.question
    console.print(f"\n[bold]{table.partnership}, {question.month:%B %Y}[/bold], as at {question.as_at:%d %B %Y %H:%M} UTC")
    if not table.whole_month:
        console.print("The month was not over.")
    if table.set_aside:
        console.print(f"{table.set_aside} events that nobody could decide are in no figure.")
    for measured in table.measures:
        console.print(_lines(measured))


def _lines(measured: Measured) -> Lines:
    measure = measured.measure
    baseline = f"; {measure.baseline.percent} %: {measure.baseline.source}" if measure.baseline else ""
    title = escape(f"{measure.title} ({', '.join(measure.rows)}{baseline})")
    lines = Lines("", "of", "counted", "%", "children", "median hours", title=title)
    for figures in (measured.total, *measured.groups):
        name = f"{figures.by}: {figures.group}" if figures.by else f"all {measure.unit}"
        lines.add_row(escape(name), *(_cell(figures, key) for key in ("of", "counted", "percent", "children_of", "median_hours")))
    return lines


def _cell(figures: Figures, key: str) -> str:
    value = getattr(figures, key)
    return str(value) if value is not None else escape(HELD_BACK) if figures.held_back else ""
