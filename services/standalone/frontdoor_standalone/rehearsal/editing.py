"""Changes a copy of a pack: switches a rule off, plants one that tells too much. To show that an expectation can fail."""

import re
import shutil
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from frontdoor_schemas.vocabulary import EventType, Role

PLANTED = "planted"
FROM = "2019-09-02"
"""The first days of the packs' calendars: a planted rule holds in every scenario."""


def copy_of(pack: Path, to: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(pack, to / pack.name, ignore=shutil.ignore_patterns("rehearsals")))


def switch_off(pack: Path, row: str) -> int:
    """Take away every duty, completeness entry and policy that stands for a register row. How many there were."""
    return (
        _without_blocks(pack / "duties.toml", "duty", lambda duty: row in duty.get("rows", ()))
        + _without_blocks(pack / "completeness.toml", "expects", lambda expects: row in expects.get("rows", ()))
        + sum(_without_policies(file, lambda policy: row in rows_of(policy)) for file in sorted((pack / "agreements").glob("*.cedar")))
    )


def _without_blocks(file: Path, table: str, unwanted: Callable[[dict[str, Any]], bool]) -> int:
    if not file.exists():
        return 0
    head, *blocks = re.split(rf"(?m)^(?=\[\[{table}\]\])", file.read_text(encoding="utf-8"))
    kept = [b for b in blocks if not unwanted(tomllib.loads(b)[table][0])]
    file.write_text(head + "".join(kept), encoding="utf-8")
    return len(blocks) - len(kept)


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


def plant(pack: Path, *, tell: Iterable[tuple[EventType, Role]]) -> None:
    """Add duties that tell these roles of these events, permit them everything, and take every prohibition away."""
    pairs = sorted({(event.value, role.value) for event, role in tell})
    duties = "".join(_duty(n, event, role) for n, (event, role) in enumerate(pairs))
    with (pack / "duties.toml").open("a", encoding="utf-8") as file:
        file.write(duties)
    for agreement in sorted((pack / "agreements").glob("*.cedar")):
        _without_policies(agreement, lambda policy: re.search(r"(?m)^forbid\b", policy) is not None)
    roles = ", ".join(f'Role::"{role}"' for role in sorted({role for _, role in pairs}))
    (pack / "agreements" / f"{PLANTED}.cedar").write_text(_permit(roles), encoding="utf-8")


def _duty(number: int, event: str, role: str) -> str:
    return f"""
[[duty]]
id = "{PLANTED}-{number}"
from = {FROM}
own = true
on = "{event}"
tell = {{relation = "role:{role}", of = "event"}}
because = "{PLANTED}"
deadline = "at-once"
satisfied_by = ["received"]
"""


def _permit(roles: str) -> str:
    return f"""// agreement: {PLANTED}
// from: {FROM}
// own
// parties: nobody

@id("{PLANTED}.permit")
@agreement("{PLANTED}")
@legal_basis("none: planted to show that an expectation can fail")
@explain("Everything to these roles")
permit (principal in [{roles}], action == Action::"disclose", resource);
"""
