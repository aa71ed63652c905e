"""Reads records of the bus: who wrote them, what they mean. What cannot be read is refused by its place, never skipped silently."""

from collections.abc import Callable

import orjson
import structlog
from pydantic import TypeAdapter, ValidationError

from frontdoor_chassis.bus import Received
from frontdoor_chassis.clock import Clock
from frontdoor_chassis.signing import ForgedRecordError, Verifier
from frontdoor_notifier.core.filing import Arrival, Incoming, Reported
from frontdoor_notifier.core.ledger import Refused
from frontdoor_notifier.core.payload import body_of
from frontdoor_notifier.core.ports import Contacts
from frontdoor_schemas.envelope import Delivery, LedgerUpdate, Recall, Receipt, Remind, ToGateway
from frontdoor_schemas.topics import HEADER_WRITER, RECEIPTS

log = structlog.get_logger(__name__)

ROUTER, OWN = "router", "notifier"
_TO_GATEWAY: TypeAdapter[Delivery | Recall | Remind | LedgerUpdate] = TypeAdapter(ToGateway)
_RECEIPTS: TypeAdapter[tuple[Receipt, ...]] = TypeAdapter(tuple[Receipt, ...])
_INTERESTING = frozenset({"received", "opened", "acted"})
_MAX_NUMBER, _MAX_INCARNATION = 2**63 - 1, 2**31 - 1
"""What the tables hold. One record that they refuse would otherwise stop every later one."""
_UNREADABLE = (ValidationError, ValueError, KeyError, TypeError, AttributeError)
"""What a record of the wrong shape raises on its way through parsing and rendering."""


class Reader:
    """Reads one record at a time."""

    def __init__(self, *, verifier: Verifier, contacts: Contacts, clock: Clock, has_endpoint: Callable[[str], bool]) -> None:
        self._verifier = verifier
        self._contacts = contacts
        self._clock = clock
        self._has_endpoint = has_endpoint

    def read(self, record: Received) -> Incoming | None:
        """What a record means; None when it is none of the notifier's business."""
        try:
            return self._receipts(record) if record.topic == RECEIPTS else self._from_router(record)
        except ForgedRecordError:
            return self._refused(record, "not_signed_by_its_writer")
        except _UNREADABLE:
            return self._refused(record, "unreadable")

    def _from_router(self, record: Received) -> Incoming | None:
        if self._verifier.writer(record) != ROUTER:
            return self._refused(record, "not_written_by_the_router")
        match _TO_GATEWAY.validate_json(record.value):
            case Delivery(number=number, incarnation=incarnation) if not (
                0 <= number <= _MAX_NUMBER and 0 <= incarnation <= _MAX_INCARNATION
            ):
                return self._refused(record, "out_of_range")
            case Remind(reason=reason) if "\0" in reason:
                return self._refused(record, "out_of_range")
            case Delivery() as delivery:
                return Arrival(delivery, body_of(delivery) if self._has_endpoint(delivery.desk) else None)
            case LedgerUpdate():
                return None
            case other:
                return other

    def _receipts(self, record: Received) -> Incoming | None:
        if dict(record.headers).get(HEADER_WRITER) == OWN.encode():
            return None
        writer = self._verifier.writer(record)
        said = orjson.loads(record.value)
        if said["by"] != writer:
            return self._refused(record, "in_another_name")
        items = _RECEIPTS.validate_python([i for i in said["items"] if i.get("level") in _INTERESTING], strict=False)
        # a gateway speaks for its own desks alone: another's "opened" must not silence a reminder
        own = tuple(i for i in items if self._contacts.gateway_of(i.desk) == writer)
        return Reported(own) if own else None

    def _refused(self, record: Received, reason: str) -> Refused:
        log.error("record.refused", topic=record.topic, partition=record.partition, offset=record.offset, reason=reason)
        return Refused(record.topic, record.partition, record.offset, reason, self._clock.now())
