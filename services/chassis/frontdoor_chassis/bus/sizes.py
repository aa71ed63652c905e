"""How large a record may be, counted the same on every bus, so that the door can refuse what the bus would refuse."""

from collections.abc import Iterable

from frontdoor_chassis.bus.ports import Record, RecordTooLargeError

MAX_RECORD_BYTES = 1_048_576
"""A Kafka broker's default for a batch with one record in it (`message.max.bytes` is 12 bytes more)."""

_BATCH_OVERHEAD = 61 + 21  # header of a Kafka batch, and the most that a record's own fields take
_LENGTH = 5  # the most that Kafka writes for one length


def record_size(record: Record) -> int:
    """The most bytes that Kafka makes of the record; never less than what a broker counts."""
    headers = sum(2 * _LENGTH + len(name.encode()) + len(value) for name, value in record.headers)
    return _BATCH_OVERHEAD + 3 * _LENGTH + len(record.key) + len(record.value) + headers


def check_sizes(records: Iterable[Record]) -> None:
    """Raise `RecordTooLargeError` for the first record that is too large, before any of them is sent."""
    for record in records:
        size = record_size(record)
        if size > MAX_RECORD_BYTES:
            raise RecordTooLargeError(f"a record for {record.topic} takes {size} bytes, of at most {MAX_RECORD_BYTES}")
