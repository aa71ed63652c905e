"""The compose file: valid by the compose specification, and of one mind with settings, pack and command.

No engine runs it here; docs/deployment.md says what was run and what was only validated.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_pydantic import ComposeSpecification
from pydantic import BaseModel

from frontdoor_chassis.directory import load_directory
from frontdoor_gateway.settings import GatewaySettings
from frontdoor_notifier.settings import NotifierSettings
from frontdoor_router.adapters.chapters import rule_folders
from frontdoor_router.settings import RouterSettings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS: dict[str, type[BaseModel]] = {
    "gateway-police": GatewaySettings,
    "gateway-schools": GatewaySettings,
    "gateway-hub": GatewaySettings,
    "router": RouterSettings,
    "notifier": NotifierSettings,
}


@pytest.fixture
def compose() -> dict[str, Any]:
    """The compose file, its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def test_the_compose_file_is_valid_by_the_specification(compose: dict[str, Any]) -> None:
    ComposeSpecification(**{k: v for k, v in compose.items() if not k.startswith("x-")})


@pytest.mark.parametrize("service", SETTINGS)
def test_each_service_starts_with_the_settings_it_is_given(compose: dict[str, Any], service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in compose["services"][service]["environment"].items():
        monkeypatch.setenv(name, str(value))
    settings = SETTINGS[service]()
    assert "training-only" in str(settings.signing_key.get_secret_value())  # type: ignore[attr-defined]  # every service has one


def test_every_gateway_of_the_pack_has_a_service_and_no_other_has(compose: dict[str, Any]) -> None:
    gateways = {s["environment"]["FRONTDOOR_GATEWAY_NAME"] for n, s in compose["services"].items() if n.startswith("gateway-")}
    assert gateways == set(load_directory(ROOT / "deploy/partnerships/stockton").gateways())


def test_writer_and_reader_hold_the_same_keys(compose: dict[str, Any]) -> None:
    services = compose["services"]
    own = {
        n.removeprefix("gateway-"): s["environment"]["FRONTDOOR_GATEWAY_SIGNING_KEY"]
        for n, s in services.items()
        if n.startswith("gateway-")
    }
    own["router"] = services["router"]["environment"]["FRONTDOOR_ROUTER_SIGNING_KEY"]
    own["notifier"] = services["notifier"]["environment"]["FRONTDOOR_NOTIFIER_SIGNING_KEY"]
    for reader, variable in (("router", "FRONTDOOR_ROUTER_WRITER_KEYS"), ("notifier", "FRONTDOOR_NOTIFIER_WRITER_KEYS")):
        held = json.loads(services[reader]["environment"][variable])
        assert held == {writer: key for writer, key in own.items() if writer != reader}


@pytest.mark.parametrize("pack", sorted(p.parent.name for p in (ROOT / "deploy/partnerships").glob("*/agencies.toml")))
def test_wheel_and_image_bring_the_chapters_of_every_pack(pack: str) -> None:
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    image = (ROOT / "deploy/Dockerfile").read_text()
    for folder in rule_folders(ROOT / "deploy/partnerships" / pack):
        kind = folder.parent.relative_to(ROOT).as_posix()
        assert shipped[kind] == f"frontdoor_standalone/data/{folder.parent.name}"
        assert f"COPY {kind} {kind}\n" in image
        assert f"COPY --from=build /app/{kind} /app/{kind}\n" in image
