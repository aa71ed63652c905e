"""Where reading starts, and when to refuse: the same on every bus."""

from dataclasses import dataclass

from frontdoor_chassis.bus.ports import Position, PositionLostError


@dataclass(frozen=True, slots=True)
class Log:
    """What a bus holds of one partition at this moment."""

    topic: str
    partition: int
    topic_id: str
    beginning: int
    end: int

    def start(self, position: Position | None) -> int:
        """The offset to read next. Raises `PositionLostError` where going on would skip or repeat unnoticed."""
        where = f"{self.topic}[{self.partition}]"
        if position is None:
            if self.beginning > 0:
                raise PositionLostError(f"{where} was never read, and its first {self.beginning} records are gone")
            return 0
        if position.topic_id != self.topic_id:
            raise PositionLostError(f"{where} was created again: read as {position.topic_id}, now {self.topic_id}")
        if position.offset > self.end:
            raise PositionLostError(f"{where} ends at {self.end}, before the position {position.offset}")
        if position.offset < self.beginning:
            raise PositionLostError(f"{where} begins at {self.beginning}, after the position {position.offset}")
        return position.offset
