"""Changes a copy of a pack: switches a rule off, plants one that tells too much. To show that an expectation can fail."""

import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from frontdoor_router.adapters.chapters import AGREEMENTS, COMPLETENESS_FILE, DUTIES_FILE, rule_folders
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.facts import BUILT_IN_PURPOSES, QUERY_PURPOSES
from frontdoor_schemas.vocabulary import Category, EventType

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


def switch_off(pack: Path, row: str) -> int:
    """Let every duty, completeness entry and policy that stands for a register row have no effect. How many there were."""
    return sum(
        _end(folder / DUTIES_FILE, "duty", row)
        + _end(folder / COMPLETENESS_FILE, "expects", row)
        + sum(_without_policies(file, lambda policy: row in rows_of(policy)) for file in _agreements(folder))
        for folder in rule_folders(pack)
    )


def _agreements(folder: Path) -> list[Path]:
    return sorted((folder / AGREEMENTS).glob("*.cedar"))


def _end(file: Path, table: str, row: str) -> int:
    """Let the entries of a row end a day after they began: before every scenario. Their names and purposes stay known."""
    if not file.exists():
        return 0
    head, *blocks = re.split(rf"(?m)^(?=\[\[{table}\]\])", file.read_text(encoding="utf-8"))
    ended = 0
    for n, block in enumerate(blocks):
        entry: dict[str, Any] = tomllib.loads(block)[table][0]
        if row in entry.get("rows", ()):
            blocks[n] = _ended(block, entry["from"])
            ended += 1
    file.write_text(head + "".join(blocks), encoding="utf-8")
    return ended


def _ended(block: str, began: date) -> str:
    without = re.sub(r"(?m)^until = .*\n", "", block)
    return re.sub(r"(?m)^(from = .*)$", rf"\1\nuntil = {began + timedelta(days=1)}", without, count=1)


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
    for agreement in (file for folder in rule_folders(pack) for file in _agreements(folder)):
        _without_policies(agreement, lambda policy: re.search(r"(?m)^forbid\b", policy) is not None)
    roles = ", ".join(f'Role::"{role}"' for role in sorted({before.directory.desk(desk).role.value for _, desk in pairs}))
    purposes = ", ".join(f'"{purpose}"' for purpose in sorted({PLANTED, *QUERY_PURPOSES.values()} | before.purposes - BUILT_IN_PURPOSES))
    (pack / AGREEMENTS).mkdir(exist_ok=True)
    (pack / AGREEMENTS / f"{PLANTED}.cedar").write_text(_permit(roles, purposes), encoding="utf-8")


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
    categories = ", ".join(f'Category::"{category.value}"' for category in Category)
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
