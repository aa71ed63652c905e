"""Changes a copy of a pack: switches a rule off, plants one that tells too much. To show that an expectation can fail."""

import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from frontdoor_chassis.directory import AGENCIES_FILE
from frontdoor_router.adapters.chapters import AGREEMENTS, COMPLETENESS_FILE, DUTIES_FILE, LISTS_FILE, PATTERNS_FILE, rule_folders
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.facts import BUILT_IN_PURPOSES, QUERY_PURPOSES
from frontdoor_schemas.vocabulary import RULED, EventType

PLANTED = "planted"
FROM = "2019-09-02"
"""The first days of the packs' calendars: a planted rule holds in every scenario."""


def copy_of(pack: Path, to: Path) -> Path:
    """A copy that may be changed, with the chapters that it adopts: they lie to one another as they did."""
    folders = rule_folders(pack.resolve())
    root = os.path.commonpath([folder.parent for folder in folders])
    for folder in folders:
        shutil.copytree(folder, to / folder.relative_to(root), ignore=shutil.ignore_patterns("rehearsals"), dirs_exist_ok=True)
    return to / pack.resolve().relative_to(root)


Wanted = Callable[[Mapping[str, Any]], bool]
TABLES = ((DUTIES_FILE, "duty"), (COMPLETENESS_FILE, "expects"), (LISTS_FILE, "list"))


