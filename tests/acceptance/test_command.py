"""The `frontdoor` command as a person uses it: it comes up, ends cleanly, and says in a line what is wrong."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from frontdoor_standalone.packs.pages import compare, show
from frontdoor_standalone.servers.processes import free_ports, is_running
from support.builders import a_child
from support.packs import the_pack

PATIENCE_SECONDS = 60.0


def frontdoor(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "frontdoor_standalone", *arguments]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=240, env=environment)  # noqa: S603 - our own program


@contextmanager
def up(state: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "frontdoor_standalone", "up", "--state", str(state), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603 - our own program
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout and not process.stdout.closed:
            process.stdout.close()


def wait_until_up(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/notifier/health/ready").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"not up: {process.communicate()[0] if process.poll() is not None else 'still starting'}")


def postgres_of(state: Path) -> int:
    return int((state / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0])


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_up_serves_and_leaves_no_process_behind(tmp_path: Path, ending: signal.Signals) -> None:
    (port,) = free_ports(1)
    state = tmp_path / "state"
    with up(state, port) as process:
        wait_until_up(port, process)
        server = postgres_of(state)
        page = httpx.get(f"http://127.0.0.1:{port}/").text
        process.send_signal(ending)
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert "must be made up" in page
    assert process.returncode == 0, said
    assert "nothing is left running" in said
    assert not is_running(server, mentions=str(state))


def test_up_keeps_its_data_and_its_keys_for_their_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    keys: dict[str, str] = {}
    for _ in range(2):
        (port,) = free_ports(1)
        with up(state, port) as process:
            wait_until_up(port, process)
            file = state / "api-keys.json"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert stat.S_IMODE((state / "secrets.json").stat().st_mode) == 0o600
            found = json.loads(file.read_text())
            assert keys in ({}, found)
            keys = found
            headers = {"Authorization": f"Bearer {keys['police.pvp']}"}
            assert httpx.get(f"http://127.0.0.1:{port}/police/v1/inbox", headers=headers).status_code == 200
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    log = (state / "frontdoor.log").read_text()
    assert not any(key in log or key in said for key in keys.values())


SECRET = "whsec_" + "bWFkZS11cC1zZWNyZXQtb2YtZW5kcG9pbnRz"


@contextmanager
def receiver(port: int, said: Path, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """`frontdoor receiver` until the end of the block, what it says in a file."""
    command = [sys.executable, "-m", "frontdoor_standalone", "receiver", "--port", str(port), *arguments]
    environment = {**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1", "FRONTDOOR_RECEIVER_SECRET": SECRET, **settings}
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)  # noqa: S603 - our own program
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until_said(said: Path, words: str) -> str:
    """The line of a file that says it, once it is there."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := [line for line in said.read_text().splitlines() if words in line]:
            return found[0]
        time.sleep(0.1)
    pytest.fail(f"{words} is not in: {said.read_text()}")


def test_a_receiver_registers_every_desk_and_says_what_a_webhook_brings_but_not_what_it_says(tmp_path: Path) -> None:
    port, listening = free_ports(2)
    state, said = tmp_path / "state", tmp_path / "said"
    child = a_child(given_name="Marked")
    data = {"occurred_at": datetime.now(tz=UTC).isoformat(), "children": [child], "circumstances": "Marked text"}
    with up(state, port) as process:
        wait_until_up(port, process)
        notifier = f"http://127.0.0.1:{port}/notifier"
        with receiver(listening, said, "--notifier", notifier, FRONTDOOR_RECEIVER_ADMIN_TOKEN="wrong") as refused:
            assert refused.wait(timeout=PATIENCE_SECONDS) == 2
        assert "does not take the endpoint of cafcass.duty: 401" in said.read_text()

        token = json.loads((state / "secrets.json").read_text())["admin"]
        key = json.loads((state / "api-keys.json").read_text())["police.pvp"]
        with receiver(listening, said, "--notifier", notifier, FRONTDOOR_RECEIVER_ADMIN_TOKEN=token) as running:
            wait_until_said(said, "registered at")
            headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "one"}
            body = {"type": "referral", "data": data}
            posted = httpx.post(f"http://127.0.0.1:{port}/police/v1/referrals", json=body, headers=headers)
            assert posted.status_code == 202, posted.text
            line = wait_until_said(said, "hub.front-door 1 disclosure about referral: ")
            assert "children" in line
            forged = httpx.post(f"http://127.0.0.1:{listening}/hooks/police.pvp", content="{}", headers={"webhook-timestamp": "1"})
            assert forged.status_code == 401
            wait_until_said(said, "police.pvp: webhook refused: the signature does not fit")
            running.send_signal(signal.SIGINT)
            assert running.wait(timeout=PATIENCE_SECONDS) == 0
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
        assert "Marked" not in said.read_text()
        assert SECRET not in said.read_text()


