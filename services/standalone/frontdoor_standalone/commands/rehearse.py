"""`frontdoor rehearse`."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from frontdoor_standalone.commands.finding import scenarios_in
from frontdoor_standalone.commands.running import for_this_run
from frontdoor_standalone.commands.speaking import console, in_a_line, progress_bar
from frontdoor_standalone.commands.switching_off import forget, trials_of
from frontdoor_standalone.commands.switching_off import switch_off as switch_off_all
from frontdoor_standalone.coverage.naming import folders_in_use, named
from frontdoor_standalone.coverage.page import page
from frontdoor_standalone.coverage.register import load_register, register_file
from frontdoor_standalone.coverage.state import failing_of, standings
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.launching import in_this_process, on_kafka
from frontdoor_standalone.rehearsal.clock import OVER_A_BROKER, Rest
from frontdoor_standalone.rehearsal.moments import shown
from frontdoor_standalone.rehearsal.report import plain, show_verdicts, summary
from frontdoor_standalone.rehearsal.runner import Result, Runner
from frontdoor_standalone.rehearsal.scenario import ZONE, load


def rehearse(
    paths: Annotated[list[str] | None, typer.Argument(help="Scenarios, folders or packs; all there are when none is given")] = None,
    *,
    kafka: Annotated[bool, typer.Option("--kafka", help="One process per service, on a real Apache Kafka (Java 17 and Maven)")] = False,
    bootstrap: Annotated[str | None, typer.Option(help="With --kafka: an empty cluster that is running already")] = None,
    pack: Annotated[str | None, typer.Option(help="Play under this pack in place of the scenario's own")] = None,
    switch_off: Annotated[
        bool, typer.Option("--switch-off", help="Show that each expectation can fail: switch off what it stands for, plant what it forbids")
    ] = False,
    lock: Annotated[Path | None, typer.Option(help="With --switch-off: leave out what this file remembers as shown, and add to it")] = None,
    coverage: Annotated[
        Path | None, typer.Option(help="Play every scenario, and write to this file which rows of the register they serve")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every expectation, also those that were met")] = False,
) -> None:
    """Play scenarios and judge them. Ends with 0 when every expectation was met and nobody else was told anything.

    [dim]Examples[/dim]

      frontdoor rehearse

      frontdoor rehearse stockton

      frontdoor rehearse my-scenario.yaml --pack ./my-pack -v

      frontdoor rehearse --kafka stockton/domestic-abuse-night

      frontdoor rehearse --switch-off stockton/domestic-abuse-night

      frontdoor rehearse --coverage docs/coverage.md
    """
    _check_that_they_go_together(coverage=coverage, lock=lock, switch_off=switch_off, pack=pack, paths=paths)
    with in_a_line():
        files = scenarios_in(paths or [])
        folder = pack_folder(pack) if pack else None
        with for_this_run() as server:
            launch = on_kafka(server, bootstrap=bootstrap) if kafka else in_this_process(server)
            runner = Runner(launch=launch, rest=OVER_A_BROKER if kafka else Rest())
            if switch_off:
                passed = _show_able_to_fail(runner, paths, folder, lock)
            elif coverage:
                passed = cover(runner, files, coverage, verbose=verbose)
            else:
                passed = [r.passed for r in uvloop.run(_rehearse(runner, files, folder, verbose=verbose))]
        console.print(summary(passed))
        if not all(passed):
            raise typer.Exit(1)


def _check_that_they_go_together(
    *, coverage: Path | None, lock: Path | None, switch_off: bool, pack: str | None, paths: list[str] | None
) -> None:
    if coverage and (paths or pack or switch_off):
        raise typer.BadParameter(
            "--coverage speaks of every scenario under its own pack: no scenarios, no --pack and no --switch-off beside it"
        )
    if lock and (pack or not switch_off):
        raise typer.BadParameter("--lock remembers what --switch-off has shown of scenarios under their own packs")


def _show_able_to_fail(runner: Runner, paths: list[str] | None, folder: Path | None, lock: Path | None) -> list[bool]:
    trials = trials_of(scenarios_in(paths or []), folder)
    if lock and not paths:
        forget(lock, trials)
    return uvloop.run(switch_off_all(runner, trials, lock))


def cover(runner: Runner, files: list[Path], to: Path, *, verbose: bool) -> list[bool]:
    """Play all, and write the page of what they serve. What contradicts the register is said before anything is played."""
    register, found = load_register(register_file()), named(map(load, files), folders_in_use())
    standings(register, found, ())
    results = uvloop.run(_rehearse(runner, files, None, verbose=verbose))
    to.write_text(page(register, found, failing_of(results)), encoding="utf-8")
    return [r.passed for r in results]


async def _rehearse(runner: Runner, files: list[Path], folder: Path | None, *, verbose: bool) -> list[Result]:
    results = []
    with progress_bar() as progress:
        bar = progress.add_task("", total=len(files))
        for file in files:
            written = await asyncio.to_thread(load, file)

            def tell(when: datetime, _: str, name: str = file.stem) -> None:
                progress.update(bar, description=f"{name}, {shown(when, ZONE)}")

            progress.update(bar, description=f"{file.stem}, starting")
            result = await Runner(runner.launch, runner.rest, tell).run(written, folder or pack_folder(written.scenario.pack))
            progress.advance(bar)
            if verbose:
                show_verdicts(console, result)
            for line in plain(result):
                console.print(line, soft_wrap=True)
            results.append(result)
    return results
