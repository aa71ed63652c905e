"""Rules of this service that a reader should not have to check: callers, scopes, what core may use, what is described."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from openapi_spec_validator import OpenAPIV31SpecValidator

import frontdoor_gateway
from frontdoor_gateway.__main__ import main
from frontdoor_gateway.app import described
from frontdoor_gateway.core.callers import Caller
from frontdoor_schemas.events import SUBMISSIONS
from frontdoor_schemas.topics import FAMILIES
from unit.gateway.kit import memory_stand

PACKAGE = Path(frontdoor_gateway.__file__).parent
DESCRIPTION = Path(__file__).parents[3] / "schemas" / "openapi" / "gateway.json"
OPEN = {"/health/live", "/health/ready", "/metrics"}
EDGES = re.compile(r"\b(fastapi|starlette|uvicorn|asyncpg|sqlalchemy|sqlmodel|aiokafka|httpx|aiohttp)\b")
SCOPED_TABLES = re.compile(r"\b(submission|ledger|inbox|inbox_head)\b")
SCOPES = re.compile(r"\b(agency|desk|desks)\b")
UNSCOPED = {
    "position > $1": "the relay sends everything",
    "position = ANY": "the sweep sends everything",
    "decided_at": "the sweep looks after everything, and the router answers by event",
    "FROM accept(": "the one way in, whose rows carry their agency",
}
"""Statements over everybody's rows, and why."""


def _routes(routes: object) -> Iterator[APIRoute]:
    for route in routes:  # type: ignore[attr-defined]  # included routers stand among the routes
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _routes(route.original_router.routes)


async def test_every_route_has_a_caller() -> None:
    async with memory_stand() as stand:
        routes = {r.path: r for r in _routes(stand.app.router.routes)}
    assert routes.keys() > OPEN
    assert {"/v1/inbox", "/v1/stream", "/v1/acknowledgements", "/v1/events", "/v1/events/{event}"} < routes.keys()
    assert {f"/v1/{family}" for family in FAMILIES} < routes.keys()
    for path in routes.keys() - OPEN:
        assert Caller in [p.annotation for p in _parameters(routes[path])], f"{path} does not ask who calls"


def _parameters(route: APIRoute) -> Iterator[inspect.Parameter]:
    for parameter in inspect.signature(route.endpoint).parameters.values():
        annotation = getattr(parameter.annotation, "__origin__", parameter.annotation)
        yield parameter.replace(annotation=annotation)


@pytest.mark.parametrize("file", sorted((PACKAGE / "core").glob("*.py")), ids=lambda f: f.stem)
def test_core_reaches_for_nothing_outside(file: Path) -> None:
    imports = [line for line in file.read_text().splitlines() if re.match(r"\s*(from|import) ", line)]
    assert not [line for line in imports if EDGES.search(line) or ".handlers" in line or ".adapters" in line]


@pytest.mark.parametrize("file", sorted((PACKAGE / "handlers").glob("*.py")), ids=lambda f: f.stem)
def test_handlers_do_not_know_adapters(file: Path) -> None:
    assert "frontdoor_gateway.adapters" not in file.read_text()


def _statements() -> Iterator[tuple[str, str]]:
    for file in sorted((PACKAGE / "adapters").glob("*.py")):
        tree = ast.parse(file.read_text())
        pieces = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant | ast.JoinedStr) and node not in pieces:
                text = ast.unparse(node)
                if re.search(r"\b(SELECT|UPDATE|DELETE)\b.*\b(FROM|SET)\b", text, re.DOTALL):
                    yield file.stem, text


def test_every_query_is_scoped() -> None:
    found = [(file, text) for file, text in _statements() if SCOPED_TABLES.search(text)]
    assert len(found) > 10
    unscoped = [(file, text) for file, text in found if not SCOPES.search(text) and not any(reason in text for reason in UNSCOPED)]
    assert not unscoped


def test_no_statement_asks_the_database_for_the_time() -> None:
    migrations = [file.read_text() for file in (PACKAGE / "adapters" / "migrations").rglob("*.py")]
    for text in [*(text for _, text in _statements()), *migrations]:
        assert not re.search(r"\bnow\(\)|current_timestamp|clock_timestamp", text, re.IGNORECASE)


def test_files_and_handlers_are_short() -> None:
    for file in PACKAGE.rglob("*.py"):
        assert len(file.read_text().splitlines()) < 400, file
    for file in (PACKAGE / "handlers").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                assert not body or (node.end_lineno or 0) - body[0].lineno < 15, f"{file.name}: {node.name}"


def test_the_description_is_current() -> None:
    assert main(["--openapi", str(DESCRIPTION), "--check"]) == 0, "run: python -m frontdoor_gateway --openapi schemas/openapi/gateway.json"


def test_a_description_that_is_not_current_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "gateway.json"
    assert main(["--openapi", str(file), "--check"]) == 1
    assert main(["--openapi", str(file)]) == 0
    assert main(["--openapi", str(file), "--check"]) == 0
    file.write_text(file.read_text().replace("Frontdoor", "Backdoor", 1))
    assert main(["--openapi", str(file), "--check"]) == 1


def test_the_description_is_valid_and_says_everything() -> None:
    document = described()
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    assert {model.__name__ for model in SUBMISSIONS.values()} <= schemas.keys()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path in OPEN:
                continue
            problems = {s for s, r in operation["responses"].items() if "application/problem+json" in r.get("content", {})}
            assert {"401", "500"} <= problems, f"{method} {path}"
            assert operation["security"], f"{method} {path}"
            if method == "post" and path != "/v1/acknowledgements":
                assert {"403", "409", "413", "415", "422", "429", "503"} <= problems, path
