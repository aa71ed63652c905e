"""What receipts bring about: levels merged by maximum, obligations met, withdrawals told to who turns out to have read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from frontdoor_router.core.amending import WITH_CONTENT
from frontdoor_router.core.clocks import satisfies
from frontdoor_router.core.outgoing import Standing, first
from frontdoor_schemas.envelope import Receipt
from frontdoor_schemas.vocabulary import Level


@dataclass(frozen=True, slots=True)
class Row:
    """A disclosure as it stands before a receipt."""

    id: UUID
    event: UUID
    kind: str
    visible: bool
    standing: Standing
    stands_for: UUID | None = None
    chases: UUID | None = None
    filed: datetime | None = None
    failed: str | None = None
    recall_told: bool = False


@dataclass(frozen=True, slots=True)
class Owes:
    """An open obligation that a receipt may meet."""

    id: UUID
    disclosure: UUID
    satisfied_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Met:
    """An obligation that is met: when, by what, and on account of which event."""

    obligation: UUID
    at: datetime
    by: str
    event: UUID | None


@dataclass(slots=True)
class Merged:
    """What a batch of receipts changes."""

    rows: dict[UUID, Row] = field(default_factory=dict)
    met: dict[UUID, Met] = field(default_factory=dict)
    read_after_withdrawal: list[Row] = field(default_factory=list)
    given_up: list[Row] = field(default_factory=list)
    ledgers: set[UUID] = field(default_factory=set)
    unknown: list[Receipt] = field(default_factory=list)


def merge(receipts: Sequence[Receipt], rows: Mapping[UUID, Row], owed: Iterable[Owes], now: datetime) -> Merged:
    """Apply receipts. The order in which they come does not matter. One for another desk's disclosure changes nothing."""
    by_disclosure: dict[UUID, list[Owes]] = {}
    for owes in owed:
        by_disclosure.setdefault(owes.disclosure, []).append(owes)
    merged = Merged()
    for receipt in receipts:
        row = merged.rows.get(receipt.disclosure) or rows.get(receipt.disclosure)
        if row is None or row.standing.desk != receipt.desk:
            merged.unknown.append(receipt)
            continue
        _one(merged, receipt, row, by_disclosure, min(receipt.at, now))
    return merged


def _one(merged: Merged, receipt: Receipt, row: Row, owed: Mapping[UUID, list[Owes]], at: datetime) -> None:
    after = replace(
        row,
        standing=row.standing.merged(receipt.level, at, by_telephone=receipt.by_telephone),
        filed=first(row.filed, at),
        failed=min(filter(None, (row.failed, receipt.failed)), default=None),
    )
    if _has_what_was_withdrawn(after) and not row.recall_told:
        after = replace(after, recall_told=True)
        merged.read_after_withdrawal.append(after)
    if after.failed and not row.failed:
        merged.given_up.append(after)
    merged.rows[row.id] = after
    if row.visible and after.standing.line() != row.standing.line():
        merged.ledgers.add(row.event)
    for owes in _met_by(receipt, row, owed):
        known = merged.met.get(owes.id)
        if known is None or at < known.at:
            merged.met[owes.id] = Met(owes.id, at, _by(receipt), row.event)


def _has_what_was_withdrawn(row: Row) -> bool:
    has_it = row.standing.received or row.standing.told
    return row.standing.withdrawn is not None and has_it is not None and row.kind in WITH_CONTENT


def _met_by(receipt: Receipt, row: Row, owed: Mapping[UUID, list[Owes]]) -> Iterable[Owes]:
    """A desk's own obligations; a deputy meets those of the desk it stands for; who chases it may record that it was told."""
    for disclosure in filter(None, (row.id, row.stands_for)):
        for owes in owed.get(disclosure, ()):
            if satisfies(owes.satisfied_by, level=receipt.level, by_telephone=receipt.by_telephone):
                yield owes
    if row.chases and receipt.by_telephone:
        for owes in owed.get(row.chases, ()):
            if satisfies(owes.satisfied_by, level=None, by_telephone=True):
                yield owes


def _by(receipt: Receipt) -> str:
    return "told_by_telephone" if receipt.by_telephone else (receipt.level or Level.filed).value
