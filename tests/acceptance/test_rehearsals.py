"""Every scenario of every pack, on all services in one process and as processes on a real Kafka."""

from pathlib import Path

import pytest

from frontdoor_standalone.commands.finding import every_scenario
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.report import plain
from frontdoor_standalone.rehearsal.runner import Result, Runner
from frontdoor_standalone.rehearsal.scenario import load

SCENARIOS = pytest.mark.parametrize("path", every_scenario(), ids=lambda p: f"{p.parents[1].name}-{p.stem}")
WHY = "\n".join

PATIENCE = 900
"""Seconds. A story of some months takes two minutes as processes on a quiet machine of two cores, and several on one that is not."""


async def play(runner: Runner, path: Path) -> Result:
    written = load(path)
    return await runner.run(written, pack_folder(written.scenario.pack))


@SCENARIOS
async def test_a_scenario_passes_in_one_process(standalone: Runner, path: Path) -> None:
    result = await play(standalone, path)
    assert result.passed, WHY(plain(result))


@pytest.mark.timeout(PATIENCE)
@SCENARIOS
async def test_a_scenario_passes_as_processes_on_kafka(processes: Runner, path: Path) -> None:
    result = await play(processes, path)
    assert result.passed, WHY(plain(result))
