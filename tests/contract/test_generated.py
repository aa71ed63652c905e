"""The generated files are current, are valid, and describe what is really sent."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from referencing import Registry, Resource

from contract.made_up import SOURCE, a_submission, rng, submitted
from frontdoor_schemas import generate
from frontdoor_schemas.envelope import Submitted
from frontdoor_schemas.events import CASE_MODELS, to_sections
from frontdoor_schemas.sections import join
from frontdoor_schemas.topics import FAMILIES
from frontdoor_schemas.vocabulary import RULED, EventType

SCHEMAS = sorted((generate.ROOT / "schemas/json").glob("*.json"))
BY_NAME = {path.name: json.loads(path.read_text("utf-8")) for path in SCHEMAS}
REGISTRY: Registry[Any] = Registry().with_resources((name, Resource.from_contents(schema)) for name, schema in BY_NAME.items())
ASYNCAPI = yaml.safe_load((generate.ROOT / "schemas/asyncapi.yaml").read_text("utf-8"))
ASYNCAPI_SCHEMA = json.loads((Path(__file__).parent / "asyncapi-3.0.0.json").read_text("utf-8"))


def _check(name: str, instance: Any) -> None:
    jsonschema.Draft202012Validator(BY_NAME[name], registry=REGISTRY).validate(instance)


def test_no_generated_file_is_stale() -> None:
    assert generate.stale() == [], "run: python -m frontdoor_schemas.generate"


def test_a_changed_a_missing_and_a_left_over_file_are_stale(tmp_path: Path) -> None:
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []
    (tmp_path / "schemas/json/referral.submitted.json").write_text("{}")
    (tmp_path / "docs/fields.md").unlink()
    (tmp_path / "schemas/json/left-over.json").write_text("{}")
    assert generate.stale(tmp_path) == ["docs/fields.md", "schemas/json/left-over.json", "schemas/json/referral.submitted.json"]
    generate.write(tmp_path)
    assert generate.stale(tmp_path) == []


def test_the_command_names_stale_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0
    monkeypatch.setattr(generate, "stale", lambda: ["docs/fields.md"])
    assert generate.main(["--check"]) == 1
    assert "docs/fields.md" in capsys.readouterr().err
    monkeypatch.setattr(generate, "write", (tmp_path / "written").touch)
    assert generate.main([]) == 0
    assert (tmp_path / "written").exists()


@pytest.mark.parametrize("name", BY_NAME)
def test_every_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(BY_NAME[name])


@pytest.mark.parametrize("event_type", EventType)
def test_a_full_submission_fits_its_schema(event_type: EventType) -> None:
    _check(f"{event_type.value}.submitted.json", a_submission(event_type))


@pytest.mark.parametrize("event_type", EventType)
def test_what_is_disclosed_fits_its_schema_whole_and_in_part(event_type: EventType) -> None:
    sections = [section for section in to_sections(submitted(event_type), SOURCE, rng()) if section.category in RULED]
    _check(f"{event_type.value}.disclosed.json", join(sections))
    for section in sections:
        _check(f"{event_type.value}.disclosed.json", join([section]))


@pytest.mark.parametrize("event_type", CASE_MODELS)
def test_nothing_is_required_of_what_is_disclosed(event_type: EventType) -> None:
    text = json.dumps(BY_NAME[f"{event_type.value}.disclosed.json"])
    assert '"required"' not in text
    assert '"null"' not in text


def _domestic_abuse(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = BY_NAME[f"police-incident.{kind}.json"]["$defs"]["DomesticAbuse"]["properties"]
    return found


def test_every_computed_field_is_in_the_disclosed_schema_and_in_no_submitted_one() -> None:
    disclosed, posted = (_domestic_abuse(kind) for kind in ("disclosed", "submitted"))
    assert {"previous_incidents_count", "previous_incident_dates", "escalating"} <= disclosed.keys()
    assert not {"previous_incidents_count", "previous_incident_dates", "escalating", "notified"} & posted.keys()


def test_an_audience_is_not_disclosed() -> None:
    assert "to" not in BY_NAME["conference-minutes.disclosed.json"]["$defs"]["PlanPart"]["properties"]


def test_a_record_of_the_bus_fits_its_schema() -> None:
    envelope = {
        "id": "0190b0a0-0000-7000-8000-000000000001",
        "type": "referral",
        "thread": "0190b0a0-0000-7000-8000-000000000001",
        "occurred_at": "2020-11-10T21:40:00Z",
        "received_at": "2020-11-10T21:41:00Z",
        "source": "ash-primary.dsl",
    }
    sections = to_sections(submitted(EventType.referral), SOURCE, rng())
    record = Submitted.model_validate({"envelope": envelope, "sections": sections})
    _check("record.submitted.json", json.loads(record.model_dump_json()))


def test_the_asyncapi_document_fits_the_schema_of_asyncapi() -> None:
    jsonschema.Draft7Validator(ASYNCAPI_SCHEMA).validate(ASYNCAPI)


def test_the_schema_of_asyncapi_notices_a_mistake() -> None:
    broken = ASYNCAPI | {"channels": {"plans": {"adress": "plans"}}}
    assert not jsonschema.Draft7Validator(ASYNCAPI_SCHEMA).is_valid(broken)


def test_every_topic_has_a_writer_and_a_reader() -> None:
    assert set(ASYNCAPI["channels"]) == {*FAMILIES, "to-gateway", "receipts"}
    for action in ("send", "receive"):
        named = {o["channel"]["$ref"].rsplit("/", 1)[1] for o in ASYNCAPI["operations"].values() if o["action"] == action}
        assert named == set(ASYNCAPI["channels"])


def test_every_payload_is_a_generated_schema() -> None:
    for message in ASYNCAPI["components"]["messages"].values():
        assert message["payload"]["schema"]["$ref"].removeprefix("json/") in BY_NAME
