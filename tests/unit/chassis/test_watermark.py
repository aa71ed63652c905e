"""What is known to be worked off: of every partition, whoever reads it, and under steady traffic too."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from frontdoor_chassis.bus import Position
from frontdoor_chassis.bus.watermark import AWAY_SECONDS, GRACE_SECONDS, Known, Places, Watermark

NOW = datetime(2020, 11, 11, 8, tzinfo=UTC)
LATER, LAST = NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)
LONG = GRACE_SECONDS + 1


class Bus:
    """Two partitions of one topic, and how far the group's database says they are worked off."""

    def __init__(self) -> None:
        self.ends = [0, 0]
        self.read = [0, 0]
        self.topic_id = "first"
        self.away = False
        self.questions = 0

    def watermark(self) -> Watermark:
        return Watermark(ends=self._ends, positions=self._positions)

    async def _ends(self) -> Places:
        self.questions += 1
        if self.away:
            raise ConnectionError("nobody answers")
        return {("receipts", n): Position("first", end) for n, end in enumerate(self.ends)}

    async def _positions(self) -> Places:
        return {("receipts", n): Position(self.topic_id, read) for n, read in enumerate(self.read) if read}


class Seconds:
    """The event loop's clock, put forward by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        loop = asyncio.get_running_loop()
        inner = loop.time
        monkeypatch.setattr(loop, "time", lambda: inner() + self.ahead)


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
async def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    return Seconds(monkeypatch)


async def test_a_bus_on_which_nothing_ever_was_is_read(bus: Bus) -> None:
    mark = bus.watermark()
    assert await mark.known(NOW) == Known(NOW, confirmed=True)
    assert await mark.all_read()


async def test_a_partition_that_nobody_reads_holds_it_back(bus: Bus) -> None:
    bus.ends, bus.read = [3, 1], [3, 0]
    mark = bus.watermark()
    assert await mark.known(NOW) is None
    assert not await mark.all_read()


async def test_what_came_meanwhile_does_not_hold_back_what_was_before(bus: Bus) -> None:
    bus.ends, bus.read = [3, 1], [2, 0]
    mark = bus.watermark()
    assert await mark.known(NOW) is None
    bus.ends, bus.read = [9, 9], [3, 1]  # all that was there a second ago, and much has come
    assert await mark.known(LATER) == Known(NOW, confirmed=True)
    bus.read = [9, 9]
    assert await mark.known(LAST) == Known(LAST, confirmed=True)


async def test_reading_that_stands_still_adds_nothing_and_what_was_known_stays_known(bus: Bus) -> None:
    mark = bus.watermark()
    await mark.known(NOW)
    bus.ends = [1, 0]
    assert await mark.known(LATER) == await mark.known(LAST) == Known(NOW, confirmed=True)


async def test_a_clock_that_was_put_back_is_not_outrun(bus: Bus) -> None:
    mark = bus.watermark()
    await mark.known(LAST)
    bus.ends = [1, 0]
    assert await mark.known(NOW) == Known(NOW, confirmed=True)


async def test_a_position_in_a_topic_that_was_created_again_says_nothing(bus: Bus) -> None:
    bus.read, bus.topic_id = [2, 2], "another"
    bus.ends = [2, 0]  # one has grown to where the old one was, one is empty
    assert not await bus.watermark().all_read()
    bus.read = [0, 2]
    bus.ends = [0, 0]
    assert not await bus.watermark().all_read()


async def test_after_the_grace_nobody_knows_and_the_bus_is_asked_anew(bus: Bus, seconds: Seconds) -> None:
    bus.ends = [9, 0]
    mark = bus.watermark()
    assert await mark.known(NOW) is None
    seconds.ahead = LONG
    assert await mark.known(LATER) == Known(LATER, confirmed=False)
    bus.ends, bus.read = [5, 0], [5, 0]  # the log was cut: where it ended then it never ends again
    assert await mark.known(LAST) == Known(LAST, confirmed=True)


async def test_the_grace_begins_anew_when_nothing_was_due_meanwhile(bus: Bus, seconds: Seconds) -> None:
    bus.ends = [9, 0]
    mark = bus.watermark()
    assert await mark.known(NOW) is None
    mark.rest()
    seconds.ahead = LONG
    assert await mark.known(LATER) is None


async def test_a_bus_that_does_not_answer_is_asked_now_and_then(bus: Bus, seconds: Seconds) -> None:
    bus.away = True
    mark = bus.watermark()
    assert [await mark.known(NOW) for _ in range(5)] == [None] * 5
    assert not await mark.all_read()
    assert bus.questions == 2
    seconds.ahead = LONG
    assert await mark.known(NOW) == Known(NOW, confirmed=False)
    bus.away = False
    seconds.ahead += AWAY_SECONDS + 1
    assert await mark.known(NOW) == Known(NOW, confirmed=True)
