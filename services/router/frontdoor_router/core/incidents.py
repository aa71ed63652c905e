"""What became of an incident of the asking agency: referred, not yet, or not at all (D8)."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from frontdoor_router.core.asking import Asking
from frontdoor_router.core.clocks import replies_wanted
from frontdoor_router.core.pointers import INCIDENT
from frontdoor_router.core.sheets import Item
from frontdoor_router.core.world import Earlier, Told
from frontdoor_schemas.envelope import DeliveryKind, utc
from frontdoor_schemas.vocabulary import EventType, Role

REFERRAL = "domestic_abuse/child_referral_id"
"""Where an incident names the event by which it was referred."""


def incidents(asking: Asking) -> Iterator[Item]:
    """The status of each incident of the number asked about, and who has its referral."""
    for incident in (e for e in _events(asking) if e.type is EventType.police_incident):
        yield from _status(asking, incident, _referrals(asking, incident))


def _events(asking: Asking) -> list[Earlier]:
    keys = [p.key for p in asking.pointers if p.key.kind == INCIDENT]
    found = (asking.world.events.get(event) for key in keys for event in asking.recollection.events.get(key, ()))
    return [e for e in found if e is not None and not e.withdrawn and asking.may_hear_of(e)]


def _referrals(asking: Asking, incident: Earlier) -> list[Earlier]:
    """Referrals of the incident: the agency's own, but for what is kept from the desk, and those of which the asking desk was told."""
    found = [e for e in _near(asking, incident) if e.type is EventType.referral and not e.withdrawn and asking.may_hear_of(e)]
    return [e for e in found if _own(asking, e.source) or any(t.desk == asking.desk and not t.withdrawn for t in e.told)]


def _near(asking: Asking, incident: Earlier) -> list[Earlier]:
    """The events of its thread, and the one that the incident itself names as its referral."""
    content = asking.recollection.contents.get(incident.id)
    named = {UUID(said) for s in (content.sections if content else ()) for path, said in s.body.items() if path == REFERRAL}
    return asking.world.thread(incident.thread) + [e for e in map(asking.world.events.get, named) if e is not None]


def _own(asking: Asking, desk: str) -> bool:
    return desk.partition(".")[0] == asking.bare.source.agency


def _status(asking: Asking, incident: Earlier, referrals: list[Earlier]) -> Iterator[Item]:
    on = incident.occurred_at.astimezone(asking.zone).date().isoformat()
    if referrals:
        referral = min(referrals, key=lambda e: e.occurred_at)
        said = {"status": "referred", "on": on, "referred_at": utc(referral.occurred_at)}
        yield Item("incidents", None, incident.occurred_at, said, event=referral.id)
        for told in _receivers(asking, referral):
            at = asking.recollection.told_at.get(told.id)
            yield Item("incident_receivers", None, referral.occurred_at, _received(told, at), event=referral.id)
        return
    status = "pending" if _is_owed(asking, incident.id) else "not_referred"
    yield Item("incidents", None, incident.occurred_at, {"status": status, "on": on}, event=incident.id)


def _receivers(asking: Asking, referral: Earlier) -> list[Told]:
    """Front doors: of all others that heard of it the sender is not to know."""
    found = [t for t in referral.told if t.kind == DeliveryKind.disclosure and not t.withdrawn]
    return [t for t in found if (desk := asking.directory.find(t.desk)) and desk.role is Role.front_door]


def _received(told: Told, at: datetime | None) -> dict[str, str]:
    return {"desk": told.desk} | ({"at": utc(at)} if at else {})


def _is_owed(asking: Asking, incident: UUID) -> bool:
    owed = (o for version in asking.world.versions(incident) for o in asking.world.owed.get(version.id, ()))
    return any(EventType.referral.value in replies_wanted(o.satisfied_by) for o in owed)
