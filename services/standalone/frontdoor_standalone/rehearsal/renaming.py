"""Renames every person, agency and desk of a pack and a scenario together. Names are data: the result must be the same."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from frontdoor_router.adapters.chapters import rule_folders
from frontdoor_standalone.rehearsal.editing import copy_of
from frontdoor_standalone.rehearsal.people import given_name
from frontdoor_standalone.rehearsal.yaml_text import read

RELATIONS = frozenset(
    {"school", "setting", "gp", "community_health", "health_visiting", "school_nursing", "midwifery", "dentist", "managed_by", "treated_by"}
)
_AGENCY_KEYS = "gateway|lead_agency|successor"
_TEXT_KEYS = "name|title|note"


@dataclass(frozen=True, slots=True)
class Renaming:
    """New names for old ones, each consistent wherever it stands."""

    agencies: Mapping[str, str]
    desks: Mapping[str, str]
    people: Mapping[str, str]

    @classmethod
    def of(cls, pack: Path, people: list[str]) -> "Renaming":
        """New names in another order than the old ones, so that nothing hangs on sorting."""
        agencies = tomllib.loads((pack / "agencies.toml").read_text(encoding="utf-8"))["agency"]
        ids = sorted({a["id"] for a in agencies} | {a["gateway"] for a in agencies})
        desk_ids = sorted({d["id"] for a in agencies for d in a["desk"]})
        return cls(
            agencies={old: f"body-{len(ids) - n:02d}" for n, old in enumerate(ids)},
            desks={old: f"seat-{len(desk_ids) - n:02d}" for n, old in enumerate(desk_ids)},
            people={old: f"pat-{_letters(len(people) - n)}" for n, old in enumerate(sorted(people))},
        )

    def desk(self, desk: str) -> str:
        """The new id of a desk."""
        agency, _, own = desk.partition(".")
        return f"{self.agencies[agency]}.{self.desks[own]}"

    def text(self, value: str) -> str:
        """A text in which desk ids stand."""
        return re.sub(r"(?<![\w.@-])([a-z0-9-]+)\.([a-z0-9-]+)(?![\w.-])", self._found, value)

    def _found(self, match: re.Match[str]) -> str:
        known = match[1] in self.agencies and match[2] in self.desks
        return self.desk(match[0]) if known else match[0]


def _letters(number: int) -> str:
    return chr(ord("a") + number // 26) + chr(ord("a") + number % 26)


def rename(scenario: Path, pack: Path, to: Path) -> tuple[Path, Path]:
    """Write the renamed scenario and pack into a folder. The paths of both."""
    content = read(scenario).content
    renaming = Renaming.of(pack, list(content["people"]))
    renamed_pack = copy_of(pack, to / "renamed")
    for file in (file for folder in rule_folders(renamed_pack) for file in folder.glob("*.toml")):
        file.write_text(_toml(file.read_text(encoding="utf-8"), renaming, agencies=file.name == "agencies.toml"), encoding="utf-8")
    renamed_scenario = to / scenario.name
    renamed_scenario.write_text(yaml.safe_dump(_scenario(content, renaming), sort_keys=False, allow_unicode=True), encoding="utf-8")
    return renamed_scenario, renamed_pack


def _toml(text: str, renaming: Renaming, *, agencies: bool) -> str:
    text = renaming.text(text)
    if not agencies:
        return text
    lines, table = [], ""
    for line in text.splitlines(keepends=True):
        if line.startswith("["):
            table = line.strip()
        lines.append(_agency_line(line, table, renaming))
    return "".join(lines)


def _agency_line(line: str, table: str, renaming: Renaming) -> str:
    names = renaming.desks if table == "[[agency.desk]]" else renaming.agencies
    line = re.sub(r'^(id = ")([^"]+)(")', lambda m: m[1] + names[m[2]] + m[3], line)
    line = re.sub(rf'^((?:{_AGENCY_KEYS}) = ")([^".]+)(")', lambda m: m[1] + renaming.agencies[m[2]] + m[3], line)
    line = re.sub(r'^(email = "[^@]+@)([^."]+)', lambda m: m[1] + renaming.agencies.get(m[2], f"{m[2]}-else"), line)
    if table == "[partnership]":
        return line
    return re.sub(rf'^((?:{_TEXT_KEYS}) = ")([^"]+)(")', lambda m: f"{m[1]}Called otherwise {len(m[2])}{m[3]}", line)


def _scenario(content: dict[str, Any], renaming: Renaming) -> dict[str, Any]:
    people = {renaming.people[key]: _person(block, renaming) for key, block in content["people"].items()}
    rest = {name: _value(name, value, renaming) for name, value in content.items() if name != "people"}
    return {**rest, "people": people}


def _person(block: dict[str, Any], renaming: Renaming) -> dict[str, Any]:
    found = {}
    for name, value in block.items():
        if name in RELATIONS and value in renaming.agencies:
            found[name] = renaming.agencies[value]
        else:
            found[name] = _value(name, value, renaming)
    return found


PEOPLE_KEYS = frozenset({"about", "about_only", "named_like", "sibling", "mother", "not_for_family"})


def _value(name: str, value: Any, renaming: Renaming) -> Any:
    if isinstance(value, dict):
        return {_key(name, k, renaming): _value(k, v, renaming) for k, v in value.items()}
    if isinstance(value, list):
        return [_value(name, v, renaming) for v in value]
    return _text(name, str(value), renaming)


def _key(name: str, key: str, renaming: Renaming) -> str:
    return renaming.text(key) if name == "endpoints" else key


def _text(name: str, value: str, renaming: Renaming) -> str:
    if name in PEOPLE_KEYS:
        return renaming.people.get(value, value)
    if name == "never_contains":
        return {given_name(old): given_name(new) for old, new in renaming.people.items()}.get(value, renaming.text(value))
    if name == "carries":
        return re.sub(r"[\w-]+", lambda m: renaming.people.get(m[0], m[0]), value)
    if name == "withhold_from":
        return renaming.agencies.get(value, renaming.text(value))
    return renaming.text(value)
