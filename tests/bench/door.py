"""How fast the door takes events in, beside what anybody would write first: the same event, alternated, in the same minutes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.cases import PUBLISHER
from bench.client import Load, Posted
from bench.rig import Process, Rig, helper, rig
from bench.stage import load, run_load

BATCH, BATCH_CONNECTIONS = 100, 8
WARM = 500


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long the door is measured."""

    rounds: int
    singles: int
    batched: int


@dataclass(frozen=True, slots=True)
class Door:
    """What the door does, and the client against a server that does nothing."""

    single: float
    baseline: float
    batched: float
    single_p99_ms: float
    baseline_p99_ms: float
    client_alone: float
    client_us: float
    errors: int


@dataclass(slots=True)
class _Turns:
    """Hands out cases that no earlier load had."""

    next_case: int = 0

    def take(self, events: int) -> int:
        first, self.next_case = self.next_case, self.next_case + events
        return first


def measure_door(folder: Path, sizes: Sizes, say: Callable[[str], None]) -> Door:
    """Measure with nothing else running but Kafka, PostgreSQL and the one gateway."""
    with rig(folder) as made, _baseline(made) as bare, helper(made, "null", "bench.null_server", "{port}") as null:
        name = made.deployment.directory.gateway_of(PUBLISHER)
        made.start(name)
        turns = _Turns()
        say("door: warming up")
        singles, bares = _against(made, turns, None), _against(made, turns, bare)
        run_load(made, singles(WARM))
        run_load(made, bares(WARM))
        say("door: the client alone")
        alone = run_load(made, _against(made, turns, null)(sizes.singles))
        rounds = list(_rounds(made, sizes, say, singles, bares))
        say("door: batches")
        batches = [
            run_load(made, load(made, first=turns.take(sizes.batched), events=sizes.batched, batch=BATCH, connections=BATCH_CONNECTIONS))
        ]
        return _summary(rounds, batches, alone)


@contextmanager
def _baseline(made: Rig) -> Iterator[Process]:
    with helper(made, "baseline", "bench.baseline", made.kafka.bootstrap, "{port}") as process:
        yield process


def _against(made: Rig, turns: _Turns, process: Process | None) -> Callable[[int], Load]:
    """Makes loads of single events on the gateway, or on another process."""

    def make(events: int) -> Load:
        where = {} if process is None else {"port": process.port}
        return load(made, first=turns.take(events), events=events, **where)

    return make


def _rounds(
    made: Rig, sizes: Sizes, say: Callable[[str], None], singles: Callable[[int], Load], bares: Callable[[int], Load]
) -> Iterator[tuple[Posted, Posted]]:
    for n in range(sizes.rounds):
        say(f"door: single posts, round {n + 1} of {sizes.rounds}")
        yield run_load(made, singles(sizes.singles)), run_load(made, bares(sizes.singles))


def rate(posted: Posted) -> float:
    """Events answered a second."""
    return round(len(posted.events) / posted.seconds, 1)


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share lies at or below."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)


def _summary(rounds: list[tuple[Posted, Posted]], batches: list[Posted], alone: Posted) -> Door:
    own, bare = [own for own, _ in rounds], [bare for _, bare in rounds]
    return Door(
        single=median(rate(p) for p in own),
        baseline=median(rate(p) for p in bare),
        batched=median(rate(p) for p in batches),
        single_p99_ms=median(percentile(p.milliseconds, 0.99) for p in own),
        baseline_p99_ms=median(percentile(p.milliseconds, 0.99) for p in bare),
        client_alone=rate(alone),
        client_us=round(sum(p.cpu_seconds for p in own) / sum(len(p.events) for p in own) * 1e6, 1),
        errors=sum(p.errors for p in (*own, *bare, *batches)),
    )
