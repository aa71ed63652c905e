"""What a run left behind, read from all sides: who was answered what, what stood on the topics, what came to whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Accepted:
    """A post that was answered with 202. `case` and `place` are the sender's own: in which order it posted."""

    sender_id: str
    event: str
    case: str
    place: int
    at: float


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery as somebody saw it: on a topic, at the receiver, in an inbox."""

    desk: str
    disclosure: str
    incarnation: int
    number: int
    kind: str
    event: str
    at: float = 0.0

    @property
    def place(self) -> tuple[int, int]:
        """Its place among everything that the desk is told."""
        return self.incarnation, self.number


@dataclass(frozen=True, slots=True)
class Owed:
    """A disclosure as the router's ledger has it."""

    desk: str
    disclosure: str
    kind: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The router's ledger of one event: `decided`, `held` (a person has it), or `waiting`."""

    state: str
    owed: tuple[Owed, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """Everything that is known of a run. Sequences are in the order in which things happened."""

    accepted: Sequence[Accepted]
    published: Sequence[str]
    """Event ids on the family topics, as often as they stand there."""
    sent: Sequence[Told]
    """Deliveries on the topics of the gateways."""
    received: Sequence[Told]
    """Webhooks with a good signature."""
    inboxes: Mapping[str, Sequence[Told]]
    decisions: Mapping[str, Decision]
    endpoints: frozenset[str] = field(default_factory=frozenset)
    """Desks that take webhooks."""
    refused: int = 0
    """Webhooks without a good signature."""
