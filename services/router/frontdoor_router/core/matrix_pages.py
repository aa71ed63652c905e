"""The decision matrix as pages for a person: one for each purpose, and one that lists them. docs/matrix.md says how they are read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from frontdoor_router.core.facts import IDENTITY_REVIEW, NAMED_BY_AUTHOR, VALUES
from frontdoor_router.core.matrix import Cell, Cube, Row, Section, Slice, Wall
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.policies import Policy

INDEX: Final = "README.md"
FEW: Final = 6
"""Values that a fact may have at most for a reader to see at once which of them are left."""

_BUILT_IN: Final = {
    NAMED_BY_AUTHOR: "The author of an event names the desk.",
    IDENTITY_REVIEW: "Somebody in the event is not identified, and the front door has to see whom it may mean.",
}


def pages(pack: Pack, parts: Sequence[Slice]) -> dict[str, str]:
    """The text of every page by its file name."""
    first: dict[tuple[Section, ...], str] = {}
    alike = {part.purpose: first.setdefault(part.sections, part.purpose) for part in parts}
    policies = {p.id: p for a in pack.agreements for p in a.policies}
    found = {INDEX: _text(_index(pack, parts, alike))}
    for part in parts:
        found[f"{part.purpose}.md"] = _text(_page(part, alike[part.purpose], policies))
    return found


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _index(pack: Pack, parts: Sequence[Slice], alike: Mapping[str, str]) -> Iterator[str]:
    yield f"# Decision matrix: {pack.directory.title}"
    yield ""
    yield "Written by `frontdoor packs matrix` from the pack; docs/matrix.md says how to read it."
    yield ""
    yield "| purpose | on | roles that may be given something |"
    yield "|---|---|---|"
    for part in parts:
        same = alike[part.purpose]
        on = ", ".join(dict.fromkeys(use.on.value for use in part.uses)) or "any event"
        roles = ", ".join(_roles(part)) or "none"
        yield f"| [{part.purpose}]({part.purpose}.md) | {on} | {roles if same == part.purpose else f'as for {same}'} |"


def _roles(part: Slice) -> list[str]:
    tables = [table for section in part.sections for table in section.tables if not all(row.never for row in table.rows)]
    return list(dict.fromkeys(cell.role.value for table in tables for cell in table.cells))


def _page(part: Slice, same: str, policies: Mapping[str, Policy]) -> Iterator[str]:
    yield f"# {part.purpose}"
    yield ""
    yield from _uses(part)
    if same != part.purpose:
        yield ""
        yield f"Ruled as [{same}]({same}.md), on every day."
        return
    walls = _wall_names(part)
    for section in part.sections:
        yield from _section(section, walls)
    yield from _walls(walls)
    yield from _policies(part, policies)


def _uses(part: Slice) -> Iterator[str]:
    if part.purpose in _BUILT_IN:
        yield _BUILT_IN[part.purpose]
    for use in part.uses:
        yield f"- {use.duty}: on {use.on.value}, {use.relation}{', of what came before' if use.past else ''}"


def _section(section: Section, walls: Mapping[Wall, str]) -> Iterator[str]:
    yield ""
    yield f"## {_days(section.from_, section.until)}"
    for table in section.tables:
        yield ""
        yield from (f"- {roles}: {categories}" for roles, categories in _whom(table.cells))
        yield ""
        yield "| | where | by | walls |"
        yield "|---|---|---|---|"
        yield from (_row(row, walls) for row in table.rows)
        if table.nothing:
            yield "| no | otherwise | nothing permits it | |"
    yield ""
    yield "Nothing permits anything else." if section.tables else "Nothing permits anything."


def _days(from_: date, until: date | None) -> str:
    return f"From {from_}" if until is None else f"{from_} to {until - timedelta(days=1)}"


def _whom(cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    """Roles that share their categories, with these."""
    of_role: dict[str, list[str]] = {}
    for cell in cells:
        of_role.setdefault(cell.role.value, []).append(cell.category.value)
    shared: dict[str, list[str]] = {}
    for role, categories in of_role.items():
        shared.setdefault(", ".join(categories), []).append(role)
    yield from ((", ".join(roles), categories) for categories, roles in shared.items())


def _row(row: Row, walls: Mapping[Wall, str]) -> str:
    by = [*row.permits, *(f"({p})" for p in row.perhaps)]
    if row.never:
        return f"| no | {_where(row.where)} | {', '.join(row.never)} against {', '.join(by)} | |"
    behind = f"{', '.join(walls[w] for w in row.walls)} " if row.walls else ""
    return f"| yes | {_where(row.where)} | {', '.join(by)} | {behind}|"


def _where(cube: Cube) -> str:
    return "; ".join(f"{name}: {_among(values, VALUES[name])}" for name, values in cube) or "always"


def _among(values: Sequence[str], all_values: Sequence[str]) -> str:
    """The values, or of many the few that are left out: then a value more in the vocabulary changes no row."""
    if len(all_values) > FEW and len(values) > len(all_values) / 2:
        return f"not {', '.join(v for v in all_values if v not in values)}"
    return " or ".join(values)


def _wall_names(part: Slice) -> dict[Wall, str]:
    """A name for every wall of a page: its policy, with a number where roles or categories leave different things of it open."""
    found = dict.fromkeys(w for s in part.sections for table in s.tables for row in table.rows for w in row.walls)
    ordered = sorted(found, key=lambda wall: wall.id)
    variants: dict[str, list[Wall]] = {}
    for wall in ordered:
        variants.setdefault(wall.id, []).append(wall)
    return {w: w.id if len(same) == 1 else f"{w.id}/{n}" for same in variants.values() for n, w in enumerate(same, start=1)}


def _walls(walls: Mapping[Wall, str]) -> Iterator[str]:
    if not walls:
        return
    yield ""
    yield "## Walls"
    yield ""
    yield "| wall | lets through where |"
    yield "|---|---|"
    for wall, name in walls.items():
        yield from (f"| {name} | {_where(where)} |" for where in wall.lets)


def _policies(part: Slice, policies: Mapping[str, Policy]) -> Iterator[str]:
    rows = [row for section in part.sections for table in section.tables for row in table.rows]
    named = {p for row in rows for p in (*row.permits, *row.perhaps, *row.never, *(w.id for w in row.walls))}
    if not named:
        return
    yield ""
    yield "## Policies"
    yield ""
    yield "| policy | agreement | says |"
    yield "|---|---|---|"
    yield from (f"| {p} | {policies[p].agreement} | {policies[p].explain.replace('|', '/')} |" for p in sorted(named))
