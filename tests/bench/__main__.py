"""How fast it is on this machine: `cd tests && python -m bench`. One line of JSON at the end; progress on standard error.

Real Kafka and PostgreSQL, every service a process of its own. `--quick` is a short form, `--profile NAME` says what the
CPU time of one service goes into.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import door, pipeline, profiles
from bench.cases import PUBLISHER, Case, Incidents
from bench.door import Door
from bench.pipeline import Pipeline
from bench.stage import now_text
from bench.starting import Start, start_standalone
from frontdoor_chassis import logs

DOOR = door.Sizes(rounds=3, singles=6_000, batched=20_000)
PIPELINE = pipeline.Sizes(steady=1_200, burst=4_000, backlog=2_000)
QUICK_DOOR = door.Sizes(rounds=1, singles=2_000, batched=4_000)
QUICK_PIPELINE = pipeline.Sizes(steady=300, burst=600, backlog=300)


def figures(taken: Door, through: Pipeline, start: Start) -> dict[str, Any]:
    """What is printed."""
    return {
        "single_posts_per_s": taken.single,
        "batched_events_per_s": taken.batched,
        "baseline_single_posts_per_s": taken.baseline,
        "webhook_deliveries_per_s": through.deliveries_per_s,
        "end_to_end_events_per_s": through.events_per_s,
        "post_to_webhook_p50_ms": through.p50_ms,
        "post_to_webhook_p99_ms": through.p99_ms,
        "cpu_us_per_event": through.cpu_us,
        "rss_mb": {**through.rss_mb, "standalone": start.memory_mb},
        "standalone_start_s": start.seconds,
        "lost": through.lost,
        "duplicated": through.duplicated,
        "reordered": through.reordered,
        "errors": taken.errors + through.errors,
        "single_post_p99_ms": taken.single_p99_ms,
        "baseline_single_post_p99_ms": taken.baseline_p99_ms,
        "cpu_us_per_event_at_60_per_s": through.steady_cpu_us,
        "client_posts_per_s_against_null_server": taken.client_alone,
        "client_us_per_post": taken.client_us,
        "client_share_of_a_core": round(taken.client_us * taken.single / 1e6, 3),
        "event_bytes": len(Incidents(now_text()).body(Case(0), 0, None)),
    }


def measure(folder: Path, *, quick: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Everything, one thing after the other."""
    say(f"publisher {PUBLISHER}, servers in {folder}")
    taken = door.measure_door(folder / "door", QUICK_DOOR if quick else DOOR, say)
    say(f"door: {asdict(taken)}")
    through = pipeline.measure_pipeline(folder / "pipeline", QUICK_PIPELINE if quick else PIPELINE, say)
    say("standalone: from the command to ready")
    return figures(taken, through, start_standalone(folder / "standalone"))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short form: figures for orientation only")
    parser.add_argument("--profile", choices=profiles.SERVICES, help="say what the CPU time of one service goes into, and end")
    given = parser.parse_args()
    console = Console(stderr=True)
    logs.configure(service="bench", stream=sys.stderr)  # on standard output there is the one line
    folder = Path(tempfile.mkdtemp(prefix="frontdoor-bench-"))

    def say(text: str) -> None:
        console.log(text)

    try:
        if given.profile:
            profiles.show(folder, given.profile, console)
            return
        sys.stdout.write(json.dumps(measure(folder, quick=given.quick, say=say)) + "\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
