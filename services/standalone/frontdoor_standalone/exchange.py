"""A running exchange as whoever uses it sees it: where its services are, and the keys to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Exchange:
    """Addresses and secrets of one running partnership. The secrets are made up when it starts and never printed."""

    pack: Path
    gateways: Mapping[str, str]
    """Base address by gateway name."""
    router: str
    notifier: str
    keys: Mapping[str, str] = field(repr=False)
    """API key by desk."""
    admin_token: str = field(repr=False)
    rehearsal_token: str = field(repr=False)
    pids: Mapping[str, int] = field(default_factory=dict)
    """Processes by service; empty where all of it is one process."""

    @property
    def services(self) -> dict[str, str]:
        """Every service's base address by name, the router last: its clock is to be the last to move."""
        return {**self.gateways, "notifier": self.notifier, "router": self.router}
