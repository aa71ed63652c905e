"""What is broken while events flow, and what is found afterwards."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from bench.cases import PUBLISHER, SCHOOLS, cases
from bench.client import Posted
from bench.rig import Rig, rig
from bench.stage import (
    Receiver,
    load,
    receiver,
    register_endpoints,
    seed_cases,
    start_load,
    wait_for_decided,
)
from faults.checker import Verdict, check
from faults.collect import collect, decisions
from faults.history import Decision
from frontdoor_standalone.deployment import NOTIFIER, ROUTER

RATE = 60.0
CONNECTIONS = 32
REST_SECONDS = 90.0
_LOOK_SECONDS = 0.5
_BETWEEN_KILLS_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Form:
    """How long a scenario is."""

    events: int
    kafka_seconds: float
    kills: int
    rate: float = RATE

    def events_of(self, name: str) -> int:
        """How many events flow: for as long as Kafka is away, and before and after."""
        return max(self.events, round(1.5 * self.kafka_seconds * self.rate)) if name == KAFKA_STOPPED else self.events


KAFKA_STOPPED = "Kafka stopped"
SHORT = Form(events=300, kafka_seconds=10, kills=1, rate=40)
LONG = Form(events=2_000, kafka_seconds=60, kills=3)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one scenario."""

    name: str
    asked: int
    """Events that were to be posted."""
    retries: int
    restarts: Mapping[str, int]
    """Services that ended by themselves, and how often; each was started again at once."""
    seconds_to_rest: float | None
    """From the last answer until everything owed was delivered; None when that never came."""
    verdict: Verdict


class Watch:
    """Starts again what ends by itself, and counts it."""

    def __init__(self, made: Rig) -> None:
        self.restarts: Counter[str] = Counter()
        self._made = made
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self.restarts.update(self._made.revive())


@dataclass(slots=True)
class Stage:
    """An exchange under test, one scenario after the other."""

    made: Rig
    receiver: Receiver
    watch: Watch
    next_case: int = 0

    def seed(self, events: int) -> int:
        """Make children known for so many events. The first case."""
        first = self.next_case
        chosen = cases(first, events)
        self.next_case += len(chosen)
        before = _decided(self.made)
        wait_for_decided(self.made, before + seed_cases(self.made, chosen))
        return first

    def run(self, name: str, form: Form) -> Outcome:
        """Post at a steady rate, break something a third of the way, and judge what is found when all is at rest."""
        events = form.events_of(name)
        wanted = load(self.made, first=self.seed(events), events=events, connections=CONNECTIONS, rate=form.rate, again=True)
        running = start_load(self.made, wanted)
        before = self.watch.restarts.copy()
        time.sleep(events / form.rate / 3)
        SCENARIOS[name](self.made, form)
        posted = running.finish()
        rested = _rest(self, posted)
        history = collect(self.made, self.receiver, posted)
        return Outcome(name, events, posted.retries, self.watch.restarts - before, rested, check(history))


def _decided(made: Rig) -> int:
    return int(made.sql("SELECT count(*) FROM router.event"))


def _rest(stage: Stage, posted: Posted) -> float | None:
    """Wait until everything owed is delivered; what is not after a while, the checker will name."""
    began = time.monotonic()
    events = [event for _, event, *_ in posted.events]
    undecided = set(events)
    owed: set[tuple[str, str]] = set()
    while time.monotonic() - began < REST_SECONDS:
        known = _known(stage.made, undecided)
        undecided -= {event for event, decision in known.items() if decision.state in ("decided", "held")}
        owed |= {(o.desk, o.disclosure) for decision in known.values() for o in decision.owed}
        if not undecided and owed <= {(call.desk, call.disclosure) for call in stage.receiver.log()}:
            return round(time.monotonic() - began, 1)
        time.sleep(_LOOK_SECONDS)
    return None


def _known(made: Rig, events: set[str]) -> Mapping[str, Decision]:
    try:
        return decisions(made, sorted(events))
    except httpx.TransportError:  # the router is being started again
        return {}


def _nothing(made: Rig, form: Form) -> None:
    """So that one sees what is there without a fault."""


def _kafka_away(made: Rig, form: Form) -> None:
    made.kafka.stop_broker()
    time.sleep(form.kafka_seconds)
    made.kafka.start_broker()


def _killed(made: Rig, form: Form, *names: str) -> None:
    for _ in range(form.kills):
        for name in names:
            made.kill(name)
            made.start(name)
        time.sleep(_BETWEEN_KILLS_SECONDS)


def _router_killed(made: Rig, form: Form) -> None:
    _killed(made, form, ROUTER)


def _notifier_killed(made: Rig, form: Form) -> None:
    _killed(made, form, NOTIFIER)


def _gateways_killed(made: Rig, form: Form) -> None:
    """The publisher's, where posts come in, and then one at which desks have their inboxes."""
    _killed(made, form, *(made.deployment.directory.gateway_of(desk) for desk in (PUBLISHER, SCHOOLS[0])))


SCENARIOS: Mapping[str, Callable[[Rig, Form], None]] = {
    "nothing broken": _nothing,
    KAFKA_STOPPED: _kafka_away,
    "router killed": _router_killed,
    "notifier killed": _notifier_killed,
    "gateways killed": _gateways_killed,
}


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Every service of the exchange, running, with an endpoint for every desk."""
    with rig(folder, heap_mb=256) as made, receiver(made) as hooks:
        made.start(*made.services)
        register_endpoints(made, hooks)
        with Watch(made) as watch:
            yield Stage(made, hooks, watch)
