"""The table of child protection plans in Wandsworth's neglect strategy 2021–2023, section 9, and events that bring it about.

The table is torn by a page break: the counts of physical abuse stand on the second page, above the percentages. Its title
speaks of new plans, and its numbers behave as totals at the end of each month: a new plan is begun once, and 152 children
cannot begin one each month. It is read as totals.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from support.builders import a_child
from support.measuring import nhs_number

MONTHS = tuple(date(2020 + (7 + n) // 12, (7 + n) % 12 + 1, 1) for n in range(13))
"""August 2020 to August 2021."""
COUNTS: Mapping[str, tuple[int, ...]] = {
    "emotional_abuse": (152, 155, 146, 127, 111, 86, 73, 71, 59, 64, 56, 50, 48),
    "neglect": (86, 83, 81, 98, 104, 104, 116, 105, 104, 102, 93, 90, 89),
    "sexual_abuse": (12, 13, 11, 12, 7, 7, 3, 2, 6, 6, 5, 2, 2),
    "physical_abuse": (14, 15, 16, 13, 16, 19, 25, 25, 27, 22, 23, 19, 20),
}
PRINTED: Mapping[str, tuple[int, ...]] = {
    "emotional_abuse": (58, 58, 57, 51, 47, 40, 34, 35, 30, 33, 32, 31, 30),
    "neglect": (33, 31, 32, 39, 44, 48, 53, 52, 53, 53, 53, 56, 56),
    "sexual_abuse": (5, 5, 4, 5, 3, 3, 1, 1, 3, 3, 3, 1, 1),
    "physical_abuse": (5, 6, 6, 5, 7, 9, 12, 12, 14, 11, 13, 12, 13),
}
"""Whole per cent, as printed."""


@dataclass(frozen=True, slots=True)
class PlanEvent:
    """One event about one child's plan."""

    at: datetime
    data: dict[str, Any]


def plan_events() -> Iterator[PlanEvent]:
    """Plans begin and end on the tenth of each month so that its end has as many as the table says. Who ends began first."""
    running: dict[str, list[int]] = {category: [] for category in COUNTS}
    known = 0
    for index, month in enumerate(MONTHS):
        at = datetime(month.year, month.month, 10, 10, tzinfo=UTC)
        for category, counts in COUNTS.items():
            more = counts[index] - len(running[category])
            for _ in range(-more):
                yield PlanEvent(at, plan(running[category].pop(0), category, "ended", at))
            for _ in range(more):
                known += 1
                running[category].append(known)
                yield PlanEvent(at, plan(known, category, "started", at))


def plan(n: int, category: str, to_status: str, at: datetime, kind: str = "child_protection", **more: Any) -> dict[str, Any]:
    """What the event says of the n-th child's plan."""
    child = a_child(1, nhs_number=nhs_number(n), given_name=f"Given{n}")
    said = {"plan_type": kind, "to_status": to_status, "category_primary": category, "changed_at": at.isoformat()}
    return {"children": [child], **{k: v for k, v in said.items() if v}, **more}
