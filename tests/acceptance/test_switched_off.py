"""Expectations can fail: with the rule they stand for switched off, or with everything told that they forbid.

What `deploy/register/switched-off.lock` remembers in its present form was shown before; the rest is shown here, and beside it
always one scenario. `make switched-off` shows what changed and remembers it.
"""

import pytest

from frontdoor_standalone.commands.finding import every_scenario
from frontdoor_standalone.commands.switching_off import trials_of
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.runner import Runner
from frontdoor_standalone.rehearsal.shown import Trial, changed, read_lock
from frontdoor_standalone.rehearsal.switching import run_check
from frontdoor_standalone.servers import deploy_folder

ALWAYS = trials_of([pack_folder("harbourside") / "rehearsals" / "two-grades.yaml"])
ALL = trials_of(every_scenario())
CHANGED = changed(ALL, read_lock(deploy_folder("register") / "switched-off.lock"))
MOST = 30
"""How many are shown here and not remembered: at some ten seconds each, five minutes."""


@pytest.mark.parametrize("trial", {t.key: t for t in (*ALWAYS, *CHANGED[:MOST])}.values(), ids=lambda t: t.key.replace(" ", "-"))
async def test_an_expectation_fails_without_its_rule(standalone: Runner, trial: Trial) -> None:
    assert await run_check(standalone, trial.check, trial.pack) == []


def test_no_two_of_them_are_remembered_as_one() -> None:
    assert len({trial.key for trial in ALL}) == len(ALL)


def test_more_than_can_be_shown_here_has_been_shown_before() -> None:
    assert len(CHANGED) <= MOST, "run: make switched-off"
