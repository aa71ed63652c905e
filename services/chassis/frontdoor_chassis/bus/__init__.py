"""The bus as services see it: ports only. Drivers are chosen in each service's `app.py`."""

from frontdoor_chassis.bus.ports import (
    Batch,
    Bus,
    Consumer,
    Move,
    Position,
    PositionLostError,
    Positions,
    Producer,
    Received,
    Record,
    RecordTooLargeError,
    SendError,
)

__all__ = [
    "Batch",
    "Bus",
    "Consumer",
    "Move",
    "Position",
    "PositionLostError",
    "Positions",
    "Producer",
    "Received",
    "Record",
    "RecordTooLargeError",
    "SendError",
]
