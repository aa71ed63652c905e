"""Fair shares at the door: a token bucket for each key."""

from dataclasses import dataclass

from frontdoor_gateway.core.failures import TooFastError


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Limiter:
    """Lets each key post `rate` events a second for long, and `burst` at once."""

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str, count: int, now: float) -> None:
        """Take `count` events from a key's share at a monotonic moment. Raises `TooFastError` and takes nothing.

        A bucket may be overdrawn by one batch, so that a batch larger than the burst can pass at all.
        """
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._burst, now)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
        needed = min(count, self._burst)
        if bucket.tokens < needed:
            raise TooFastError((needed - bucket.tokens) / self._rate)
        bucket.tokens -= count
