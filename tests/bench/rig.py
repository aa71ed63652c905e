"""A whole exchange for measuring and for breaking: real Kafka, real PostgreSQL, one process per service, all owned by this one."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench import proc
from frontdoor_chassis.bus.kafka import ensure_topics
from frontdoor_standalone.database import Database
from frontdoor_standalone.deployment import NOTIFIER, ROUTER, Deployment, pack_folder
from frontdoor_standalone.servers.kafka import LocalKafka
from frontdoor_standalone.servers.postgres import EmbeddedPostgres
from frontdoor_standalone.servers.processes import free_ports

DATABASE = "frontdoor"
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
_POLL_SECONDS = 0.1
_UNLIMITED = "1000000000"
"""The door's fair shares are not what is measured here."""


class NotReadyError(RuntimeError):
    """A process did not come up; the message says which."""


@dataclass(slots=True)
class Process:
    """One program with its log, which can be ended, killed and started again at the same address."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    port: int
    ready_path: str | None = "/health/ready"
    running: "subprocess.Popen[bytes] | None" = None

    @property
    def died(self) -> bool:
        """Whether it ended although nobody asked it to."""
        return self.running is not None and self.running.poll() is not None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process; it has to be running."""
        if self.running is None:
            raise NotReadyError(f"{self.name} does not run")
        return self.running.pid

    def launch(self) -> None:
        """Start it; does not wait."""
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(  # noqa: S603 - our own programs
                self.command,
                env={**os.environ, **self.environment},
                cwd=Path(__file__).parents[1],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Return when it answers. Raises `NotReadyError`."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self.running is None or self.running.poll() is not None or time.monotonic() > deadline:
                raise NotReadyError(f"{self.name} did not come up: {self.log.read_text(errors='replace')[-600:]}")
            time.sleep(_POLL_SECONDS)

    def _answers(self) -> bool:
        try:
            if self.ready_path is None:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return True
            return httpx.get(f"{self.url}{self.ready_path}").is_success
        except (httpx.TransportError, OSError):
            return False

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait; killed when it does not end."""
        if self.running is None:
            return
        self.running.send_signal(how)
        try:
            self.running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()
        self.running = None


@dataclass(slots=True)
class Rig:
    """The exchange, its servers and its processes by name."""

    folder: Path
    deployment: Deployment
    postgres: EmbeddedPostgres
    kafka: LocalKafka
    keys: Mapping[str, str]
    processes: dict[str, Process] = field(default_factory=dict)

    def gateway(self, desk: str) -> Process:
        """The gateway of a desk."""
        return self.processes[self.deployment.directory.gateway_of(desk)]

    @property
    def gateways(self) -> list[str]:
        """Names of all gateways."""
        return list(self.deployment.directory.gateways())

    @property
    def services(self) -> list[str]:
        """Names of everything that belongs to the exchange, in order of starting."""
        return [*self.gateways, ROUTER, NOTIFIER]

    def start(self, *names: str) -> None:
        """Start processes side by side and wait for all of them."""
        for name in names:
            self.processes[name].launch()
        for name in names:
            self.processes[name].wait_until_ready()

    def stop(self, *names: str) -> None:
        """Stop processes as an operator would."""
        for name in names:
            self.processes[name].end()

    def kill(self, name: str) -> None:
        """Kill a process as a machine that fails would."""
        self.processes[name].end(signal.SIGKILL)

    def revive(self) -> list[str]:
        """Start again what ended by itself, as whatever runs services in production would. Their names."""
        found = [name for name in self.services if self.processes[name].died]
        for name in found:
            self.processes[name].launch()
        return found

    def pids(self) -> dict[str, int]:
        """Everything that costs something, by name."""
        found = {name: p.pid for name, p in self.processes.items() if p.running is not None}
        brokers = [pid for pid in self.kafka.pids if pid is not None]
        servers = {"postgres": self.postgres.pid} if self.postgres.pid else {}
        return {**found, **({"kafka": brokers[0]} if brokers else {}), **servers}

    def costs(self) -> dict[str, float]:
        """CPU seconds so far by process; those of PostgreSQL by the service that caused them."""
        pids = self.pids()
        server = pids.pop("postgres")
        logins = {role: service for service, role in self.deployment.schemas.items()}
        by_login = {f"postgres of {logins.get(login, login)}": s for login, s in proc.cpu_by_login(server).items()}
        return {**{name: proc.cpu_seconds(pid) for name, pid in pids.items()}, **by_login}

    def admin(self, service: str) -> httpx.Client:
        """A client of a service's admin interface."""
        token = {"Authorization": f"Bearer {self.deployment.secrets.admin}"}
        return httpx.Client(base_url=self.processes[service].url, headers=token, timeout=30)

    def sql(self, statement: str) -> str:
        """What PostgreSQL answers the superuser."""
        return self.postgres.execute(statement, database=DATABASE)


@contextmanager
def rig(folder: Path, *, pack: str = "stockton", heap_mb: int = 512, profiled: str | None = None) -> Iterator[Rig]:
    """Servers up, database and topics made, no service started yet; all of it ended when left."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # PostgreSQL runs as another user when this runs as root
    deployment = Deployment.of(pack_folder(pack))
    with ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        kafka = stack.enter_context(LocalKafka(folder / "kafka", heap_mb=heap_mb))
        keys = _prepare(deployment, postgres, kafka)
        made = Rig(folder, deployment, postgres, kafka, keys)
        made.processes.update(_service_processes(made, profiled))
        try:
            yield made
        finally:
            for process in reversed(made.processes.values()):
                process.end()


def _prepare(deployment: Deployment, postgres: EmbeddedPostgres, kafka: LocalKafka) -> dict[str, str]:
    """Roles, schemas, topics and keys."""
    postgres.create_database(DATABASE)
    for role in deployment.schemas.values():
        postgres.create_role(role)  # with a login of its own, so that its connections can be told apart
    database = Database(postgres.dsn(DATABASE))

    async def run() -> dict[str, str]:
        await database.migrate(deployment)
        await ensure_topics(kafka.bootstrap, {**deployment.topics, "bare": 4}, replication=1)
        return await database.keys(deployment, datetime.now(UTC), {})

    return asyncio.run(run())


def _service_processes(made: Rig, profiled: str | None) -> dict[str, Process]:
    ports = iter(free_ports(len(made.services)))
    return {name: _service(made, name, next(ports), profiled=name == profiled) for name in made.services}


def _service(made: Rig, name: str, port: int, *, profiled: bool) -> Process:
    kind = name if name in (ROUTER, NOTIFIER) else "gateway"
    settings = {
        "dsn": made.postgres.dsn(DATABASE, role=made.deployment.schemas[name]),
        "pack": str(made.deployment.pack),
        "kafka": made.kafka.bootstrap,
        "port": str(port),
        "signing_key": made.deployment.secrets.writers[name],
        **{"router": _router, "notifier": _notifier, "gateway": _gateway}[kind](made, name),
    }
    environment = {f"FRONTDOOR_{kind}_{key}".upper(): value for key, value in settings.items()}
    module = f"frontdoor_{kind}"
    measured = ["-m", "bench.profiled", str(made.folder / f"{name}.prof"), module] if profiled else ["-m", module]
    return Process(name, [sys.executable, *measured], environment, made.folder / f"{name}.log", port)


def _gateway(made: Rig, name: str) -> dict[str, str]:
    return {"name": name, "router_key": made.deployment.secrets.writers[ROUTER], "rate": _UNLIMITED, "burst": _UNLIMITED}


def _router(made: Rig, name: str) -> dict[str, str]:
    return {"role": "", "writer_keys": _writers(made, but=name), "identity_secret": made.deployment.secrets.identity, **_admin(made)}


def _notifier(made: Rig, name: str) -> dict[str, str]:
    return {
        "role": "",
        "writer_keys": _writers(made, but=name),
        "secret_key": made.deployment.secrets.sealing,
        "plain_http": "true",
        "allowed_networks": '["127.0.0.0/8"]',
        "instance": "notifier-1",
        **_admin(made),
    }


def _admin(made: Rig) -> dict[str, str]:
    return {"admin_token": made.deployment.secrets.admin}


def _writers(made: Rig, *, but: str) -> str:
    return json.dumps({name: key for name, key in made.deployment.secrets.writers.items() if name != but})


def helper(made: Rig, name: str, module: str, *arguments: str) -> AbstractContextManager[Process]:
    """A program of the bench itself: the receiver, the baseline, the null server."""

    @contextmanager
    def run() -> Iterator[Process]:
        (port,) = free_ports(1)
        words = [sys.executable, "-m", module, *(a.replace("{port}", str(port)) for a in arguments)]
        process = Process(name, words, {}, made.folder / f"{name}.log", port, ready_path=None)
        process.launch()
        made.processes[name] = process
        try:
            process.wait_until_ready()
            yield process
        finally:
            made.processes.pop(name).end()

    return run()
