"""What holds when something dies: `cd tests && python -m faults [--long]`. Prints a report; ends with 1 when a promise was broken."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from faults.scenarios import LONG, SCENARIOS, SHORT, Outcome, stage

COLUMNS = ("broken", "accepted", "owed", "violations", "webhooks twice", "records twice", "posts repeated", "pause", "rest after", "ended")
SHOWN = 20
"""Violations of one scenario that are printed."""


def report(outcomes: Sequence[Outcome], console: Console) -> None:
    """A line for each scenario, and what was violated."""
    table = Table(*COLUMNS)
    for outcome in outcomes:
        counts = outcome.verdict.counts
        rest = "never" if outcome.seconds_to_rest is None else f"{outcome.seconds_to_rest} s"
        cells = (counts.accepted, counts.disclosures, len(outcome.verdict.violations), counts.received_again)
        more = (counts.sent_again + counts.posted_again, outcome.retries, f"{counts.standstill} s", rest)
        ended = ", ".join(f"{name} {n}x" for name, n in outcome.restarts.items()) or "none"
        table.add_row(outcome.name, *map(str, (*cells, *more)), ended)
    console.print(table)
    for outcome in outcomes:
        for violation in outcome.verdict.violations[:SHOWN]:
            console.print(f"{outcome.name}: {violation.rule}: {violation.what}", markup=False)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--long", action="store_true", help="2,000 events each, Kafka away for a minute")
    parser.add_argument("--only", choices=list(SCENARIOS), action="append", help="run this scenario; may be given again")
    parser.add_argument("--keep", action="store_true", help="leave the folder with data and logs")
    given = parser.parse_args()
    console = Console(width=160)
    progress = Console(stderr=True)
    folder = Path(tempfile.mkdtemp(prefix="frontdoor-faults-"))
    outcomes = []
    try:
        with stage(folder) as running:
            for name in given.only or SCENARIOS:
                progress.log(name)
                outcomes.append(running.run(name, LONG if given.long else SHORT))
    finally:
        if given.keep:
            progress.log(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    report(outcomes, console)
    sys.exit(any(outcome.verdict.violations for outcome in outcomes))


if __name__ == "__main__":
    main()
