"""The Kafka that runs without Docker: where its jars come from, and that it starts and ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import frontdoor_standalone
from frontdoor_chassis.bus.kafka import KafkaBus, Security, ensure_topics
from frontdoor_standalone.servers import ServerError, deploy_folder
from frontdoor_standalone.servers.kafka import LocalKafka
from frontdoor_standalone.servers.kafka_jars import java, kafka_jars
from frontdoor_standalone.servers.processes import end, free_ports, is_running
from support.positions import PositionTable

HEAP_MB = 256

# Starts a broker, says its number, and waits to be killed.
_OWNER = """
import sys, time
from pathlib import Path
from frontdoor_standalone.servers.kafka import LocalKafka
cluster = LocalKafka(Path(sys.argv[1]), heap_mb=256)
cluster.start()
print(cluster.pids[0], flush=True)
time.sleep(120)
"""


@pytest.mark.needs_kafka
async def test_it_starts_ends_and_keeps_its_topics(tmp_path: Path) -> None:
    with LocalKafka(tmp_path, heap_mb=HEAP_MB) as cluster:
        await ensure_topics(cluster.bootstrap, {"referrals": 2}, replication=1)
        (pid,) = cluster.pids
    assert pid is not None
    assert cluster.pids == [None]
    assert not is_running(pid, mentions=str(tmp_path))
    with pytest.raises(ConnectionError):
        await KafkaBus(cluster.bootstrap, client_id="test").ready()
    with LocalKafka(tmp_path, heap_mb=HEAP_MB) as again:
        await ensure_topics(again.bootstrap, {"referrals": 2}, replication=1)
        with pytest.raises(ValueError, match="has 2 partitions, not 3"):
            await ensure_topics(again.bootstrap, {"referrals": 3}, replication=1)


@pytest.mark.needs_kafka
def test_a_broker_whose_owner_was_killed_is_ended_and_replaced(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", _OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
    assert owner.stdout is not None
    left_behind = int(owner.stdout.readline())
    with pytest.raises(ServerError, match="in use by another process"):
        LocalKafka(tmp_path, heap_mb=HEAP_MB).start()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert is_running(left_behind, mentions=str(tmp_path))
    with LocalKafka(tmp_path, heap_mb=HEAP_MB) as cluster:
        assert cluster.pids != [left_behind]
        assert not is_running(left_behind, mentions=str(tmp_path))


@pytest.mark.needs_kafka
def test_a_port_that_somebody_took_first_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        offers = [[taken.getsockname()[1], *free_ports(1)], free_ports(2)]
        monkeypatch.setattr("frontdoor_standalone.servers.kafka.free_ports", lambda _count: offers.pop(0))
        with LocalKafka(tmp_path, heap_mb=HEAP_MB) as cluster:
            assert str(taken.getsockname()[1]) not in cluster.bootstrap
    assert offers == []


@pytest.mark.needs_kafka
async def test_with_accounts_a_stranger_and_a_wrong_password_are_told_apart(tmp_path: Path) -> None:
    admin = Security(security_protocol="SASL_PLAINTEXT", username="admin", password="a-secret")
    with LocalKafka(tmp_path, heap_mb=HEAP_MB, accounts={"admin": "a-secret", "school": "b-secret"}) as cluster:
        await ensure_topics(cluster.bootstrap, {"to.school": 1}, replication=1, **admin)
        await KafkaBus(cluster.bootstrap, client_id="router", security=admin).ready()
        wrong = KafkaBus(cluster.bootstrap, client_id="router", security=Security(**{**admin, "password": "c-secret"}))
        for attempt in (wrong.ready, wrong.producer):
            with pytest.raises(ConnectionError, match="refused the account admin: wrong name, password or mechanism"):
                await attempt()
        stranger = Security(**{**admin, "username": "school", "password": "b-secret"})
        bus = KafkaBus(cluster.bootstrap, client_id="school", security=stranger)
        with pytest.raises(PermissionError, match="does not permit the account school"):
            await bus.consumer(topics=["to.school"], group="school", positions=PositionTable())


async def test_a_broker_that_is_not_there_is_said_to_be_unreachable() -> None:
    bus = KafkaBus("127.0.0.1:1", client_id="test", send_seconds=1)
    for attempt in (bus.ready, bus.producer):
        with pytest.raises(ConnectionError, match="Connection refused"):
            await attempt()


@pytest.fixture
def fake_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a `mvn` on the path that counts its calls and then runs a script; the cache is empty."""
    programs = tmp_path / "programs"
    programs.mkdir()
    calls = tmp_path / "calls"
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def install(script: str) -> Path:
        (programs / "mvn").write_text(f"#!/bin/sh\necho call >> {calls}\n{script}\n")
        (programs / "mvn").chmod(0o755)
        return calls

    return install


