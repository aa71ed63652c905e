"""What receipts bring about: levels merged by maximum, obligations met, withdrawals told to who turns out to have read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from frontdoor_router.core.clocks import satisfies
from frontdoor_router.core.outgoing import Standing
from frontdoor_schemas.envelope import Receipt
from frontdoor_schemas.vocabulary import Level


@dataclass(frozen=True, slots=True)
class Row:
    """A disclosure as it stands before a receipt."""

    id: UUID
    event: UUID
    kind: str
    stands_for: UUID | None
    visible: bool
    standing: Standing
    filed: datetime | None = None
    failed: str | None = None
    recall_told: bool = False


@dataclass(frozen=True, slots=True)
class Owes:
    """An open obligation that a receipt may meet."""

    id: UUID
    disclosure: UUID
    satisfied_by: tuple[str, ...]


@dataclass(slots=True)
class Merged:
    """What a batch of receipts changes."""

    rows: dict[UUID, Row] = field(default_factory=dict)
    met: list[tuple[UUID, str]] = field(default_factory=list)
    read_after_withdrawal: list[Row] = field(default_factory=list)
    ledgers: set[UUID] = field(default_factory=set)
    unknown: int = 0


def merge(receipts: Sequence[Receipt], rows: Mapping[UUID, Row], owed: Iterable[Owes]) -> Merged:
    """Apply receipts in order. A receipt by a desk for another desk's disclosure changes nothing."""
    by_disclosure: dict[UUID, list[Owes]] = {}
    for owes in owed:
        by_disclosure.setdefault(owes.disclosure, []).append(owes)
    merged = Merged()
    for receipt in receipts:
        row = merged.rows.get(receipt.disclosure) or rows.get(receipt.disclosure)
        if row is None or row.standing.desk != receipt.desk:
            merged.unknown += 1
            continue
        _one(merged, receipt, row, by_disclosure)
    return merged


def _one(merged: Merged, receipt: Receipt, row: Row, owed: Mapping[UUID, list[Owes]]) -> None:
    after = replace(
        row,
        standing=row.standing.merged(receipt.level, receipt.at, by_telephone=receipt.by_telephone),
        filed=row.filed or receipt.at,
        failed=receipt.failed or row.failed,
    )
    if row.standing.withdrawn and after.standing.received and not row.recall_told and row.kind == "disclosure":
        after = replace(after, recall_told=True)
        merged.read_after_withdrawal.append(after)
    merged.rows[row.id] = after
    if row.visible and after.standing.line() != row.standing.line():
        merged.ledgers.add(row.event)
    for owes in (*owed.get(row.id, ()), *(owed.get(row.stands_for, ()) if row.stands_for else ())):
        if satisfies(owes.satisfied_by, level=receipt.level, by_telephone=receipt.by_telephone):
            merged.met.append((owes.id, _by(receipt)))


def _by(receipt: Receipt) -> str:
    return "told_by_telephone" if receipt.by_telephone else (receipt.level or Level.filed).value
