"""`frontdoor rehearse --switch-off`: each expectation shown able to fail, and what was shown remembered."""

import asyncio
from functools import cache
from pathlib import Path

from frontdoor_standalone.commands.speaking import console, progress_bar
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.editing import Rules
from frontdoor_standalone.rehearsal.runner import Runner
from frontdoor_standalone.rehearsal.scenario import load
from frontdoor_standalone.rehearsal.shown import Trial, changed, read_lock, write_lock
from frontdoor_standalone.rehearsal.switching import run_check


def trials_of(files: list[Path], folder: Path | None = None) -> list[Trial]:
    """All that has to be tried for these scenarios, under their own packs or under one."""
    rules_of = cache(Rules.of)
    found = []
    for written in map(load, files):
        pack = folder or pack_folder(written.scenario.pack)
        found += Trial.all_of(written, pack, rules_of(pack))
    return found


async def switch_off(runner: Runner, trials: list[Trial], lock: Path | None) -> list[bool]:
    """Try each, and say what went on being met. With a lock, only what it does not remember; it is kept after each."""
    remembered = read_lock(lock) if lock else {}
    wanted = changed(trials, remembered)
    passed = []
    with progress_bar() as progress:
        bar = progress.add_task("", total=len(wanted))
        for trial in wanted:
            name = f"{trial.check.written.path.stem}: {trial.check.says}"
            progress.update(bar, description=name)
            problems = await run_check(runner, trial.check, trial.pack)
            progress.advance(bar)
            for problem in problems:
                console.print(f"[red]{name}: {problem}[/red]", soft_wrap=True)
            passed.append(not problems)
            if lock:
                await asyncio.to_thread(_remember, lock, trial, shown=not problems)
    return passed


def _remember(lock: Path, trial: Trial, *, shown: bool) -> None:
    """Note one in the file, or strike it out."""
    others = {key: value for key, value in read_lock(lock).items() if key != trial.key}
    write_lock(lock, {**others, trial.key: trial.fingerprint} if shown else others)


def forget(lock: Path, trials: list[Trial]) -> None:
    """Strike out of the file what there is no longer to be tried."""
    keys = {trial.key for trial in trials}
    write_lock(lock, {key: value for key, value in read_lock(lock).items() if key in keys})