def test_a_demo_plays_and_shows_what_was_expected() -> None:
    done = frontdoor("demo", "conference-crc-only")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
    assert "crc.duty" in done.stdout


def test_rehearse_says_how_many_passed_and_fails_with_a_wrong_expectation(tmp_path: Path) -> None:
    good = Path("deploy/partnerships/harbourside/rehearsals/any-grade-by-law.yaml")
    if not good.is_file():
        pytest.fail("run from the root of the repository")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(good.read_text().replace("not_told: lighthouse.advisers", "not_told: wellbeing.0-19"))
    done = frontdoor("rehearse", str(good), str(wrong))
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.rstrip().splitlines()[-1] == "1 passed, 1 failed"
    assert "wellbeing.0-19, incident: heard of it by" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["demo", "no-such-scenario"], "no scenario “no-such-scenario”"),
        (["up", "--pack", "no-such-pack"], "no pack “no-such-pack”"),
        (["check-pack", "no-such-pack"], "no pack “no-such-pack”"),
        (["packs", "show", "no-such-pack"], "no pack “no-such-pack”"),
        (["packs", "compare", "stockton", "no-such-pack"], "no pack “no-such-pack”"),
        (["packs", "matrix", "no-such-pack"], "no pack “no-such-pack”"),
        (["gateway"], "setting dsn"),
        (["receiver"], "setting secret"),
        (["measures", "2020-13", "--dsn", "postgresql://"], "a month is written YYYY-MM"),
        (["measures", "2020-11", "--dsn", "postgresql://", "--audience", "agency"], "an agency goes with audience=agency"),
        (["rehearse", "--coverage", "page.md", "stockton"], "every scenario"),
    ],
)
def test_what_a_person_got_wrong_is_said_without_a_traceback(arguments: list[str], says: str) -> None:
    done = frontdoor(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" not in done.stdout


def test_pages_about_packs_come_whole_and_the_same_each_time() -> None:
    shown, compared = frontdoor("packs", "show", "stockton"), frontdoor("packs", "compare", "stockton", "harbourside")
    assert (shown.returncode, compared.returncode) == (0, 0), shown.stderr + compared.stderr
    assert shown.stdout == show(the_pack("stockton"))
    assert compared.stdout == compare(the_pack("stockton"), the_pack("harbourside"))


def test_a_matrix_is_written_and_a_page_that_says_anything_else_is_not_current(tmp_path: Path) -> None:
    asked = ("packs", "matrix", "harbourside", "--to", str(tmp_path))
    written = frontdoor(*asked)
    assert written.returncode == 0, written.stderr
    assert f"written: {tmp_path}/harbourside/screening.md" in written.stdout
    page = tmp_path / "harbourside" / "screening.md"
    assert page.read_text() == Path("docs/matrix/harbourside/screening.md").read_text()
    current = frontdoor(*asked, "--check")
    assert (current.returncode, current.stdout.strip()) == (0, "every page is current")
    page.write_text(page.read_text().replace("withheld: no", "withheld: no or yes"))
    wrong = frontdoor(*asked, "--check")
    assert (wrong.returncode, wrong.stdout.strip()) == (1, f"is not current: {tmp_path}/harbourside/screening.md")
    assert "no or yes" in page.read_text()


def test_help_names_every_command_with_an_example() -> None:
    whole = frontdoor("--help").stdout
    running = ("gateway", "router", "notifier", "migrate", "receiver", "keys", "kafka")
    for command in ("demo", "up", "rehearse", "check-pack", "measures", "packs", *running, "version"):
        assert command in whole
    for command in ("demo", "up", "rehearse", "check-pack", "measures", "gateway", "migrate", "receiver"):
        assert f"frontdoor {command}" in frontdoor(command, "--help").stdout
