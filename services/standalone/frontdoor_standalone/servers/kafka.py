"""A real Apache Kafka on this machine without Docker: KRaft, one broker or several."""

import base64
import os
import re
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from frontdoor_standalone.servers import ServerError, deploy_folder
from frontdoor_standalone.servers.kafka_jars import java, kafka_jars
from frontdoor_standalone.servers.processes import Ownership, end, free_ports, is_running

log = structlog.get_logger(__name__)

ADMIN = "admin"
"""The account that may do everything, when there are accounts."""

_READY = "Kafka Server started"
_PORT_TAKEN = re.compile(r"Address already in use|Failed to bind")
_START_SECONDS = 90.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05
_ATTEMPTS = 5  # a port that was free may be taken before the broker has it
_LAST_LINES = 5
_SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""For a broker of some minutes the second compiler and the collector of large heaps cost more than they save: half of its time."""


class LocalKafka:
    """Brokers in one folder, each also a controller; they keep their data when stopped and started again."""

    def __init__(
        self,
        folder: Path,
        *,
        brokers: int = 1,
        heap_mb: int = 512,
        accounts: Mapping[str, str] | None = None,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """`accounts` are passwords by name, `ADMIN` among them; with them nothing is permitted that no rule permits."""
        self._folder = folder.absolute()
        self._heap = heap_mb
        self._accounts = dict(accounts or {})
        self._config = dict(config or {})
        self._ownership = Ownership(self._folder)
        self._brokers = [_Broker(self._folder / f"broker-{n}", n) for n in range(1, brokers + 1)]

    @property
    def bootstrap(self) -> str:
        """Addresses for clients."""
        return ",".join(f"127.0.0.1:{broker.client_port}" for broker in self._brokers)

    @property
    def pids(self) -> list[int | None]:
        """The process of each broker, None for one that is stopped."""
        return [broker.pid for broker in self._brokers]

    def start(self) -> None:
        """Return when every broker serves. Brokers that an earlier process left behind here are ended first.

        Raises `ServerError` when Java or the jars are missing or another process runs them.
        """
        program, jars = java(), kafka_jars()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._ownership.take()
        try:
            for broker in self._brokers:
                broker.end_left_behind()
            for attempt in range(1, _ATTEMPTS + 1):
                self._configure(program, jars)
                try:
                    self._launch()
                except _PortTakenError:
                    if attempt == _ATTEMPTS:
                        raise
                else:
                    return
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Return when every broker has ended."""
        for broker in self._brokers:
            broker.ask_to_stop()
        for broker in self._brokers:
            broker.stop()
        self._ownership.release()

    def start_broker(self, number: int = 1) -> None:
        """Start one again, on the ports it had."""
        broker = self._brokers[number - 1]
        broker.launch()
        broker.wait_until_ready()

    def stop_broker(self, number: int = 1, *, kill: bool = False) -> None:
        """Stop one; with `kill`, as a machine that fails would."""
        self._brokers[number - 1].stop(kill=kill)

    def discard(self) -> None:
        """End what an earlier process left behind here, and remove the folder. Raises `ServerError` while it is in use."""
        self._ownership.take()
        try:
            for broker in self._brokers:
                broker.end_left_behind()
        finally:
            self._ownership.release()
        shutil.rmtree(self._folder)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _configure(self, program: str, jars: Path) -> None:
        ports = iter(free_ports(2 * len(self._brokers)))
        for broker in self._brokers:
            broker.client_port, broker.controller_port = next(ports), next(ports)
        voters = ",".join(f"{broker.number}@127.0.0.1:{broker.controller_port}" for broker in self._brokers)
        for broker in self._brokers:
            broker.configure([program, "-cp", f"{jars}/*"], self._heap, self._properties(broker, voters))
        self._format()

    def _format(self) -> None:
        cluster = self._folder / "cluster.id"
        if not cluster.exists():
            cluster.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A"))
        for broker in self._brokers:
            broker.format(cluster.read_text())

    def _launch(self) -> None:
        try:
            for broker in self._brokers:
                broker.launch()
            for broker in self._brokers:
                broker.wait_until_ready()
        except _PortTakenError:
            for broker in self._brokers:
                broker.stop(kill=True)
            raise

    def _properties(self, broker: "_Broker", voters: str) -> dict[str, str]:
        copies = str(min(3, len(self._brokers)))
        in_sync = "2" if len(self._brokers) > 2 else "1"  # noqa: PLR2004 - two of three, the usual quorum
        protocol = "SASL_PLAINTEXT" if self._accounts else "PLAINTEXT"
        return {
            "process.roles": "broker,controller",
            "node.id": str(broker.number),
            "controller.quorum.voters": voters,
            "listeners": f"CLIENT://127.0.0.1:{broker.client_port},CONTROLLER://127.0.0.1:{broker.controller_port}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{broker.client_port}",
            "listener.security.protocol.map": f"CLIENT:{protocol},CONTROLLER:{protocol}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "CLIENT",
            "log.dirs": str(broker.folder / "data"),
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": "4",  # 50, the default, are slow to start
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
            "group.initial.rebalance.delay.ms": "0",
            "auto.create.topics.enable": "false",
            # A broker that was killed comes back only when its old session has ended: 9 s by default.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            **(self._access_control() if self._accounts else {}),
            **self._config,
        }

    def _access_control(self) -> dict[str, str]:
        users = " ".join(f'user_{name}="{password}"' for name, password in self._accounts.items())
        own = f'username="{ADMIN}" password="{self._accounts[ADMIN]}"'
        plain = f"org.apache.kafka.common.security.plain.PlainLoginModule required {own} {users};"
        return {
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.client.plain.sasl.jaas.config": plain,
            "listener.name.client.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            # The controllers' listener as well, or its principal is anonymous and refused.
            "listener.name.controller.plain.sasl.jaas.config": plain,
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN}",
            "allow.everyone.if.no.acl.found": "false",
        }


