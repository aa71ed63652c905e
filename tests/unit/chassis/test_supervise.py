"""Loops: how far apart their steps begin, and that a stop does not wait for more."""

import asyncio
from itertools import pairwise

from frontdoor_chassis.supervise import Loop

PACE = 0.02
STEPS = 4


async def begun(*, more: bool, pace: float) -> list[float]:
    """When the steps of a loop began that always, or never, has more to do, and is woken all the time."""
    clock = asyncio.get_running_loop()
    found: list[float] = []

    async def step() -> bool:
        found.append(clock.time())
        loop.wake.set()
        if len(found) == STEPS:
            loop.stop()
        return more

    loop = Loop("paced", step, idle_seconds=60, pace_seconds=pace)
    await asyncio.wait_for(loop.run(), 10)
    return found


async def test_steps_begin_a_pace_apart_whether_there_is_more_to_do_or_somebody_wakes_the_loop() -> None:
    for more in (True, False):
        found = await begun(more=more, pace=PACE)
        assert len(found) == STEPS
        assert all(after - before >= PACE for before, after in pairwise(found))


async def test_a_loop_without_a_pace_goes_on_at_once_and_a_stop_does_not_wait_for_the_pace() -> None:
    assert len(await begun(more=True, pace=0.0)) == STEPS

    async def step() -> bool:
        loop.stop()
        return True

    loop = Loop("stopped", step, idle_seconds=60, pace_seconds=60)
    await asyncio.wait_for(loop.run(), 10)
