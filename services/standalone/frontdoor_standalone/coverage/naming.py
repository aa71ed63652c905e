"""Where rows of the register are named: by expectations of scenarios, by measures, by rules of packs."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from frontdoor_chassis.directory import AGENCIES_FILE
from frontdoor_router.adapters.chapters import MEASURES_FILE, rule_folders
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.editing import policies, rows_of
from frontdoor_standalone.rehearsal.scenario import Written
from frontdoor_standalone.servers import deploy_folder

K = TypeVar("K")
V = TypeVar("V", str, "Expectation")


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
    posted: Mapping[EventType, tuple[str, ...]] = field(default_factory=dict)
    """By type of event, the scenarios in which somebody posts one."""


def scenario_name(written: Written) -> str:
    """`pack/name`, as the command takes it."""
    return f"{written.path.parents[1].name}/{written.path.stem}"


def named(scenarios: Iterable[Written], folders: Iterable[Path]) -> Named:
    """What these scenarios expect and post, and what the measures in these folders count."""
    expectations: dict[str, set[Expectation]] = {}
    posted: dict[EventType, set[str]] = {}
    for written in scenarios:
        name = scenario_name(written)
        for line, number in zip(written.scenario.expect, written.lines, strict=True):
            for row in line.rows:
                expectations.setdefault(row, set()).add(Expectation(name, number))
        for post in written.scenario.posts.values():
            posted.setdefault(post.post, set()).add(name)
    return Named(_sorted(expectations), _sorted(_measures(folders)), _sorted(posted))


def _measures(folders: Iterable[Path]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for file in (f for folder in folders if (f := folder / MEASURES_FILE).exists()):
        for measure in _toml(file).get("measure", ()):
            for row in measure.get("rows", ()):
                found.setdefault(row, set()).add(measure["id"])
    return found


def _sorted(found: Mapping[K, set[V]]) -> dict[K, tuple[V, ...]]:
    return {key: tuple(sorted(values)) for key, values in found.items()}


def folders_in_use() -> tuple[Path, ...]:
    """The packs that come with the project, and every chapter that one of them adopts."""
    packs = sorted(file.parent for file in deploy_folder("partnerships").glob(f"*/{AGENCIES_FILE}"))
    return tuple(sorted({folder.resolve() for pack in packs for folder in rule_folders(pack)}))


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
