"""Who is who, from the partnership's directory."""

from datetime import datetime
from zoneinfo import ZoneInfo

from frontdoor_chassis.directory import Desk, Directory
from frontdoor_notifier.core.ports import Contact


class DirectoryContacts:
    """Addresses of desks in force on the local day."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._zone = ZoneInfo(directory.time_zone)

    def contact(self, desk: str, at: datetime) -> Contact | None:
        """The desk's own address, else its deputy's, else its manager's."""
        found = self._directory.find(desk)
        if found is None:
            return None
        on = at.astimezone(self._zone).date()
        own = found if found.in_force(on) else None
        who: tuple[Desk | None, ...] = (own, self._directory.deputy(desk, on), self._directory.manager(desk, on))
        address = next((d.email for d in who if d is not None and d.email), None)
        return Contact(found.name, address) if address else None

    def gateway_of(self, desk: str) -> str | None:
        """The gateway that serves a desk."""
        return self._directory.gateway_of(desk) if self._directory.find(desk) else None
