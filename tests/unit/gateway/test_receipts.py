"""Receipts of a gateway: however many there are at once, every record fits the bus."""

from datetime import UTC, datetime
from uuid import uuid4

from frontdoor_chassis.bus.sizes import check_sizes
from frontdoor_chassis.signing import Signer
from frontdoor_gateway.adapters.memory import MemoryReceipts
from frontdoor_schemas.envelope import Receipt, Receipts
from frontdoor_schemas.vocabulary import Level

NOW = datetime(2020, 11, 10, 10, 0, tzinfo=UTC)


def received(desk: str) -> Receipt:
    """One item that a desk has."""
    return Receipt(disclosure=uuid4(), desk=desk, level=Level.received, channel="stream", at=NOW)


def test_thousands_of_receipts_at_once_are_records_that_the_bus_takes() -> None:
    many = [received("police.pvp") for _ in range(7_000)]
    rows = MemoryReceipts(gateway="police", sign=Signer("police", b"k" * 32).record).add([*many, received("hub.front-door")], NOW)
    records = [record for row in rows for record in row.records]
    check_sizes(records)
    read = [Receipts.model_validate_json(record.value) for record in records]
    assert [item for one in read for item in one.items][:-1] == many
    assert [len({item.desk for item in one.items}) for one in read] == [1] * len(read)
    assert [row.position for row in rows] == list(range(1, len(rows) + 1))
