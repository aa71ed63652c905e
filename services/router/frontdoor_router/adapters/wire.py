"""How events and deliveries are written as JSON: without what they do not have. asyncpg brings its own kind of UUID."""

from collections.abc import Mapping

import orjson

from frontdoor_router.core.arriving import Arrived
from frontdoor_schemas.envelope import Delivery, LedgerUpdate, Recall, Remind, utc
from frontdoor_schemas.topics import CloudEvent, type_name


def filled(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields of a record that have something in them: neither nothing nor an empty tuple."""
    return {k: v for k, v in fields.items() if v is not None and (v or not isinstance(v, tuple))}


def submitted_json(arrived: Arrived) -> bytes:
    """An event as it is kept while it waits."""
    said = {"envelope": filled(arrived.envelope.__dict__), "sections": [filled(s.__dict__) for s in arrived.sections]}
    return orjson.dumps(said, default=str)


def delivery_json(item: Delivery) -> bytes:
    """A delivery for the wire."""
    body = filled(item.__dict__)
    body["event"] = filled(item.event.__dict__)
    body["sections"] = [filled(s.__dict__) for s in item.sections]
    if item.ask is not None:
        body["ask"] = filled(item.ask.__dict__)
    return orjson.dumps({"record": "delivery", **body}, default=str)


def says(record: Delivery | Recall | Remind | LedgerUpdate) -> CloudEvent:
    """What a record for a gateway says of itself. No two have one id: what is sent again is the same record."""
    match record:
        case Delivery():
            return CloudEvent(str(record.id), type_name(record.kind), utc(record.at))
        case Recall():
            return CloudEvent(f"{record.disclosure}-recall", type_name(record.record), utc(record.at))
        case Remind():
            return CloudEvent(str(record.id), type_name(record.record), utc(record.at))
        case LedgerUpdate():
            return CloudEvent(f"{record.event}-ledger-{record.version}", type_name(record.record))
