"""`frontdoor demo`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from frontdoor_standalone.commands.finding import scenario_file
from frontdoor_standalone.commands.running import for_this_run
from frontdoor_standalone.commands.speaking import console, in_a_line
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.launching import in_this_process
from frontdoor_standalone.rehearsal.moments import shown
from frontdoor_standalone.rehearsal.report import show_ledger, show_verdicts
from frontdoor_standalone.rehearsal.runner import Runner
from frontdoor_standalone.rehearsal.scenario import ZONE, Written, load

FIRST = "domestic-abuse-night"


def demo(scenario: Annotated[str, typer.Argument(help="A scenario of a pack by its name, or a file")] = FIRST) -> None:
    """Play one scenario and show what happens: who posts what, who is told, and the ledger at the end.

    Everybody in it is made up. Time is the scenario's own: a night takes seconds.

    [dim]Examples[/dim]

      frontdoor demo

      frontdoor demo conference-minutes

      frontdoor demo harbourside/some-scenario
    """
    with in_a_line():
        written = load(scenario_file(scenario))
        pack = pack_folder(written.scenario.pack)
        _introduce(written)
        with console.status("starting PostgreSQL and all services in this process") as status, for_this_run() as server:

            def tell(when: datetime, text: str) -> None:
                status.update(f"playing, it is {shown(when, ZONE)}")
                console.print(f"  [cyan]{shown(when, ZONE):>12}[/cyan]  {text}")

            result = uvloop.run(Runner(launch=in_this_process(server), tell=tell).run(written, Path(pack)))
        console.print()
        show_ledger(console, result)
        console.print()
        show_verdicts(console, result)
        if not result.passed:
            raise typer.Exit(1)


def _introduce(written: Written) -> None:
    scenario = written.scenario
    console.print(f"\n[bold]{scenario.scenario}[/bold]  ({scenario.pack}, from {scenario.starts:%d %B %Y %H:%M})")
    console.print("Everybody here is made up.\n")
