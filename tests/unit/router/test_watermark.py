"""What is known to be worked off: of every partition, whoever reads it, and under steady traffic too."""

from datetime import UTC, datetime, timedelta

from frontdoor_chassis.bus import Position
from frontdoor_router.handlers.watermark import Places, Watermark

NOW = datetime(2020, 11, 11, 8, tzinfo=UTC)
LATER, LAST = NOW + timedelta(seconds=1), NOW + timedelta(seconds=2)


class Bus:
    """Two partitions of one topic, and how far the group's database says they are worked off."""

    def __init__(self) -> None:
        self.ends = [0, 0]
        self.read = [0, 0]
        self.topic_id = "first"

    def watermark(self) -> Watermark:
        return Watermark(ends=self._ends, positions=self._positions)

    async def _ends(self) -> Places:
        return {("receipts", n): Position("first", end) for n, end in enumerate(self.ends)}

    async def _positions(self) -> Places:
        return {("receipts", n): Position(self.topic_id, read) for n, read in enumerate(self.read) if read}


async def test_a_bus_on_which_nothing_ever_was_is_read() -> None:
    mark = Bus().watermark()
    assert await mark.rise(NOW)
    assert mark.up_to == NOW
    assert await mark.all_read()


async def test_a_partition_that_nobody_reads_holds_it_back() -> None:
    bus = Bus()
    bus.ends, bus.read = [3, 1], [3, 0]
    mark = bus.watermark()
    assert not await mark.rise(NOW)
    assert mark.up_to is None
    assert not await mark.all_read()


async def test_what_came_meanwhile_does_not_hold_back_what_was_before() -> None:
    bus = Bus()
    bus.ends, bus.read = [3, 1], [2, 0]
    mark = bus.watermark()
    assert not await mark.rise(NOW)
    bus.ends, bus.read = [9, 9], [3, 1]  # all that was there a second ago, and much has come
    assert await mark.rise(LATER)
    assert mark.up_to == NOW
    bus.read = [9, 9]
    assert await mark.rise(LAST)
    assert mark.up_to == LAST


async def test_reading_that_stands_still_raises_nothing_and_what_was_known_stays_known() -> None:
    bus = Bus()
    mark = bus.watermark()
    await mark.rise(NOW)
    bus.ends = [1, 0]
    assert not await mark.rise(LATER)
    assert not await mark.rise(LAST)
    assert mark.up_to == NOW


async def test_a_clock_that_stands_is_no_reading_that_stands() -> None:
    mark = Bus().watermark()
    assert await mark.rise(NOW)
    assert await mark.rise(NOW)


async def test_a_position_in_a_topic_that_was_created_again_says_nothing() -> None:
    bus = Bus()
    bus.ends, bus.read, bus.topic_id = [2, 0], [2, 0], "another"
    assert not await bus.watermark().all_read()
