"""Finds scenarios: by name, by pack, or by path."""

from pathlib import Path

from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.yaml_text import ScenarioError
from frontdoor_standalone.servers import deploy_folder

FOLDER = "rehearsals"


def scenarios_of(pack: Path) -> list[Path]:
    """The scenarios of a pack, in order of name."""
    return sorted((pack / FOLDER).glob("*.yaml"))


def every_scenario() -> list[Path]:
    """The scenarios of every pack that comes with the project."""
    return [file for pack in sorted(deploy_folder("partnerships").iterdir()) for file in scenarios_of(pack)]


def scenario_file(name: str) -> Path:
    """A scenario by its file, by `name`, or by `pack/name`. Raises `ScenarioError`."""
    if Path(name).is_file():
        return Path(name)
    wanted = name.removesuffix(".yaml")
    found = [file for file in every_scenario() if wanted in (file.stem, f"{file.parents[1].name}/{file.stem}")]
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{file.parents[1].name}/{file.stem}" for file in every_scenario())
    raise ScenarioError(f"no scenario “{name}”; there are {there}" if not found else f"several packs have “{name}”: {there}")


def scenarios_in(paths: list[str]) -> list[Path]:
    """The scenarios that these name: files, folders, packs, names. None given: all there are."""
    if not paths:
        return every_scenario()
    found: list[Path] = []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            found += scenarios_of(path) or sorted(path.glob("*.yaml"))
        elif (deploy_folder("partnerships") / name).is_dir():
            found += scenarios_of(pack_folder(name))
        else:
            found.append(scenario_file(name))
    return found
