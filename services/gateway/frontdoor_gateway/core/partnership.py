"""What a gateway asks the partnership's directory."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from frontdoor_chassis.directory import Directory
from frontdoor_gateway.core.submissions import Reader
from frontdoor_schemas.vocabulary import EventType, Role


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask about a child, and how."""

    name: str
    email: str
    telephone: str | None


class Partnership:
    """The directory, from one gateway."""

    def __init__(self, directory: Directory, gateway: str) -> None:
        self._directory = directory
        self._gateway = gateway
        self._zone = ZoneInfo(directory.time_zone)
        self._heirs = frozenset(d.successor.partition(".")[0] for d in directory.desks.values() if d.successor)

    def publishes(self, agency: str, at: datetime) -> frozenset[EventType]:
        """The types that an agency publishes at a moment."""
        found = self._directory.agencies.get(agency)
        return found.publishes if found is not None and found.in_force(at.astimezone(self._zone).date()) else frozenset()

    def queries_per_hour(self, desk: str) -> int:
        """How many questions a desk may ask within an hour."""
        return self._directory.desk(desk).queries_per_hour

    def advice(self, at: datetime) -> Contact | None:
        """The front door, for whoever has just written of a child and does not know how it goes on (I6)."""
        found = self._directory.desks_of_role(Role.front_door, at.astimezone(self._zone).date())
        return next((Contact(f"{self._directory.agencies[d.agency].name}, {d.name}", d.email, d.telephone) for d in found), None)

    def reader(self, desk: str, at: datetime) -> Reader:
        """Who a desk is at a moment that asks for what was published here: with whose work it goes on, and its colleagues."""
        agency = self._directory.agency_of(desk).id
        if agency not in self._heirs:
            return Reader(desk)
        today = at.astimezone(self._zone).date()
        before = {d.id: self._ended(d.id, today) for d in self._directory.desks_of_agency(agency, today)}
        left = frozenset(ended for ones in before.values() for ended in ones if self.serves(ended))
        return Reader(desk, before=before.get(desk, frozenset()), left=left)

    def _ended(self, heir: str, today: date) -> frozenset[str]:
        return frozenset(d.id for d in self._directory.predecessors(heir, today))

    def serves(self, desk: str) -> bool:
        """Whether it is or was a desk of this gateway: past deliveries are still filed and read."""
        return self._directory.find(desk) is not None and self._directory.gateway_of(desk) == self._gateway

    def desk(self, desk: str, at: datetime) -> tuple[str, Role] | None:
        """Agency and role of a desk that this gateway serves now."""
        found = self._directory.find(desk)
        served = (
            found is not None and found.in_force(at.astimezone(self._zone).date()) and self._directory.gateway_of(desk) == self._gateway
        )
        return (found.agency, found.role) if found is not None and served else None
