"""The packs of this repository, loaded once, and facts that say as little as possible."""

import shutil
from functools import cache
from pathlib import Path

from frontdoor_router.adapters.chapters import rule_folders
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.facts import Facts
from frontdoor_router.core.pack import Pack

PACK_OF_TESTS = Path(__file__).parents[1] / "data" / "pack"
PARTNERSHIPS = Path(__file__).parents[2] / "deploy" / "partnerships"

LEAST = {
    "event_type": "police-incident",
    "purpose": "named-by-author",
    "source_role": "police_safeguarding",
    "source_agency_is_recipients": "no",
    "subject_role": "child",
    "of_subject": "no",
    "involved_with_subject": "no",
    "plan_group": "no",
    "manages_subject": "no",
    "managed_elsewhere": "no",
    "child_of_managed_adult": "no",
    "adult_of_subject_child": "no",
    "referrer": "no",
    "named_by_author": "no",
    "named_for_subject": "no",
    "audience": "none",
    "withheld": "no",
    "protected": "unknown",
    "protected_case": "no",
    "listed": "no",
    "identity": "confirmed",
    "source_section": "no",
    "consent": "unknown",
}
"""An ordinary, identified child with which the desk has nothing to do; nobody said whether the case is protected."""


def varied(folder: Path, *, duties: str = "", patterns: str = "", agreement: str = "") -> Path:
    """A copy of the pack of the tests with more duties, patterns, and one more agreement."""
    pack = Path(shutil.copytree(PACK_OF_TESTS, folder / "pack"))
    for name, more in (("duties.toml", duties), ("patterns.toml", patterns), ("agreements/varied.cedar", agreement)):
        if more:
            with (pack / name).open("a", encoding="utf-8") as file:
                file.write(more)
    return pack


@cache
def the_pack(name: str) -> Pack:
    """A pack of `deploy/partnerships`."""
    return load_pack(PARTNERSHIPS / name)


def having(pack: Path, file: str, text: str = "") -> Path:
    """The first file of that name, in the pack itself or in a chapter that it adopts, which has a text."""
    files = [folder / file for folder in (pack, *rule_folders(pack))]
    found = [path for path in files if path.is_file() and text in path.read_text()]
    assert found, f"no {file} has {text}"
    return found[0]


def spoil(pack: Path, file: str, old: str, new: str) -> tuple[Path, int]:
    """Replace a text once. Where it began: file and line."""
    path = having(pack, file, old)
    text = path.read_text()
    path.write_text(text.replace(old, new, 1))
    return path, text[: text.index(old)].count("\n") + 1


def facts(**given: str) -> Facts:
    """The least facts, with some given."""
    return Facts(**{**LEAST, **given})
