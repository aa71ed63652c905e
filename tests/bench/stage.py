"""What every run does with an exchange before and between its measurements: endpoints, seeds, loads, and waiting for rest."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson

from bench.cases import DESKS, PUBLISHER, RECIPIENTS, SEEDS, Case, as_cloud_event, seed
from bench.client import Load, Posted
from bench.receiver import Call
from bench.rig import Process, Rig, helper
from frontdoor_standalone.deployment import NOTIFIER

SECRET = "whsec_" + "bWFkZS11cC1rZXktb2YtYS1tYWRlLXVwLWRlc2s="
"""Made up, the same for every desk: the receiver is one program."""
IN_FLIGHT = 16
SEED_BATCH = 200
REST_SECONDS = 120.0
_POLL_SECONDS = 0.1
TESTS = Path(__file__).parents[1]


class NotAtRestError(RuntimeError):
    """Something that was owed did not come in time."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """The partners' systems, as seen from the bench."""

    process: Process

    def counts(self) -> dict[str, float]:
        """What came so far."""
        found: dict[str, float] = httpx.get(f"{self.process.url}/control/counts").json()
        return found

    def log(self) -> list[Call]:
        """Every call, in order."""
        body = httpx.get(f"{self.process.url}/control/log", timeout=60).content
        return [Call(*orjson.loads(line)) for line in body.splitlines()]


@contextmanager
def receiver(made: Rig) -> Iterator[Receiver]:
    """A receiver for all desks; it knows their secrets."""
    with helper(made, "receiver", "bench.receiver", "{port}") as process:
        for desk in DESKS:
            httpx.put(f"{process.url}/control/secrets/{desk}", content=SECRET).raise_for_status()
        yield Receiver(process)


def register_endpoints(made: Rig, receiver: Receiver) -> None:
    """Give every desk of the load a webhook endpoint."""
    with made.admin(NOTIFIER) as admin:
        for desk in DESKS:
            body = {"url": f"{receiver.process.url}/hooks/{desk}", "secret": SECRET, "max_in_flight": IN_FLIGHT}
            admin.put(f"/admin/endpoints/{desk}", json=body).raise_for_status()


def now_text(*, ago: timedelta = timedelta(hours=1)) -> str:
    """A moment as senders write it."""
    return (datetime.now(UTC) - ago).isoformat(timespec="seconds")


def seed_cases(made: Rig, cases: Sequence[Case]) -> int:
    """Have the registers say where every child belongs. How many events that was."""
    at = now_text(ago=timedelta(days=30))
    posted = 0
    with httpx.Client(timeout=60) as client:
        for register in SEEDS:
            for n in range(0, len(cases), SEED_BATCH):
                posted += _seed_some(made, client, register, cases[n : n + SEED_BATCH], at)
    return posted


def _seed_some(made: Rig, client: httpx.Client, register: str, cases: Sequence[Case], at: str) -> int:
    events = [
        as_cloud_event(body, sender_id=f"seed-{case.n}-{n}", source=register)
        for case in cases
        for n, body in enumerate(seed(case, register, at))
    ]
    headers = {"authorization": f"Bearer {made.keys[register]}", "content-type": "application/cloudevents-batch+json"}
    response = client.post(f"{made.gateway(register).url}/v1/events", content=orjson.dumps(events), headers=headers)
    response.raise_for_status()
    refused = [item for item in response.json()["items"] if item["status"] != httpx.codes.ACCEPTED]
    if refused:
        raise RuntimeError(f"a register's events were refused: {json.dumps(refused[0])}")
    return len(events)


def load(made: Rig, **what: Any) -> Load:
    """A load on the publisher's gateway."""
    given = {"port": made.gateway(PUBLISHER).port, "key": made.keys[PUBLISHER], "occurred_at": now_text(), **what}
    return Load.model_validate(given)


@dataclass(frozen=True, slots=True)
class Loading:
    """A load client at work."""

    process: "subprocess.Popen[bytes]"
    answered: Path

    def finish(self) -> Posted:
        """Wait for it. What came of it."""
        if self.process.wait():
            raise RuntimeError("the load client failed")
        try:
            return Posted.model_validate_json(self.answered.read_bytes())
        finally:
            self.answered.unlink()


def start_load(made: Rig, wanted: Load) -> Loading:
    """Start the load client."""
    answered = made.folder / f"posted-{uuid.uuid4().hex}.json"
    running = subprocess.Popen([sys.executable, "-m", "bench.client", str(answered)], cwd=TESTS, stdin=subprocess.PIPE)  # noqa: S603 - our own
    assert running.stdin is not None
    running.stdin.write(wanted.model_dump_json().encode())
    running.stdin.close()
    return Loading(running, answered)


def run_load(made: Rig, wanted: Load) -> Posted:
    """Post, and wait for all answers."""
    return start_load(made, wanted).finish()


def wait_for_decided(made: Rig, total: int, *, seconds: float = REST_SECONDS) -> None:
    """Return when the router has decided so many events since the beginning."""
    _wait(lambda: int(made.sql("SELECT count(*) FROM router.event")), total, "decided", seconds)


def wait_for_calls(receiver: Receiver, total: int, *, seconds: float = REST_SECONDS) -> None:
    """Return when so many different webhooks have come."""
    _wait(lambda: int(receiver.counts()["distinct"]), total, "delivered", seconds)


def _wait(look: Any, total: int, what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (found := look()) < total:
        if time.monotonic() > deadline:
            raise NotAtRestError(f"{found} of {total} were {what}")
        time.sleep(_POLL_SECONDS)


def owed(events: int) -> int:
    """Webhooks that so many incidents bring about."""
    return RECIPIENTS * events
