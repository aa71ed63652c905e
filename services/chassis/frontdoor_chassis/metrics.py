"""Prometheus metrics of one app: its own registry, so that several can live in one process; labels name routes and codes."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""From a commit on a fast disk to the longest poll."""
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 512)
"""Of batches, up to the largest that is taken at once."""


class Metrics:
    """One registry and short ways to add to it. Label values are routes, families, codes: never anything about a person."""

    def __init__(self, prefix: str) -> None:
        self.registry = CollectorRegistry()
        self._prefix = prefix

    def counter(self, name: str, says: str, labels: tuple[str, ...] = ()) -> Counter:
        """A number that only rises."""
        return Counter(name, says, labels, namespace=self._prefix, registry=self.registry)

    def gauge(self, name: str, says: str, labels: tuple[str, ...] = ()) -> Gauge:
        """A number that is set to what was found."""
        return Gauge(name, says, labels, namespace=self._prefix, registry=self.registry)

    def seconds(self, name: str, says: str, labels: tuple[str, ...] = ()) -> Histogram:
        """How long something takes."""
        return self._histogram(name, says, labels, SECONDS)

    def sizes(self, name: str, says: str, labels: tuple[str, ...] = ()) -> Histogram:
        """How many are taken at once."""
        return self._histogram(name, says, labels, tuple(float(s) for s in SIZES))

    def _histogram(self, name: str, says: str, labels: tuple[str, ...], buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, says, labels, namespace=self._prefix, registry=self.registry, buckets=buckets)

    def text(self) -> tuple[bytes, str]:
        """What `/metrics` answers, and its media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
