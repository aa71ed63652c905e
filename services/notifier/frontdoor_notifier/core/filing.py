"""Takes one batch of records in: numbers, repetitions, withdrawals, reminders, what others report. Pure but for the depot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from frontdoor_notifier.core.depot import Depot, mark_taken_back
from frontdoor_notifier.core.ledger import OpenBatch, Reached, Refused, TakeBack, receipt_of
from frontdoor_notifier.core.parcels import Notice, Parcel, TakenBack, Waiting
from frontdoor_notifier.core.ports import Known
from frontdoor_notifier.core.sequence import DeskSequence, Place, begin
from frontdoor_schemas.envelope import Delivery, DeliveryKind, Recall, Receipt, Remind
from frontdoor_schemas.vocabulary import Level


@dataclass(frozen=True, slots=True)
class Reported:
    """Receipts of one gateway, those about its own desks."""

    items: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery with the message that is posted of it; without one when its desk has no endpoint."""

    delivery: Delivery
    body: bytes | None


Incoming = Arrival | Recall | Remind | Reported | Refused
"""What a record of the bus can mean to the notifier."""

_SETTLING = frozenset({Level.received, Level.opened, Level.acted})


@dataclass(frozen=True, slots=True)
class Placed:
    """A delivery and where its number stands. `place` None: nobody counts, since the desk has no endpoint."""

    arrival: Arrival
    place: Place | None

    @property
    def delivery(self) -> Delivery:
        """What arrived."""
        return self.arrival.delivery


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch after counting."""

    items: tuple[Placed | Recall | Remind | Reported | Refused, ...]
    sequences: Mapping[str, DeskSequence]

    def repeated(self) -> list[UUID]:
        """Deliveries that may have been here before."""
        return [i.delivery.id for i in self.items if isinstance(i, Placed) and i.place in _MAYBE_HERE]


_MAYBE_HERE = frozenset({Place.filled, Place.before, Place.known})


def desks_counted(depot: Depot, incoming: Iterable[Incoming]) -> set[str]:
    """Desks whose sequences are needed to place this batch, and are not in memory."""
    return {i.delivery.desk for i in incoming if isinstance(i, Arrival) and i.body is not None} - depot.sequences.keys()


def place(depot: Depot, incoming: Sequence[Incoming], now: datetime) -> Plan:
    """Count the numbers of a batch. Nothing is changed yet."""
    changed: dict[str, DeskSequence] = {}
    items: list[Placed | Recall | Remind | Reported | Refused] = []
    for item in incoming:
        if not isinstance(item, Arrival):
            items.append(item)
        elif item.body is None:
            items.append(Placed(item, None))
        else:
            desk = item.delivery.desk
            changed[desk], found = _count(changed.get(desk) or depot.sequences.get(desk), item.delivery, now)
            items.append(Placed(item, found))
    return Plan(tuple(items), changed)


def _count(known: DeskSequence | None, delivery: Delivery, now: datetime) -> tuple[DeskSequence, Place]:
    if known is None:
        return begin(delivery.desk, delivery.incarnation, delivery.number), Place.next
    return known.accept(delivery.incarnation, delivery.number, now)


def file_all(depot: Depot, batch: OpenBatch, plan: Plan, known: Mapping[UUID, Known], now: datetime) -> None:
    """Carry a plan out."""
    for item in plan.items:
        match item:
            case Placed():
                _file(depot, batch, item, known.get(item.delivery.id), now)
            case Recall(disclosure=disclosure, desk=desk, at=at):
                depot.take_back(TakeBack(disclosure, desk, TakenBack.recalled, at), batch)
            case Remind():
                batch.reminders.append(item)
            case Reported(items=items):
                batch.reached += [Reached(r.disclosure, r.level, r.at) for r in items if r.level in _SETTLING]
            case Refused():
                batch.refused.append(item)
            case _:
                assert_never(item)
    batch.sequences.update(plan.sequences)
    for sequence in plan.sequences.values():
        depot.note_sequence(sequence)
    depot.ledger.open(batch)


def _file(depot: Depot, batch: OpenBatch, placed: Placed, known: Known | None, now: datetime) -> None:
    delivery = placed.delivery
    if delivery.kind is DeliveryKind.withdrawn and delivery.refers_to is not None:
        depot.take_back(TakeBack(delivery.refers_to, delivery.desk, TakenBack.superseded, now), batch)
    if placed.place is Place.known or (known is not None and known.state is not None):
        _answer_again(batch, delivery, known)
        return
    parcel = Parcel(notice_of(delivery, now), Waiting())
    if placed.place is None:
        if parcel.notice.wanted is not None:
            depot.keep(parcel, batch)
        return
    parcel.body = placed.arrival.body
    taken_back = known.taken_back if known is not None and known.taken_back else depot.taken_back.get(delivery.id)
    if taken_back is not None:
        mark_taken_back(parcel, taken_back)
    depot.file(parcel, batch)


def _answer_again(batch: OpenBatch, delivery: Delivery, known: Known | None) -> None:
    """It was here before: its sender has not seen the receipt, or was only repeating itself."""
    if known is not None and known.state is not None:
        receipt = receipt_of(delivery.id, delivery.desk, known.state, withdrawn=known.taken_back is not None)
        batch.receipts += [receipt] if receipt is not None else []


def notice_of(delivery: Delivery, now: datetime) -> Notice:
    """What is kept of a delivery besides its content."""
    return Notice(
        id=delivery.id,
        desk=delivery.desk,
        incarnation=delivery.incarnation,
        number=delivery.number,
        thread=delivery.event.thread,
        kind=delivery.kind.value,
        filed_at=now,
        due=delivery.ask.due if delivery.ask else None,
        wanted=delivery.ask.level.value if delivery.ask and delivery.ask.level else None,
    )
