"""Writes what is generated from the contract: `python -m frontdoor_schemas.generate [--check]`.

JSON Schemas and the AsyncAPI document stand beside the package, the page of fields in `docs`. With `--check` nothing
is written; the names of files that are stale are printed, and the exit code is 1 when there is one.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaValue

from frontdoor_schemas import asyncapi, fields_page
from frontdoor_schemas.disclosed import disclosed_schema
from frontdoor_schemas.envelope import Receipts, Submitted, ToGateway
from frontdoor_schemas.events import SUBMISSIONS
from frontdoor_schemas.messages import Message
from frontdoor_schemas.problems import Problem

ROOT = Path(__file__).parents[2]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
WIRE: Mapping[str, Any] = {
    "record.submitted": Submitted,
    "record.to-gateway": ToGateway,
    "record.receipts": Receipts,
    "message": Message,
    "problem": Problem,
}
"""Everything else that has a form on a wire: records of the bus, what recipients get, failures."""


@cache
def generated() -> Mapping[str, str]:
    """Every generated file: its text, by its path from the root of the repository."""
    return dict(_files())


def _files() -> Iterator[tuple[str, str]]:
    for event_type, submission in SUBMISSIONS.items():
        yield _schema(f"{event_type.value}.submitted", submission.model_json_schema())
        yield _schema(f"{event_type.value}.disclosed", disclosed_schema(event_type))
    for name, record in WIRE.items():
        yield _schema(name, TypeAdapter(record).json_schema())
    yield "schemas/asyncapi.yaml", yaml.safe_dump(asyncapi.document(), sort_keys=False, allow_unicode=True, width=140)
    yield "docs/fields.md", fields_page.page()


def _schema(name: str, schema: JsonSchemaValue) -> tuple[str, str]:
    whole = {"$schema": DIALECT, "$id": f"{name}.json", **schema}
    return f"schemas/json/{name}.json", json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def stale(root: Path = ROOT) -> list[str]:
    """Files that are not what would be written, or that nothing writes any more."""
    wanted = generated()
    found = [path for path, text in wanted.items() if not (root / path).is_file() or (root / path).read_text("utf-8") != text]
    left = [f"schemas/json/{p.name}" for p in (root / "schemas/json").glob("*.json") if f"schemas/json/{p.name}" not in wanted]
    return sorted(found + left)


def write(root: Path = ROOT) -> None:
    """Write every file, and remove schemas that nothing writes any more."""
    wanted = generated()
    for path in (root / "schemas/json").glob("*.json"):
        if f"schemas/json/{path.name}" not in wanted:
            path.unlink()
    for path_name, text in wanted.items():
        target = root / path_name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m frontdoor_schemas.generate")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    if not parser.parse_args(arguments).check:
        write()
        return 0
    names = stale()
    sys.stderr.writelines(f"stale: {name}\n" for name in names)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
