"""Makes parcels and depots for tests."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from frontdoor_chassis.bus import Move
from frontdoor_notifier.core.depot import Depot
from frontdoor_notifier.core.endpoints import Endpoint, Lease, Status
from frontdoor_notifier.core.ledger import OpenBatch
from frontdoor_notifier.core.outcomes import Answered, Outcome
from frontdoor_notifier.core.parcels import Notice, Parcel, Waiting
from frontdoor_notifier.core.senders import Rules, Shipment
from frontdoor_notifier.core.signing import Secret
from frontdoor_notifier.core.steps import Step

NOW = datetime(2020, 11, 10, 9, 0, tzinfo=UTC)
DESK = "a.desk"
LEASE = timedelta(seconds=20)
OK, BUSY, REFUSES, GONE = Answered(204), Answered(503), Answered(400), Answered(410)


def thread(n: int) -> UUID:
    return UUID(int=1000 + n)


def parcel(number: int, *, lane: int = 0, due: timedelta | None = None, desk: str = DESK, wanted: str | None = None) -> Parcel:
    due_at = NOW + due if due is not None else None
    notice = Notice(UUID(int=number), desk, 1, number, thread(lane), "disclosure", NOW, due_at, wanted)
    return Parcel(notice, Waiting(), body=b'{"data":{"number":%d}}' % number)


def endpoint(
    desk: str = DESK, *, slots: int = 8, status: Status = Status.enabled, version: int = 1, url: str = "https://p.example/"
) -> Endpoint:
    return Endpoint(desk, url, (Secret(b"k" * 32),), status, None, slots, version)


def depot(*, desks: Sequence[str] = (DESK,), slots: int = 8, leased: bool = True, rules: Rules | None = None) -> Depot:
    made = Depot(rules or Rules(), random.Random(1))
    for desk in desks:
        made.configure(endpoint(desk, slots=slots))
        if leased:
            made.adopt(Lease(desk, 1, NOW + LEASE), (), None)
    return made


def batch(*, since: float = 0.0, old: int = 0, records: int = 1) -> OpenBatch:
    return OpenBatch((Move("to.g0", 0, "id", old, old + records),), since, records)


def file(made: Depot, *parcels: Parcel, into: OpenBatch | None = None) -> OpenBatch:
    """Take parcels in as one batch."""
    opened = into or batch(records=len(parcels))
    for p in parcels:
        made.file(p, opened)
    made.ledger.open(opened)
    return opened


def report(made: Depot, shipment: Shipment, outcome: Outcome = OK, *, now: datetime = NOW) -> Step | None:
    """What came of an attempt."""
    tombstone = shipment.parcel.taken_back is not None
    return made.result(shipment, outcome, tombstone=tombstone, started=now, now=now, seconds=0.01, clock=0.0)


def numbers(shipments: Sequence[Shipment]) -> list[int]:
    return [s.parcel.notice.number for s in shipments]


def renew(made: Depot, now: datetime) -> None:
    """Hold all leases on."""
    for desk, sender in list(made.senders.items()):
        sender.lease = replace(sender.lease, until=now + LEASE)
        made.renewed(desk, now + LEASE, wanted_by_other=False)
