"""How events and deliveries are written as JSON: without what they do not have. asyncpg brings its own kind of UUID."""

import orjson

from frontdoor_router.adapters.writing import stated
from frontdoor_router.core.arriving import Arrived
from frontdoor_schemas.envelope import Delivery, LedgerUpdate, Recall, Remind, utc
from frontdoor_schemas.topics import CloudEvent, type_name


def submitted_json(arrived: Arrived) -> bytes:
    """An event as it is kept while it waits."""
    said = {"envelope": stated(arrived.envelope.__dict__), "sections": [stated(s.__dict__) for s in arrived.sections]}
    return orjson.dumps(said, default=str)


def delivery_json(item: Delivery) -> bytes:
    """A delivery for the wire."""
    body = stated(item.__dict__)
    body["event"] = stated(item.event.__dict__)
    body["sections"] = [stated(s.__dict__) for s in item.sections]
    if item.ask is not None:
        body["ask"] = stated(item.ask.__dict__)
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