def switch_off(pack: Path, row: str) -> int:
    """Let every duty, completeness entry and policy that stands for a register row have no effect. How many there were."""
    folders = rule_folders(pack)
    wanted, first = _stands_for(row, _entries(folders, PATTERNS_FILE, "pattern")), _first_day(pack)
    ended = sum(_end(folder / name, table, wanted, first) for folder in folders for name, table in TABLES)
    return ended + sum(_without_policies(file, lambda policy: row in rows_of(policy)) for file in _agreements(folders))


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one pack, as its folders give them."""

    entries: tuple[Mapping[str, Any], ...]
    patterns: tuple[Mapping[str, Any], ...]
    policies: tuple[str, ...]

    @classmethod
    def of(cls, pack: Path) -> "Rules":
        """Those of a pack and of the chapters that it adopts. Raises `PackError`."""
        folders = rule_folders(pack)
        return cls(
            entries=tuple(entry for name, table in TABLES for entry in _entries(folders, name, table)),
            patterns=tuple(_entries(folders, PATTERNS_FILE, "pattern")),
            policies=tuple(p for file in _agreements(folders) for p in policies(file.read_text(encoding="utf-8"))[1:]),
        )

    def standing_for(self, row: str) -> list[str]:
        """Every rule that `switch_off` lets have no effect, without comments, layout, and what else it stands for: that changes nothing."""
        wanted = _stands_for(row, self.patterns)
        alone = ({key: value for key, value in entry.items() if key != "rows"} for entry in self.entries if wanted(entry))
        written = [json.dumps(entry, sort_keys=True, default=str) for entry in alone]
        bare = (re.sub(r"(?m)^\s*//.*$|^@rows\(.*$", "", policy) for policy in self.policies if row in rows_of(policy))
        return sorted([*written, *(" ".join(policy.split()) for policy in bare)])


def _stands_for(row: str, patterns: Iterable[Mapping[str, Any]]) -> Wanted:
    """A duty under a pattern stands for the rows of the pattern as well: alone it counts nothing."""
    ids = {pattern["id"] for pattern in patterns if row in pattern.get("rows", ())}
    return lambda entry: row in entry.get("rows", ()) or entry.get("pattern") in ids


def _entries(folders: Iterable[Path], name: str, table: str) -> Iterator[Mapping[str, Any]]:
    return (_entry(block, table) for folder in folders for block in _blocks(folder / name, table)[1])


def _agreements(folders: Iterable[Path]) -> list[Path]:
    return [file for folder in folders for file in sorted((folder / AGREEMENTS).glob("*.cedar"))]


def _forbids(policy: str) -> bool:
    return re.search(r"(?m)^forbid\b", policy) is not None


def _blocks(file: Path, table: str) -> tuple[str, list[str]]:
    """The head of a file and each entry of the table, as they are written. A chapter may lack the file."""
    if not file.exists():
        return "", []
    head, *blocks = re.split(rf"(?m)^(?=\[\[{table}\]\])", file.read_text(encoding="utf-8"))
    return head, blocks


def _entry(block: str, table: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = tomllib.loads(block)[table][0]
    return found


def _first_day(pack: Path) -> date:
    """The day on which the first agency of a pack begins: a rule that ended before that is refused, as nobody could keep it."""
    days: list[date] = [entry["from"] for entry in tomllib.loads((pack / AGENCIES_FILE).read_text(encoding="utf-8"))["agency"]]
    return min(days)


def _end(file: Path, table: str, wanted: Wanted, first: date) -> int:
    """Let entries end a day after they, and the pack, began: before every scenario. Their names and purposes stay known."""
    head, blocks = _blocks(file, table)
    ended = [n for n, block in enumerate(blocks) if wanted(_entry(block, table))]
    for n in ended:
        entry = _entry(blocks[n], table)
        until = max(entry["from"], first) + timedelta(days=1)
        blocks[n] = _ended(blocks[n], min(until, entry.get("until", until)))
    if ended:
        file.write_text(head + "".join(blocks), encoding="utf-8")
    return len(ended)


def _ended(block: str, until: date) -> str:
    without = re.sub(r"(?m)^until = .*\n", "", block)
    return re.sub(r"(?m)^(from = .*)$", rf"\1\nuntil = {until}", without, count=1)


def rows_of(policy: str) -> set[str]:
    """The register rows that a policy names in `@rows("D1, L23")`."""
    found = re.search(r'@rows\("([^"]*)"\)', policy)
    return {row.strip() for row in found.group(1).split(",")} if found else set()


def policies(text: str) -> list[str]:
    """The policies of a file, each with its annotations; the head of the file stands first."""
    return re.split(r"(?m)^(?=@id\()", text)


def _without_policies(file: Path, unwanted: Callable[[str], bool]) -> int:
    head, *found = policies(file.read_text(encoding="utf-8"))
    kept = [p for p in found if not unwanted(p)]
    file.write_text(head + "".join(kept), encoding="utf-8")
    if not kept and found:
        file.unlink()  # an agreement without a policy is refused
    return len(found) - len(kept)


def plant(pack: Path, *, tell: Iterable[tuple[EventType, str]]) -> None:
    """Add duties that tell these desks of these events, permit them everything, and take every prohibition away."""
    before = load_pack(pack)
    pairs = sorted({(event.value, desk) for event, desk in tell})
    with (pack / DUTIES_FILE).open("a", encoding="utf-8") as file:
        file.write("".join(_duty(n, event, desk) for n, (event, desk) in enumerate(pairs)))
    for agreement in _agreements(rule_folders(pack)):
        _without_policies(agreement, _forbids)
    roles = ", ".join(f'Role::"{role}"' for role in sorted({before.directory.desk(desk).role.value for _, desk in pairs}))
    purposes = ", ".join(f'"{purpose}"' for purpose in sorted({PLANTED, *QUERY_PURPOSES.values()} | before.purposes - BUILT_IN_PURPOSES))
    (pack / AGREEMENTS).mkdir(exist_ok=True)
    (pack / AGREEMENTS / f"{PLANTED}.cedar").write_text(_permit(roles, purposes), encoding="utf-8")


def let_last(pack: Path, agencies: Iterable[str]) -> None:
    """Let agencies go on that have ended, and nobody have their work."""
    file, lasting = pack / AGENCIES_FILE, set(agencies)
    head, *blocks = re.split(r"(?m)^(?=\[\[agency\]\])", file.read_text(encoding="utf-8"))
    for n, block in enumerate(blocks):
        if tomllib.loads(block)["agency"][0]["id"] in lasting:
            blocks[n] = re.sub(r"(?m)^(until|successor) = .*\n", "", block)
    file.write_text(head + "".join(blocks), encoding="utf-8")


def _duty(number: int, event: str, desk: str) -> str:
    return f"""
[[duty]]
id = "{PLANTED}-{number}"
from = {FROM}
own = true
on = "{event}"
tell = {{relation = "desk:{desk}", of = "event"}}
because = "{PLANTED}"
deadline = "at-once"
satisfied_by = ["received"]
"""


def _permit(roles: str, purposes: str) -> str:
    categories = ", ".join(f'Category::"{category.value}"' for category in RULED)
    return f"""// agreement: {PLANTED}
// from: {FROM}
// own
// parties: nobody

@id("{PLANTED}.permit")
@agreement("{PLANTED}")
@legal_basis("none: planted to show that an expectation can fail")
@explain("Everything to these roles")
permit (principal, action, resource)
when {{ principal in [{roles}] }}
when {{ resource in [{categories}] }}
when {{ [{purposes}].contains(context.purpose) }};
"""
