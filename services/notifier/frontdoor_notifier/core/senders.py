"""One endpoint under this instance's lease, an attempt at it, and the figures that a deployment may set."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from frontdoor_notifier.core.endpoints import Endpoint, Lease
from frontdoor_notifier.core.lanes import Queue
from frontdoor_notifier.core.parcels import Parcel
from frontdoor_notifier.core.steps import KEEP_TRYING

AWAY_AFTER = 5
"""Failures in a row after which an endpoint is only tried with one delivery at a time, until one gets through."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Figures that a deployment may set."""

    timeout: timedelta = timedelta(seconds=15)
    keep_trying: timedelta = KEEP_TRYING
    block_margin: timedelta = timedelta(minutes=15)
    """How long before its deadline a delivery stops waiting for one before it."""
    gap_patience: timedelta = timedelta(seconds=60)
    """How long a missing number holds up the desk: a relay that repeats itself is done by then."""
    window: int = 20_000
    """Deliveries owed to one desk that are kept in memory, without their content."""


@dataclass(slots=True, eq=False)
class Sender:
    """One endpoint under this instance's lease."""

    endpoint: Endpoint
    lease: Lease
    queue: Queue
    complete: bool = True
    """Whether memory knows of everything that is owed."""
    leaving: bool = False
    """Another instance wants the lease: finish what is under way and let go."""
    failures: int = 0
    paused_until: datetime | None = None
    scheduled: datetime | None = None
    """Earliest moment at which it stands in the agenda."""

    @property
    def slots(self) -> int:
        """How many attempts may be under way at once."""
        return 1 if self.failures >= AWAY_AFTER else self.endpoint.max_in_flight


@dataclass(frozen=True, slots=True, eq=False)
class Shipment:
    """One attempt to be made now."""

    parcel: Parcel
    sender: Sender
    endpoint: Endpoint
    """As it was when this was picked: what is sent goes there, and an answer speaks of that alone."""
    missing: tuple[int, ...]
