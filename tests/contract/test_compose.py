"""The compose file: valid by the compose specification, and of one mind with settings, pack and command.

No engine runs it here; docs/deployment.md says what was run and what was only validated.
"""

import json
import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_pydantic import ComposeSpecification
from pydantic import BaseModel
from typer.core import TyperCommand
from typer.testing import CliRunner

from frontdoor_chassis.directory import load_directory
from frontdoor_gateway.settings import GatewaySettings
from frontdoor_notifier.settings import NotifierSettings
from frontdoor_router.adapters.chapters import rule_folders
from frontdoor_router.settings import RouterSettings
from frontdoor_standalone.__main__ import command_line
from frontdoor_standalone.commands.receiver import DEFAULT_PORT, ReceiverSettings

ROOT = Path(__file__).resolve().parents[2]
SETTINGS: dict[str, type[BaseModel]] = {
    "gateway-police": GatewaySettings,
    "gateway-schools": GatewaySettings,
    "gateway-hub": GatewaySettings,
    "router": RouterSettings,
    "notifier": NotifierSettings,
}
OURS = (*SETTINGS, "prepare", "receiver")
"""The services that run the project's own image."""


Parse = Callable[[list[str]], tuple[int, list[str]]]
"""Reads a command line as `frontdoor` does, and does nothing: the exit code, and which command would have run."""


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Parse:
    """The real command, whose commands do not begin."""
    ran: list[str] = []
    monkeypatch.setattr(TyperCommand, "invoke", lambda _, context: ran.append(context.command_path.partition(" ")[2]))

    def run(command: list[str]) -> tuple[int, list[str]]:
        return CliRunner().invoke(command_line(), command, prog_name="frontdoor").exit_code, ran

    return run


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


@pytest.mark.parametrize("service", OURS)
def test_each_command_is_one_that_the_command_line_knows(compose: dict[str, Any], service: str, parse: Parse) -> None:
    command = compose["services"][service]["command"]
    assert parse(command) == (0, [command[0]])


@pytest.mark.parametrize(
    "wrong", [["no-such-command"], ["receiver", "--no-such-option"], ["migrate"], ["receiver", "--port", "x"], ["keys", "no-such-command"]]
)
def test_a_command_or_an_option_that_there_is_not_would_be_found(wrong: list[str], parse: Parse) -> None:
    assert parse(wrong) == (2, [])


def test_no_service_of_ours_is_left_out_and_none_has_another_entry_point(compose: dict[str, Any]) -> None:
    assert {n for n, s in compose["services"].items() if s["image"] == "frontdoor:local"} == set(OURS)
    assert not [n for n, s in compose["services"].items() if "entrypoint" in s]
    assert not [n for n, s in compose["services"].items() if n not in OURS and "command" in s]
    assert 'ENTRYPOINT ["frontdoor"]' in (ROOT / "deploy/Dockerfile").read_text()


def test_the_command_in_its_comments_is_known_too(compose: dict[str, Any], parse: Parse) -> None:
    ((service, command),) = re.findall(r"docker compose run --rm (\S+) (.*)", (ROOT / "docker-compose.yml").read_text())
    assert service in compose["services"]
    assert parse(shlex.split(command)) == (0, ["keys add"])


def test_each_path_of_the_image_is_there() -> None:
    named = set(re.findall(r"/app/([\w./-]+)", (ROOT / "docker-compose.yml").read_text()))
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]


def test_each_port_is_one_that_somebody_listens_on(compose: dict[str, Any]) -> None:
    services = compose["services"]
    published = {port.split(":")[1] for name in SETTINGS for port in services[name].get("ports", [])}
    assert published == {str(GatewaySettings.model_fields["port"].default)}
    addresses = re.findall(r"http://(notifier|receiver):(\d+)", " ".join(services["receiver"]["command"]))
    assert dict(addresses) == {"notifier": str(NotifierSettings.model_fields["port"].default), "receiver": str(DEFAULT_PORT)}


def test_the_receiver_starts_with_its_secret_and_the_notifiers_token(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    services = compose["services"]
    for name, value in services["receiver"]["environment"].items():
        monkeypatch.setenv(name, value)
    token = services["notifier"]["environment"]["FRONTDOOR_NOTIFIER_ADMIN_TOKEN"]
    assert ReceiverSettings().admin_token.get_secret_value() == token


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
