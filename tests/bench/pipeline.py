"""How fast an event gets through: from the post at one gateway to the webhooks of three desks, all services as processes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from bench import proc
from bench.cases import Case, cases
from bench.client import Posted
from bench.door import percentile
from bench.rig import Rig, rig
from bench.stage import (
    Receiver,
    load,
    owed,
    receiver,
    register_endpoints,
    run_load,
    seed_cases,
    wait_for_calls,
    wait_for_decided,
)
from frontdoor_standalone.deployment import NOTIFIER

STEADY_RATE = 60.0
WARM = 1_000
CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many events each part takes."""

    steady: int
    burst: int
    backlog: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What the exchange does end to end."""

    p50_ms: float
    p99_ms: float
    events_per_s: float
    deliveries_per_s: float
    cpu_us: Mapping[str, int]
    steady_cpu_us: Mapping[str, int]
    rss_mb: Mapping[str, int]
    lost: int
    duplicated: int
    reordered: int
    errors: int


@dataclass(slots=True)
class _Run:
    """The exchange under load, and what is known of the load so far."""

    made: Rig
    receiver: Receiver
    say: Callable[[str], None]
    accepted: int = 0
    errors: int = 0
    decided: int = 0

    def post(self, part: "_Part", *, connections: int = CONNECTIONS, rate: float | None = None) -> Posted:
        """Post a part and note what was answered."""
        posted = run_load(self.made, load(self.made, first=part.first, events=part.events, connections=connections, rate=rate))
        self.accepted += len(posted.events)
        self.errors += posted.errors
        self.decided += len(posted.events)
        return posted

    def rest(self) -> None:
        """Wait until everything that was accepted has been delivered."""
        wait_for_calls(self.receiver, owed(self.accepted))


@dataclass(frozen=True, slots=True)
class _Part:
    first: int
    events: int

    @property
    def cases(self) -> list[Case]:
        """Its cases, to be seeded."""
        return cases(self.first, self.events)


def _parts(*events: int) -> list[_Part]:
    """Parts whose cases do not overlap; there are never more cases than events."""
    return [_Part(first, n) for first, n in zip(accumulate((0, *events)), events, strict=False)]


def measure_pipeline(folder: Path, sizes: Sizes, say: Callable[[str], None]) -> Pipeline:
    """Measure on fresh servers, every child known before."""
    with rig(folder) as made, receiver(made) as hooks:
        say("pipeline: starting every service")
        made.start(*made.services)
        register_endpoints(made, hooks)
        run = _Run(made, hooks, say)
        parts = _parts(WARM, sizes.steady, sizes.burst, sizes.backlog)
        _seed(run, parts)
        return _measure(run, *parts)


def _seed(run: _Run, parts: list[_Part]) -> None:
    run.say("pipeline: registers say where the children belong")
    run.decided += seed_cases(run.made, [case for part in parts for case in part.cases])
    wait_for_decided(run.made, run.decided)


def _measure(run: _Run, warm: _Part, steady: _Part, burst: _Part, backlog: _Part) -> Pipeline:
    run.say("pipeline: warming up")
    run.post(warm)
    run.rest()
    delays, steady_cpu = _steady(run, steady)
    rate, cpu = _burst(run, burst)
    deliveries = _backlog(run, backlog)
    counts = run.receiver.counts()
    return Pipeline(
        p50_ms=percentile(delays, 0.50),
        p99_ms=percentile(delays, 0.99),
        events_per_s=rate,
        deliveries_per_s=deliveries,
        cpu_us=cpu,
        steady_cpu_us=steady_cpu,
        rss_mb={name: proc.memory_mb(pid) for name, pid in run.made.pids().items()},
        lost=owed(run.accepted) - int(counts["distinct"]),
        duplicated=int(counts["duplicated"]),
        reordered=int(counts["reordered"]),
        errors=run.errors,
    )


def _steady(run: _Run, part: _Part) -> tuple[list[float], dict[str, int]]:
    """Milliseconds from the moment at which a post was meant to go to each of its webhooks, at an everyday rate."""
    run.say(f"pipeline: {STEADY_RATE:.0f} events/s")
    before = run.made.costs()
    posted = run.post(part, rate=STEADY_RATE)
    run.rest()
    began = {event: at for _, event, _, _, at, _ in posted.events}
    delays = [(call.at - began[call.event]) * 1000 for call in run.receiver.log() if call.event in began]
    return delays, _per_event(run, before, posted)


def _burst(run: _Run, part: _Part) -> tuple[float, dict[str, int]]:
    """Events a second from the first post to the last webhook, posting as fast as the door takes them."""
    run.say(f"pipeline: {part.events} events at once")
    before = run.made.costs()
    posted = run.post(part)
    run.rest()
    first = min(at for _, _, _, _, at, _ in posted.events)
    seconds = run.receiver.counts()["last_at"] - first
    return round(len(posted.events) / seconds, 1), _per_event(run, before, posted)


def _per_event(run: _Run, before: Mapping[str, float], posted: Posted) -> dict[str, int]:
    spent = {**proc.spent(before, run.made.costs()), "client": posted.cpu_seconds}
    found = {name: round(seconds / len(posted.events) * 1e6) for name, seconds in spent.items()}
    return {**found, "all": sum(found.values())}


def _backlog(run: _Run, part: _Part) -> float:
    """Webhooks a second while the notifier has more to deliver than it can: it was stopped while events were decided."""
    run.say(f"pipeline: {owed(part.events)} webhooks from a backlog")
    run.made.stop(NOTIFIER)
    run.post(part)
    wait_for_decided(run.made, run.decided)
    came = len(run.receiver.log())
    run.made.start(NOTIFIER)
    run.rest()
    arrivals = [call.at for call in run.receiver.log()[came:]]
    return round((len(arrivals) - 1) / (arrivals[-1] - arrivals[0]), 1)
