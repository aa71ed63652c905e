"""The ledger of one event, as its publisher may see it. What it may not know is one constant line."""

from datetime import datetime
from typing import Any

from frontdoor_gateway.core.submissions import Published
from frontdoor_schemas.envelope import LedgerUpdate, utc
from frontdoor_schemas.topics import type_name


def heading(published: Published) -> dict[str, Any]:
    """What the publisher itself said, and the state. Times of updates are not shown: they would tell of hidden desks."""
    ledger = LedgerUpdate.model_validate_json(published.ledger) if published.ledger else None
    said = {
        "event": str(published.event),
        "type": type_name(published.type),
        "desk": published.desk,
        "thread": str(published.thread),
        "in_reply_to": str(published.cause) if published.cause else None,
        "occurred_at": utc(published.occurred_at),
        "received_at": utc(published.received_at),
        "state": ledger.state.value if ledger else "accepted",
    }
    return {name: value for name, value in said.items() if value is not None}


def view(published: Published, now: datetime) -> dict[str, Any]:
    """The ledger. `other_services` is always there, and turns at a time that is fixed per type of event, whatever happened."""
    ledger = LedgerUpdate.model_validate_json(published.ledger) if published.ledger else None
    closed = ledger is not None and ledger.others_close_at <= now
    lines = ledger.lines if ledger else ()
    return {
        **heading(published),
        "missing": list(ledger.missing) if ledger else [],
        "lines": [{"desk": line.desk, "state": line.state, "at": utc(line.at)} for line in lines],
        "other_services": "closed" if closed else "in hand",
    }
