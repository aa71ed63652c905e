"""Reads YAML with every scalar as text, and remembers on which line each entry stands.

Plain YAML reads 21:40 as a number and `no` as false; a scenario is written by people who mean what they type.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Place = tuple[str | int, ...]


class ScenarioError(ValueError):
    """A scenario that cannot be played as written. The message names file and line."""


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document as text, with the line of every entry."""

    path: Path
    content: Any
    lines: Mapping[Place, int]

    def line(self, place: Sequence[str | int]) -> int:
        """The line of an entry, or of the nearest entry around it that the document has."""
        at = tuple(place)
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)

    def error(self, place: Sequence[str | int], reason: str) -> ScenarioError:
        """An error that says where."""
        return ScenarioError(f"{self.path}:{self.line(place)}: {reason}")


def read(path: Path) -> Document:
    """Read one document. Raises `ScenarioError`."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror or 'cannot be read'}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError(f"{path}:{line}: {error.problem or 'not YAML'}") from error
    if root is None:
        raise ScenarioError(f"{path}:1: the file is empty")
    lines: dict[Place, int] = {}
    return Document(path, _plain(root, (), lines, path), lines)


def _plain(node: yaml.Node, place: Place, lines: dict[Place, int], path: Path) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines, path)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*place, n), lines, path) for n, item in enumerate(node.value)]
    return str(node.value)


def _mapping(node: yaml.MappingNode, place: Place, lines: dict[Place, int], path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in found:
            raise ScenarioError(f"{path}:{key.start_mark.line + 1}: “{name}” stands here twice")
        found[name] = _plain(value, (*place, name), lines, path)
    return found
