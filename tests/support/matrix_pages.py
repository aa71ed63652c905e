"""Reads the pages of a decision matrix as a person does who has docs/matrix.md beside them, and nothing else."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from frontdoor_router.core.facts import VALUES, Facts

_SAME = re.compile(r"Ruled as \[[^\]]+\]\(([^)]+)\)")
_DAYS = re.compile(r"## (?:From )?(\d{4}-\d\d-\d\d)(?: to (\d{4}-\d\d-\d\d))?")

Where = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Line:
    """One row: its verdict, where it holds, by which policies (and which perhaps), behind which walls."""

    given: bool
    where: Where | None
    by: frozenset[str]
    perhaps: frozenset[str]
    walls: frozenset[str]

    def fits(self, facts: Facts) -> bool:
        """Whether the facts are in it; `otherwise` is no place of its own."""
        return self.where is not None and all(getattr(facts, name) in values for name, values in self.where.items())


@dataclass
class PageTable:
    """Whom and what it is about, and its rows."""

    cells: set[tuple[str, str]] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)

    def line_for(self, facts: Facts) -> Line:
        """The one row that decides."""
        fitting = [line for line in self.lines if line.fits(facts)]
        otherwise = [line for line in self.lines if line.where is None]
        (line,) = fitting or otherwise
        return line


@dataclass
class PageSection:
    """The tables of some days, the last one included."""

    first: date
    last: date
    tables: list[PageTable] = field(default_factory=list)


@dataclass
class Page:
    """All that one page says."""

    sections: list[PageSection] = field(default_factory=list)
    walls: dict[str, list[Line]] = field(default_factory=dict)

    def table_for(self, role: str, category: str, on: date) -> PageTable | None:
        """The one table about a role and a category on a day; None: nothing permits anything."""
        sections = [s for s in self.sections if s.first <= on <= s.last]
        tables = [t for s in sections for t in s.tables if (role, category) in t.cells]
        assert len(sections) <= 1
        assert len(tables) <= 1
        return tables[0] if tables else None

    def walls_against(self, line: Line, facts: Facts) -> frozenset[str]:
        """The policies of the walls of a row that stop these facts."""
        found = {name: [way for way in self.walls[name] if way.fits(facts)] for name in line.walls}
        assert all(len(ways) <= 1 for ways in found.values())
        return frozenset(name.partition("/")[0] for name, ways in found.items() if not ways)


def read(folder: Path, purpose: str) -> Page:
    """The page of a purpose, or the one that it is ruled as."""
    text = (folder / f"{purpose}.md").read_text("utf-8")
    same = _SAME.search(text)
    return _read((folder / same[1]).read_text("utf-8").splitlines() if same else text.splitlines())


def _read(lines: Iterable[str]) -> Page:
    page, part, table = Page(), "", PageTable()
    for line in lines:
        days = _DAYS.fullmatch(line)
        if days:
            part = "section"
            page.sections.append(PageSection(date.fromisoformat(days[1]), date.fromisoformat(days[2]) if days[2] else date.max))
        elif line.startswith("## "):
            part = line
        elif part == "section" and line.startswith("- "):
            if table.lines or not page.sections[-1].tables:
                table = PageTable()
                page.sections[-1].tables.append(table)
            roles, categories = line.removeprefix("- ").split(": ")
            table.cells |= {(role, category) for role in roles.split(", ") for category in categories.split(", ")}
        elif part == "section" and line.startswith(("| yes |", "| no |")):
            table.lines.append(_line(line))
        elif part == "## Walls" and line.startswith("| ") and not line.startswith("| wall |"):
            name, where = _columns(line)
            page.walls.setdefault(name, []).append(Line(True, _where(where), frozenset(), frozenset(), frozenset()))
    return page


def _columns(line: str) -> list[str]:
    return [column.strip() for column in line.strip("|").split("|")]


def _line(line: str) -> Line:
    verdict, where, by, walls = _columns(line)
    named = by.partition(" against ")[0] if verdict == "no" else by
    policies = [] if named == "nothing permits it" else named.split(", ")
    return Line(
        given=verdict == "yes",
        where=None if where == "otherwise" else _where(where),
        by=frozenset(p for p in policies if not p.startswith("(")),
        perhaps=frozenset(p.strip("()") for p in policies if p.startswith("(")),
        walls=frozenset(walls.split(", ")) if walls else frozenset(),
    )


def _where(text: str) -> Where:
    return {} if text == "always" else dict(_conditions(text))


def _conditions(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    for condition in text.split("; "):
        name, values = condition.split(": ")
        excepted = values.removeprefix("not ")
        yield name, frozenset(VALUES[name]) - frozenset(excepted.split(", ")) if excepted != values else frozenset(values.split(" or "))
