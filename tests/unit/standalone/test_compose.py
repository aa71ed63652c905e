"""What a rehearsal posts is what the contract takes, for every event of every scenario."""

from pathlib import Path

import orjson
import pytest

from frontdoor_schemas.events import parse
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.compose import compose
from frontdoor_standalone.rehearsal.people import individuals
from frontdoor_standalone.rehearsal.scenario import Scenario, load
from frontdoor_standalone.rehearsal.steps import Post
from frontdoor_standalone.servers import deploy_folder

SCENARIOS = sorted(deploy_folder("partnerships").glob("*/rehearsals/*.yaml"))
OTHER_EVENT = "01939a3e-2c00-7000-8000-000000000000"


def posts(scenario: Scenario) -> list[Post]:
    return [step for step in scenario.events if isinstance(step, Post)]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: f"{p.parents[1].name}-{p.stem}")
def test_every_event_of_a_scenario_is_readable(path: Path) -> None:
    scenario = load(path).scenario
    for post in posts(scenario):
        composed = compose(post, individuals(scenario.people), scenario.posts)
        body = {"type": post.post.value, "in_reply_to": OTHER_EVENT if post.of else None, "data": composed.data}
        if post.refused is None:
            parse(post.post, orjson.dumps(body))


def test_a_correction_says_the_whole_event_again() -> None:
    scenario = load(deploy_folder("partnerships") / "stockton/rehearsals/domestic-abuse-night.yaml").scenario
    wrong = Post.model_validate(
        {"at": scenario.starts, "from": "police.pvp", "post": "correction", "of": "first", "about": ["ava"], "reason": "wrong children"}
    )
    composed = compose(wrong, individuals(scenario.people), scenario.posts)
    assert [p.key for p in composed.people] == ["ava"]
    assert composed.data["event"]["type"] == EventType.police_incident
    parse(EventType.correction, orjson.dumps({"type": "correction", "in_reply_to": OTHER_EVENT, "data": composed.data}))
