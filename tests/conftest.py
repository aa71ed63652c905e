"""Fixtures for every tier. Servers start when the first test asks for them and end with the session."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from frontdoor_standalone.servers import ServerError
from support import budget
from support.servers import Kafka, Postgres, kafka_server, postgres_server

budget.register()  # here, as the profile is looked up before any hook of this file is called
_TAKEN = pytest.StashKey[dict[str, str]]()
_SERVERS = "frontdoor_servers"
_MARKED_BY_FIXTURE = {"postgres": pytest.mark.needs_postgres, "kafka": pytest.mark.needs_kafka}


def pytest_configure() -> None:
    """Say that no loop is current: looptime's plugin would otherwise have one made for a plain test, and nobody closes it."""
    asyncio.set_event_loop(None)


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for a server is marked, also when its author forgot."""
    for item in items:
        for fixture, mark in _MARKED_BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
        if item.get_closest_marker("needs_kafka"):
            # processes and a broker share two cores with the test: a second try is made, and the summary says so
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker says to whoever collects which servers it used."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output[_SERVERS] = session.config.stash.get(_TAKEN, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Workers use servers of one kind: each starts its own."""
    node.config.stash.setdefault(_TAKEN, {}).update(getattr(node, "workeroutput", {}).get(_SERVERS, {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which servers were used, as a result means little without it, and why a first try failed, as the second hides it."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.write_sep("_", f"first try of {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
    for name, origin in config.stash.get(_TAKEN, {}).items():
        terminalreporter.write_line(f"{name}: {origin}")


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Iterator[Postgres]:
    """A PostgreSQL server; `database` gives an empty database on it."""
    try:
        with postgres_server() as server:
            pytestconfig.stash.setdefault(_TAKEN, {})["PostgreSQL"] = server.origin
            yield server
    except ServerError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The DSN of an empty database of this test alone, for the superuser."""
    with postgres.fresh_database() as name:
        yield postgres.dsn(name)


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[Kafka]:
    """An Apache Kafka cluster, shared by the session: take names of topics and groups that no other test takes."""
    try:
        with kafka_server() as cluster:
            pytestconfig.stash.setdefault(_TAKEN, {})["Kafka"] = cluster.origin
            yield cluster
    except ServerError as error:
        pytest.fail(str(error), pytrace=False)
