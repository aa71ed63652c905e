"""How events and deliveries are written as JSON: without what they do not have. asyncpg brings its own kind of UUID."""

import orjson

from frontdoor_router.adapters.writing import section_dict
from frontdoor_router.core.arriving import Arrived
from frontdoor_schemas.envelope import Delivery, Envelope, LedgerUpdate, Recall, Remind, utc
from frontdoor_schemas.topics import CloudEvent, type_name


def envelope_dict(envelope: Envelope) -> dict[str, object]:
    """An envelope for the wire."""
    return {k: v for k, v in envelope.__dict__.items() if v is not None}


def submitted_json(arrived: Arrived) -> bytes:
    """An event as it is kept while it waits."""
    said = {"envelope": envelope_dict(arrived.envelope), "sections": [section_dict(s) for s in arrived.sections]}
    return orjson.dumps(said, default=str)


def delivery_json(item: Delivery) -> bytes:
    """A delivery for the wire."""
    body = {k: v for k, v in item.__dict__.items() if v not in (None, ())}
    body["event"] = envelope_dict(item.event)
    body["sections"] = [section_dict(s) for s in item.sections]
    if item.ask is not None:
        body["ask"] = {k: v for k, v in item.ask.__dict__.items() if v is not None}
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
