"""Turns rows into values of core, and values of core into columns for `unnest`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import asyncpg

from frontdoor_chassis.store.bodies import pack
from frontdoor_notifier.core.ledger import Row
from frontdoor_notifier.core.parcels import (
    Dead,
    Delivered,
    Filed,
    Notice,
    Parcel,
    Recalled,
    Sending,
    State,
    Superseded,
    TakenBack,
    Waiting,
    name_of,
)

NOTICE_COLUMNS = "id, desk, incarnation, number, thread, kind, filed_at, due, wanted"


def parcel_of(row: asyncpg.Record) -> Parcel:
    """A delivery that is still owed. One whose attempt was under way when somebody stopped is waiting again."""
    notice = Notice(**{name: row[name] for name in NOTICE_COLUMNS.split(", ")})
    return Parcel(
        notice,
        Waiting(row["next_at"]),
        attempts=row["attempts"],
        first_at=row["first_at"],
        last_code=row["code"],
        taken_back=taken_back_of(row["taken_back"]),
        stored=True,
    )


def taken_back_of(value: str | None) -> TakenBack | None:
    """Why the content may not be sent."""
    return TakenBack(value) if value else None


def state_of(row: asyncpg.Record) -> State:
    """The state that a row is in. Raises `ValueError` for one that this version does not know."""
    at = row["settled_at"] or row["filed_at"]
    match row["state"]:
        case "waiting" | "sending":
            return Waiting(row["next_at"])
        case "delivered":
            return Delivered(at)
        case "dead":
            return Dead(at, row["code"] or "unknown")
        case "recalled":
            return Recalled(at)
        case "superseded":
            return Superseded(at)
        case "filed":
            return Filed(at)
        case other:
            raise ValueError(f"a delivery is in state {other}")


def _settled_at(state: State) -> datetime | None:
    match state:
        case Waiting() | Sending():
            return None
        case Delivered(at=at) | Dead(at=at) | Recalled(at=at) | Superseded(at=at) | Filed(at=at):
            return at


def _next_at(state: State) -> datetime | None:
    return state.next_at if isinstance(state, Waiting) else None


def filed_columns(rows: Iterable[Row]) -> list[list[Any]]:
    """Columns of new deliveries, in the order of `INSERT_DELIVERIES`."""
    return _columns(
        [
            (
                r.parcel.notice.id,
                r.parcel.notice.desk,
                r.parcel.notice.incarnation,
                r.parcel.notice.number,
                r.parcel.notice.thread,
                r.parcel.notice.kind,
                name_of(r.state),
                r.taken_back,
                r.attempts,
                _next_at(r.state),
                r.first_at,
                r.parcel.notice.filed_at,
                _settled_at(r.state),
                r.parcel.notice.due,
                r.parcel.notice.wanted,
                r.code,
                pack(r.body) if r.body is not None else None,
            )
            for r in rows
        ]
    )


def changed_columns(rows: Iterable[Row]) -> list[list[Any]]:
    """Columns of changed deliveries, in the order of `UPDATE_DELIVERIES`."""
    return _columns(
        [(r.parcel.notice.id, name_of(r.state), r.attempts, _next_at(r.state), r.first_at, _settled_at(r.state), r.code) for r in rows]
    )


def _columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
