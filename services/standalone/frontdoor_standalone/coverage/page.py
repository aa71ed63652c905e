"""The page `docs/coverage.md`: for each row of the register what serves it, where, and whether it passes."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.coverage.naming import Expectation, Named
from frontdoor_standalone.coverage.register import Group, Register
from frontdoor_standalone.coverage.state import Standing, State, standings

HEAD = """# Which requirements are served, and by what

Written by `make coverage`, which plays every scenario; do not edit. The rows are those of the requirements register, drawn from
five published documents; [`rows.toml`](../deploy/register/rows.toml) names them. A row *passes* when every expectation that
names it was met, in scenarios in which nobody was told anything beyond what a line says. A measure serves
what asks for figures or lists; measures, and the tests that are named here, are proved by the automated tests. How an expectation
is shown able to fail stands in [rehearsal.md](rehearsal.md).
"""
ROWS_HEAD = "| row | | from | where | passes |\n|---|---|---|---|---|\n"
FAILED = "no: "
NOT_YET = "**not yet**"


def page(register: Register, found: Named, failing: Collection[Expectation]) -> str:
    """The whole page. Raises `PackError` where register and repository contradict each other."""
    rows = standings(register, found, failing)
    parts = [HEAD, _summary(rows.values()), _groups(register, rows)]
    parts += [_group(group, register, rows) for group in register.group]
    return "\n".join([*parts, _types(found), _links(rows.values(), found)])


def failing_in(text: str) -> frozenset[Expectation]:
    """The expectations that a page says were not met."""
    cells = re.findall(rf"(?m)\| {FAILED}([^|]*) \|$", text)
    return frozenset(Expectation(e.rpartition(":")[0], int(e.rpartition(":")[2])) for cell in cells for e in cell.split(", "))


def _summary(rows: Collection[Standing]) -> str:
    counted = Counter(row.state for row in rows)
    lines = [f"| {state.value} | {counted[state]} |" for state in State]
    return "\n".join(["| served by | rows |", "|---|---:|", *lines, f"| all | {len(rows)} |", ""])


def _groups(register: Register, rows: dict[str, Standing]) -> str:
    lines = ["## By group", "", "| group | rows | scenarios | not met | nothing yet |", "|---|---:|---:|---:|---:|"]
    for group in register.group:
        of = [rows[row] for row in group.rows]
        counted = Counter(row.state for row in of)
        scenarios = {e.scenario for row in of for e in row.expectations}
        lines.append(f"| {group.title} | {len(of)} | {len(scenarios)} | {counted[State.failing]} | {counted[State.not_yet]} |")
    return "\n".join([*lines, ""])


def _group(group: Group, register: Register, rows: dict[str, Standing]) -> str:
    lines = (_row(rows[row], register) for row in group.rows)
    return f"## {group.title}\n\n{ROWS_HEAD}" + "".join(lines)


def _row(row: Standing, register: Register) -> str:
    return f"| {row.row} | {row.entry.name} | {register.areas[row.entry.area]} | {'<br>'.join(_where(row))} | {_passes(row)} |\n"


def _where(row: Standing) -> Iterator[str]:
    for scenario, lines in groupby(row.expectations, key=lambda e: e.scenario):
        yield f"[{scenario}] {', '.join(str(e.line) for e in lines)}"
    yield from (f"measure {measure}" for measure in row.measures)
    yield from (f"`{test}`" for test in row.entry.test)
    if row.entry.reason:
        yield f"cannot be served: {row.entry.reason}"


def _passes(row: Standing) -> str:
    match row.state:
        case State.met:
            return "yes"
        case State.failing:
            return FAILED + ", ".join(str(e) for e in row.failing)
        case State.measured | State.tested:
            return "by test"
        case State.not_to_be_served:
            return ""
        case State.not_yet:
            return NOT_YET


def _types(found: Named) -> str:
    lines = (f"| `{kind.value}` | {', '.join(f'[{s}]' for s in found.posted.get(kind, ())) or NOT_YET} |" for kind in EventType)
    return "\n".join(["## Types of event", "", "| type | posted in |", "|---|---|", *lines, ""])


def _links(rows: Iterable[Standing], found: Named) -> str:
    scenarios = {e.scenario for row in rows for e in row.expectations} | {s for names in found.posted.values() for s in names}
    return "".join(f"[{s}]: ../deploy/partnerships/{s.replace('/', '/rehearsals/')}.yaml\n" for s in sorted(scenarios))
