"""Receipts on their way to the bus: which of them one record carries."""

from collections.abc import Iterable, Iterator

from frontdoor_schemas.envelope import MAX_RECEIPTS, Receipt


def by_desk(items: Iterable[Receipt]) -> Iterator[tuple[str, tuple[Receipt, ...]]]:
    """Receipts sorted by desk, in records of a size that the bus takes."""
    found: dict[str, list[Receipt]] = {}
    for item in items:
        found.setdefault(item.desk, []).append(item)
    for desk, mine in found.items():
        yield from ((desk, tuple(mine[n : n + MAX_RECEIPTS])) for n in range(0, len(mine), MAX_RECEIPTS))
