"""Where rows of the register are named: by expectations of scenarios, by measures, by rules of packs."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdoor_standalone.rehearsal.editing import policies, rows_of
from frontdoor_standalone.rehearsal.scenario import Written
from frontdoor_standalone.servers import deploy_folder

MEASURES_FILE = "measures.toml"


@dataclass(frozen=True, slots=True, order=True)
class Expectation:
    """One line of a scenario. `scenario` is its `pack/name`."""

    scenario: str
    line: int

    def __str__(self) -> str:
        return f"{self.scenario}:{self.line}"


@dataclass(frozen=True, slots=True)
class Named:
    """By row, what names it."""

    expectations: Mapping[str, tuple[Expectation, ...]]
    measures: Mapping[str, tuple[str, ...]]


def scenario_name(written: Written) -> str:
    """`pack/name`, as the command takes it."""
    return f"{written.path.parents[1].name}/{written.path.stem}"


def named(scenarios: Iterable[Written], folders: Iterable[Path]) -> Named:
    """What these scenarios expect, and what the measures below these folders count."""
    expectations: dict[str, list[Expectation]] = {}
    for written in scenarios:
        for line, number in zip(written.scenario.expect, written.lines, strict=True):
            for row in line.rows:
                expectations.setdefault(row, []).append(Expectation(scenario_name(written), number))
    measures: dict[str, set[str]] = {}
    for file in (f for folder in folders for f in folder.rglob(MEASURES_FILE)):
        for measure in _toml(file).get("measure", ()):
            for row in measure.get("rows", ()):
                measures.setdefault(row, set()).add(measure["id"])
    return Named(
        {row: tuple(sorted(found)) for row, found in expectations.items()}, {row: tuple(sorted(ids)) for row, ids in measures.items()}
    )


def every_rule_folder() -> tuple[Path, Path]:
    """Where rules stand: the packs, and the procedures that they adopt."""
    return deploy_folder("partnerships"), deploy_folder("procedures")


def rows_in_rules(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every row that a TOML file or an agreement below a folder names, with the file."""
    for file in sorted(folder.rglob("*.toml")):
        yield from ((row, file) for row in _rows(_toml(file)))
    for file in sorted(folder.rglob("*.cedar")):
        yield from ((row, file) for policy in policies(file.read_text(encoding="utf-8")) for row in sorted(rows_of(policy)))


def _toml(file: Path) -> Mapping[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _rows(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        yield from node.get("rows", ())
        node = [value for key, value in node.items() if key != "rows"]
    if isinstance(node, list):
        for item in node:
            yield from _rows(item)
