"""When a lease is let go of."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from frontdoor_chassis.clock import SettableClock
from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.signing import Signer
from frontdoor_notifier.adapters.memory import MemoryStore
from frontdoor_notifier.core.depot import Depot
from frontdoor_notifier.core.endpoints import Endpoint, Lease
from frontdoor_notifier.core.ledger import Unit
from frontdoor_notifier.handlers.leases import LeaseKeeper
from unit.notifier.kit import GONE, NOW, depot, file, parcel, report
from unit.notifier.test_commits import committer


class Leases:
    """Notes which were let go of."""

    def __init__(self) -> None:
        self.released: list[str] = []

    async def changed(self, since: int) -> Sequence[Endpoint]:  # noqa: ARG002 - the port's signature
        return ()

    async def claim(self, desks: Sequence[str], *, owner: str, now: datetime, until: datetime) -> Sequence[Lease]:  # noqa: ARG002 - as above
        return ()

    async def renew(self, leases: Sequence[Lease], *, owner: str, until: datetime) -> Mapping[str, bool]:  # noqa: ARG002 - as above
        return {}

    async def release(self, leases: Sequence[Lease], *, owner: str) -> None:  # noqa: ARG002 - as above
        self.released += [lease.desk for lease in leases]

    async def orphans(self, now: datetime, limit: int) -> Sequence[str]:  # noqa: ARG002 - as above
        return ()


class Meanwhile(MemoryStore):
    """A store during whose first commit an endpoint says that it is gone."""

    def __init__(self, made: Depot) -> None:
        super().__init__(Signer("notifier", b"key"))
        file(made, parcel(1, desk="b.desk"))
        self._made = made
        self._gone = made.due(NOW)

    async def write(self, unit: Unit) -> Sequence[OutboxRow]:
        while self._gone:
            report(self._made, self._gone.pop(), GONE)
        return await super().write(unit)


async def test_a_lease_is_let_go_of_only_when_what_came_of_its_attempts_is_committed() -> None:
    made, leases = depot(desks=["a.desk", "b.desk"]), Leases()
    store = Meanwhile(made)
    keeper = LeaseKeeper(
        depot=made,
        leases=leases,
        store=store,
        committer=await committer(made, store),
        clock=SettableClock(NOW),
        owner="this",
        duration=made.rules.timeout + timedelta(seconds=5),
        pump=lambda: None,
    )
    made.leave("a.desk")
    await keeper.release()
    assert leases.released == ["a.desk"]
    await keeper.release()
    assert leases.released == ["a.desk", "b.desk"]
    assert [d.desk for unit in store.units for d in unit.disabled] == ["b.desk"]
