"""Names are data: with every person, agency and desk renamed, in scenario and pack together, the result is the same."""

from pathlib import Path

import pytest

from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.renaming import rename
from frontdoor_standalone.rehearsal.report import plain
from frontdoor_standalone.rehearsal.runner import Runner
from frontdoor_standalone.rehearsal.scenario import load


@pytest.mark.parametrize("name", ["domestic-abuse-night", "conference-minutes", "protected-case"])
async def test_a_scenario_passes_when_everybody_is_renamed(standalone: Runner, name: str, tmp_path: Path) -> None:
    pack = pack_folder("stockton")
    scenario, renamed = rename(pack / "rehearsals" / f"{name}.yaml", pack, tmp_path)
    result = await standalone.run(load(scenario), renamed)
    assert result.passed, "\n".join(plain(result))
