"""What the parts have counted, read when somebody asks: the hot path carries no metrics."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from frontdoor_chassis.relay import Relay
from frontdoor_gateway.core.flusher import Flusher
from frontdoor_gateway.core.intake import Intake

PREFIX = "frontdoor_gateway"


class Measures(Collector):
    """Counters of the way in and of the way out."""

    def __init__(self, *, flusher: Flusher, intake: Intake, relays: dict[str, Relay]) -> None:
        self._flusher = flusher
        self._intake = intake
        self._relays = relays

    def collect(self) -> Iterable[Metric]:
        """As they stand."""
        stored, read = self._flusher.counts, self._intake.counts
        yield CounterMetricFamily(f"{PREFIX}_events_stored", "Events accepted and durable", stored.stored)
        yield CounterMetricFamily(f"{PREFIX}_events_not_new", "Events posted again, or under an id that was used", stored.repeated)
        yield CounterMetricFamily(f"{PREFIX}_flushes", "Commits of accepted events", stored.flushes)
        yield CounterMetricFamily(f"{PREFIX}_flush_seconds", "Time spent in these commits", stored.seconds)
        yield GaugeMetricFamily(f"{PREFIX}_events_waiting", "Events taken in and not stored yet", self._flusher.waiting)
        yield CounterMetricFamily(f"{PREFIX}_deliveries_filed", "Deliveries filed in inboxes", read.filed)
        yield CounterMetricFamily(f"{PREFIX}_deliveries_recalled", "Deliveries taken back unread", read.recalled)
        yield CounterMetricFamily(f"{PREFIX}_ledger_updates", "Answers of the router to own events", read.ledgers)
        yield CounterMetricFamily(
            f"{PREFIX}_records_parked", "Records set aside: forged, unreadable, or under a number that is taken", read.parked
        )
        idle = GaugeMetricFamily(f"{PREFIX}_outbox_idle", "1 when everything is on the bus", labels=["outbox"])
        failures = GaugeMetricFamily(f"{PREFIX}_outbox_failures", "Failed sends since the last that succeeded", labels=["outbox"])
        for name, relay in self._relays.items():
            idle.add_metric([name], float(relay.idle))
            failures.add_metric([name], relay.failures)
        yield from (idle, failures)
