"""Remembers which expectations were shown able to fail, so that only what has changed since is shown again.

A check is remembered under a fingerprint of the scenario, of the expectations that must not survive, and of the rules that
stand for the row. Another rule that would now serve the row as well is not in it: a run that remembers nothing finds that.
Where what is forbidden is planted, all prohibitions are gone and everything is permitted, so that no rule counts.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdoor_standalone.rehearsal.editing import Rules
from frontdoor_standalone.rehearsal.scenario import Written
from frontdoor_standalone.rehearsal.switching import Check, checks_of
from frontdoor_standalone.rehearsal.yaml_text import read

HEAD = "# Which expectations were shown able to fail, and in which form. Written by `make switched-off`; do not edit.\n"
LENGTH = 16
"""Characters of a fingerprint: 64 bits, with some hundred lines in the file."""
_LINE = re.compile(rf"([^ ]+ [^ ]+) ([0-9a-f]{{{LENGTH}}})")


class LockError(ValueError):
    """The file is not one that this module wrote."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A check under the pack that it changes, with the fingerprint of both."""

    check: Check
    pack: Path
    fingerprint: str

    @classmethod
    def all_of(cls, written: Written, pack: Path, rules: Rules) -> list["Trial"]:
        """What has to be tried for one scenario, as it and the rules of the pack are now. Raises `ScenarioError`."""
        content = read(written.path).content
        return [cls(check, pack, _fingerprint(content, check, rules)) for check in checks_of(written)]

    @property
    def key(self) -> str:
        """What is tried, whatever its present form: `stockton/domestic-abuse-night D1`. No two trials have one."""
        path = self.check.written.path
        planted = "lasting" if self.check.lasting else "forbidden"
        return f"{path.parents[1].name}/{path.stem} {self.check.row or planted}"


def _fingerprint(content: Mapping[str, Any], check: Check, rules: Rules) -> str:
    story = {key: value for key, value in content.items() if key not in {"scenario", "note", "expect"}}
    lines = [content["expect"][n] for n in check.lines]
    standing = rules.standing_for(check.row) if check.row else []
    return hashlib.sha256(json.dumps([story, lines, standing]).encode()).hexdigest()[:LENGTH]


def read_lock(file: Path) -> dict[str, str]:
    """What a file remembers: fingerprints by key. A file that is not there remembers nothing. Raises `LockError`."""
    if not file.exists():
        return {}
    found = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise LockError(f"{file}:{number}: not a line that was written here; remove the file to have everything shown again")
        found[match[1]] = match[2]
    return found


def write_lock(file: Path, remembered: Mapping[str, str]) -> None:
    """Remember these and nothing else."""
    file.write_text(HEAD + "".join(f"{key} {remembered[key]}\n" for key in sorted(remembered)), encoding="utf-8")


def changed(trials: Iterable[Trial], remembered: Mapping[str, str]) -> list[Trial]:
    """Those that were not shown in their present form."""
    return [trial for trial in trials if remembered.get(trial.key) != trial.fingerprint]
