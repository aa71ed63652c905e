"""Expectations can fail: with the rule they stand for switched off, or with everything told that they forbid.

One scenario of each pack here; `frontdoor rehearse --switch-off` does all of them.
"""

import pytest

from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.runner import Runner
from frontdoor_standalone.rehearsal.scenario import load
from frontdoor_standalone.rehearsal.switching import Check, checks_of, run_check

SHORT_FORM = [("stockton", "domestic-abuse-night"), ("harbourside", "two-grades")]
CHECKS = [
    pytest.param(pack, check, id=f"{pack}-{check.says.replace(' ', '-')}")
    for pack, name in SHORT_FORM
    for check in checks_of(load(pack_folder(pack) / "rehearsals" / f"{name}.yaml"))
]


@pytest.mark.parametrize(("pack", "check"), CHECKS)
async def test_an_expectation_fails_without_its_rule(standalone: Runner, pack: str, check: Check) -> None:
    assert await run_check(standalone, check, pack_folder(pack)) == []
