"""What one service's CPU time goes into: the whole exchange under load, that service under cProfile."""

import pstats
from io import StringIO
from pathlib import Path

from rich.console import Console

from bench.cases import PUBLISHER, cases
from bench.rig import rig
from bench.stage import load, owed, receiver, register_endpoints, run_load, seed_cases, wait_for_calls, wait_for_decided

SERVICES = ("router", "gateway", "notifier")
EVENTS = 600
LINES = 45


def show(folder: Path, service: str, console: Console) -> None:
    """Run a load and print the costliest functions, by their own time and with what they call. Profiling itself costs too."""
    found = run_profiled(folder, service, console)
    text = StringIO()
    stats = pstats.Stats(str(found), stream=text)
    stats.strip_dirs().sort_stats("tottime").print_stats(LINES)
    stats.sort_stats("cumulative").print_stats(LINES)
    console.print(text.getvalue(), markup=False, highlight=False)


def run_profiled(folder: Path, service: str, console: Console) -> Path:
    """The profile of a service while incidents about known children flow. Its start is in it, and so is the seeding."""
    with rig(folder, profiled="police" if service == "gateway" else service) as made, receiver(made) as hooks:
        name = made.deployment.directory.gateway_of(PUBLISHER) if service == "gateway" else service
        made.start(*made.services)
        register_endpoints(made, hooks)
        console.log("seeding")
        seeds = seed_cases(made, cases(0, EVENTS))
        wait_for_decided(made, seeds)
        console.log(f"{EVENTS} events with {name} under cProfile")
        posted = run_load(made, load(made, first=0, events=EVENTS))
        wait_for_calls(hooks, owed(len(posted.events)))
        made.stop(name)
        kept = folder.parent / f"{folder.name}-{name}.prof"
        (folder / f"{name}.prof").rename(kept)
        console.log(f"kept as {kept}")
        return kept