_FETCHES = 'for word in "$@"; do case $word in -DoutputDirectory=*) sleep 0.3; touch "${word#*=}/kafka.jar";; esac; done'


def test_jars_are_fetched_once_however_many_ask(fake_maven: Callable[[str], Path]) -> None:
    calls = fake_maven(_FETCHES)
    program = "from frontdoor_standalone.servers.kafka_jars import kafka_jars; print(kafka_jars())"
    with ThreadPoolExecutor() as executor:
        asked = [executor.submit(subprocess.check_output, [sys.executable, "-c", program], text=True) for _ in range(4)]
    (folder,) = {each.result().strip() for each in asked}
    assert (Path(folder) / "kafka.jar").exists()
    assert calls.read_text() == "call\n"
    assert sorted(p.name for p in Path(folder).parent.iterdir()) == [Path(folder).name, f"{Path(folder).name}.lock"]


def test_jars_that_are_there_need_neither_maven_nor_network(fake_maven: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    fake_maven(_FETCHES)
    first = kafka_jars()
    monkeypatch.setenv("PATH", "/nonexistent")
    assert kafka_jars() == first


def test_a_fetch_that_fails_says_why_in_one_line_and_can_be_repeated(fake_maven: Callable[[str], Path]) -> None:
    fake_maven("echo '[ERROR] Could not transfer artifact'; echo '[ERROR] again'; exit 1")
    with pytest.raises(ServerError, match=r"^Maven could not fetch Apache Kafka: Could not transfer artifact$"):
        kafka_jars()
    fake_maven(_FETCHES)
    assert (kafka_jars() / "kafka.jar").exists()


def test_without_maven_or_java_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ServerError, match=r"^.*install Maven.*$"):
        kafka_jars()
    with pytest.raises(ServerError, match=r"^.*install Java 17.*$"):
        java()


def test_a_java_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "java").write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    (tmp_path / "java").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ServerError, match="later Java"):
        java()


def test_the_deploy_folder_is_found_in_a_checkout_and_in_a_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert (deploy_folder("kafka") / "pom.xml").exists()
    installed = tmp_path / "frontdoor_standalone"
    (installed / "data" / "kafka").mkdir(parents=True)
    monkeypatch.setattr(frontdoor_standalone, "__file__", str(installed / "__init__.py"))
    assert deploy_folder("kafka") == installed / "data" / "kafka"


def test_a_session_that_can_have_no_server_fails_and_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(kafka): pass\n")
    checkout = Path(__file__).parents[2]
    (tmp_path / "conftest.py").write_text((checkout / "tests" / "conftest.py").read_text())
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)],
        env={"PATH": "/nonexistent", "PYTHONPATH": str(checkout / "tests"), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert "install Java 17" in done.stdout
    assert "skipped" not in done.stdout
    assert time.monotonic() - began < 30


def test_a_kill_reaches_the_broker_s_whole_group() -> None:
    script = "sleep 60 & echo $!; wait  # a-mark"
    parent = subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True)  # noqa: S603 - made up here
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    end(parent.pid, mentions="a-mark", asking=signal.SIGTERM, seconds=5, group=True)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while is_running(child, mentions="sleep"):
        assert time.monotonic() < deadline
