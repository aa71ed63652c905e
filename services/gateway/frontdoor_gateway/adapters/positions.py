"""The consumer's positions, in the words that core knows."""

from collections.abc import Mapping, Sequence

from frontdoor_chassis.bus.ports import Position
from frontdoor_chassis.store.positions import PgPositions
from frontdoor_gateway.adapters.errors import reached


class GatewayPositions(PgPositions):
    """Raises `StoreAwayError` where there is no database."""

    async def load(self, topics: Sequence[str]) -> Mapping[tuple[str, int], Position]:
        """As the port says."""
        with reached():
            return await super().load(topics)