class _PortTakenError(ServerError):
    """Somebody was quicker; other ports may do."""


class _Broker:
    """One process with its folder."""

    client_port = 0
    controller_port = 0

    def __init__(self, folder: Path, number: int) -> None:
        self.folder = folder
        self.number = number
        self._java: list[str] = []
        self._heap = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._properties = folder / "server.properties"
        self._log = folder / "broker.log"
        self._pid_file = folder / "pid"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def configure(self, program: list[str], heap_mb: int, properties: Mapping[str, str]) -> None:
        self._java, self._heap = program, heap_mb
        self.folder.mkdir(parents=True, exist_ok=True)
        self._properties.touch(mode=0o600)  # it may hold passwords
        self._properties.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))

    def format(self, cluster: str) -> None:
        if (self.folder / "data" / "meta.properties").exists():
            return  # starting a Java program takes a second
        command = [*self._java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._properties), "--ignore-formatted"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
        if done.returncode:
            raise ServerError(f"Kafka could not prepare {self.folder}: {done.stderr.strip()[-300:]}")

    def launch(self) -> None:
        logging = f"-Dlog4j2.configurationFile={deploy_folder('kafka') / 'log4j2.properties'}"
        heap = [f"-Xms{self._heap}m", f"-Xmx{self._heap}m", *_SHORT_LIVED]
        command = [self._java[0], *heap, logging, *self._java[1:], "kafka.Kafka", str(self._properties)]
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        self._pid_file.write_text(str(self._process.pid))

    def wait_until_ready(self) -> None:
        assert self._process is not None  # noqa: S101 - called right after the launch
        deadline = time.monotonic() + _START_SECONDS
        while _READY not in self._log.read_text(errors="replace"):
            ended = self._process.poll() is not None
            if ended and _PORT_TAKEN.search(self._log.read_text(errors="replace")):
                raise _PortTakenError(f"port {self.client_port} or {self.controller_port} is taken")
            if ended or time.monotonic() > deadline:
                said = " | ".join(self._log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
                raise ServerError(f"Kafka did not start: {said}")
            time.sleep(_POLL_SECONDS)

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)

    def stop(self, *, kill: bool = False) -> None:
        if self._process is None:
            return
        self._end(self._process.pid, signal.SIGKILL if kill else signal.SIGTERM)
        self._process.wait()
        self._process = None
        self._pid_file.unlink(missing_ok=True)

    def end_left_behind(self) -> None:
        if self._pid_file.exists():
            pid = int(self._pid_file.read_text() or 0)
            if pid and is_running(pid, mentions=str(self._properties)):
                self._end(pid, signal.SIGTERM)
                log.warning("kafka.left_behind_ended", folder=str(self.folder), pid=pid)
            self._pid_file.unlink()

    def _end(self, pid: int, asking: signal.Signals) -> None:
        end(pid, mentions=str(self._properties), asking=asking, seconds=_STOP_SECONDS, group=True)
