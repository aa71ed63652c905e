"""The pages of a decision matrix as they are kept: a folder of each pack's own, with no other page in it."""

from collections.abc import Mapping
from pathlib import Path


def stale(folder: Path, pages: Mapping[str, str]) -> list[str]:
    """Names of pages that are missing, say something else, or that nothing writes any more; in order."""
    kept = {path.name: path.read_text("utf-8") for path in folder.glob("*.md")}
    return sorted(name for name in {*kept, *pages} if kept.get(name) != pages.get(name))


def write(folder: Path, pages: Mapping[str, str]) -> list[str]:
    """Make the folder say what the pages say. Returns the names of those that changed."""
    changed = stale(folder, pages)
    folder.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in pages:
            (folder / name).write_text(pages[name], "utf-8")
        else:
            (folder / name).unlink()
    return changed
