"""A table as JSON and as CSV. Codes and numbers only: titles come from the pack, groups from closed vocabularies and the directory."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from frontdoor_router.core.measures.asking import Table
from frontdoor_router.core.measures.audiences import Audience, Everybody, OneAgency, Partnership
from frontdoor_router.core.measures.figures import Figures, Measured

HELD_BACK = "[c]"
"""Confidential: the mark that official statistics use for a figure held back (GSS shorthand)."""
FIGURES = ("of", "counted", "percent", "children_of", "children", "undecided", "timed", "median_hours", "longest_hours")
MAY_BE_HELD_BACK = ("of", "counted", "percent", "children_of", "children")
COLUMNS = ("month", "as_at", "whole_month", "concern", "audience", "measure", "title", "rows", "unit", "by", "group", *FIGURES, "baseline")


def audience_name(audience: Audience) -> str:
    """An audience as it is asked for."""
    match audience:
        case Partnership():
            return "partnership"
        case OneAgency(agency):
            return f"agency:{agency}"
        case Everybody():
            return "published"
        case _ as never:  # pragma: no cover - the union is closed
            assert_never(never)


def as_json(table: Table) -> dict[str, Any]:
    """The table as a document."""
    return {
        **_head(table),
        "partnership": table.partnership,
        "edition": table.edition,
        "smallest_printed": table.smallest if isinstance(table.question.audience, Everybody) else None,
        "set_aside": table.set_aside,
        "measures": [_measure(m) for m in table.measures],
    }


def _head(table: Table) -> dict[str, Any]:
    question = table.question
    return {
        "month": f"{question.month:%Y-%m}",
        "as_at": question.as_at.isoformat(),
        "whole_month": table.whole_month,
        "concern": question.concern,
        "audience": audience_name(question.audience),
    }


def _measure(measured: Measured) -> dict[str, Any]:
    measure = measured.measure
    found: dict[str, Any] = {"id": measure.id, "title": measure.title, "unit": measure.unit, "rows": list(measure.rows)}
    found["months"] = measure.months
    found["source"] = measure.source or "own"
    if measure.baseline:
        found["baseline"] = {"percent": float(measure.baseline.percent), "source": measure.baseline.source}
    return {**found, "total": _numbers(measured.total), "groups": [{"by": f.by, "group": f.group, **_numbers(f)} for f in measured.groups]}


def _numbers(figures: Figures) -> dict[str, Any]:
    """What there is to say; what was not measured is left out."""
    found = {name: getattr(figures, name) for name in FIGURES if getattr(figures, name) is not None}
    numbers = {name: value if isinstance(value, int) else float(value) for name, value in found.items()}
    return {**numbers, "held_back": True} if figures.held_back else numbers


def as_csv(table: Table) -> str:
    """The table as lines, each of which stands alone: the question is repeated on every one."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    head = {**_head(table), "concern": table.question.concern or "all", "whole_month": "yes" if table.whole_month else "no"}
    for measured in table.measures:
        writer.writerows({**head, **line} for line in _lines(measured))
    return out.getvalue()


def _lines(measured: Measured) -> Iterator[Mapping[str, Any]]:
    measure = measured.measure
    said = {"measure": measure.id, "title": measure.title, "rows": " ".join(measure.rows), "unit": measure.unit}
    said["baseline"] = str(measure.baseline.percent) if measure.baseline else ""
    for figures in (measured.total, *measured.groups):
        yield {**said, "by": figures.by or "all", "group": figures.group or "all", **{n: _cell(figures, n) for n in FIGURES}}


def _cell(figures: Figures, name: str) -> str:
    value = getattr(figures, name)
    if value is not None:
        return str(value)
    return HELD_BACK if figures.held_back and name in MAY_BE_HELD_BACK else ""
