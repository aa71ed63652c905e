"""What a pack says, as far as an expectation can name it."""

from datetime import datetime

from frontdoor_router.core.pack import Pack
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.fields import Plan
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.rehearsal.view import Rules


def rules_of(pack: Pack) -> Rules:
    """The names by which scenarios speak of a pack's rules."""

    def working_days(first: datetime, last: datetime) -> int:
        return pack.calendar.working_days_between(pack.calendar.local_date(first), pack.calendar.local_date(last))

    deadlines: dict[str, frozenset[str]] = {}
    for name, deadline in [*((d.id, d.deadline) for d in pack.duties), *((e.id, e.deadline) for e in pack.expects)]:
        deadlines[name] = deadlines.get(name, frozenset()) | {deadline}
    return Rules(
        deadlines_of=deadlines,
        working_days=working_days,
        plan_of=_plan_of,
    )


def _plan_of(event_type: EventType) -> Plan:
    return MODELS[event_type].plan
