"""A partnership's pack: everything in which one area differs from another, dated, and checked as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.adopting import Kind
from frontdoor_router.core.agreements import Agreements, Epoch
from frontdoor_router.core.calendar import Calendar
from frontdoor_router.core.deadlines import Deadlines
from frontdoor_router.core.duties import CARE, Duty, EachAdult, EachChild, Expects
from frontdoor_router.core.facts import BUILT_IN_PURPOSES
from frontdoor_router.core.lists import StandingList
from frontdoor_router.core.measures.definitions import DataSet
from frontdoor_router.core.patterns import Pattern
from frontdoor_router.core.policies import Agreement, could_hold
from frontdoor_schemas.vocabulary import EventType, Role

BEGINNING = date.min


class NoSuchDutyError(LookupError):
    """No duty of that id is in the pack."""


@dataclass(frozen=True)
class Pack:
    """One pack. Days are local days; what is in force is asked per day, and the agreements of a day are parsed once."""

    directory: Directory
    duties: tuple[Duty, ...]
    expects: tuple[Expects, ...]
    patterns: tuple[Pattern, ...]
    agreements: tuple[Agreement, ...]
    calendar: Calendar
    deadlines: Deadlines
    hash: str
    data_set: DataSet
    lists: tuple[StandingList, ...] = ()
    warnings: tuple[str, ...] = ()
    chapters: Mapping[tuple[Kind, str], str] = field(default_factory=dict)
    """Of each adopted rule, by kind and id, the chapter that gives it. Whatever is not in it is the pack's own."""
    _ready: dict[tuple[str, ...], Agreements] = field(default_factory=dict, repr=False, compare=False)

    @property
    def number(self) -> int:
        """The number that the partnership gives this version of its pack."""
        return self.directory.number

    @property
    def purposes(self) -> frozenset[str]:
        """Every purpose for which a desk may be told."""
        return purposes_of(self.duties, self.lists)

    def duties_for(self, event_type: EventType, on: date) -> tuple[Duty, ...]:
        """Duties that an event of this type brings on a day, in the order of the file."""
        return tuple(d for d in self.duties if d.on is event_type and d.in_force(on))

    def duty(self, duty: str, on: date) -> Duty:
        """The duty of an id that is in force on a day, or else its latest version. Raises `NoSuchDutyError`."""
        versions = sorted((d for d in self.duties if d.id == duty), key=lambda d: d.from_)
        if not versions:
            raise NoSuchDutyError(f"no duty {duty}")
        return next((d for d in versions if d.in_force(on)), versions[-1])

    def expects_for(self, event_type: EventType, on: date) -> tuple[Expects, ...]:
        """What an event of this type should contain, on a day, in the order of the file."""
        return tuple(e for e in self.expects if e.on is event_type and e.in_force(on))

    def pattern(self, pattern: str, on: date) -> Pattern | None:
        """The pattern of an id that is in force on a day."""
        return next((p for p in self.patterns if p.id == pattern and p.in_force(on)), None)

    def epoch(self, on: date) -> Epoch:
        """The policy epoch of a day."""
        opens = max((b for b in boundaries(self.agreements) if b <= on), default=BEGINNING)
        return Epoch(self.number, self.hash, tuple(sorted(a.id for a in self.agreements if a.in_force(on))), opens)

    def next_epoch(self, on: date) -> date | None:
        """The first day after `on` on which another epoch opens, if a date is set for one."""
        return min((b for b in boundaries(self.agreements) if b > on), default=None)

    def agreements_on(self, on: date) -> Agreements:
        """The agreements in force on a day, with their memory of rulings."""
        epoch = self.epoch(on)
        if epoch.agreements not in self._ready:
            in_force = [a for a in self.agreements if a.in_force(on)]
            self._ready[epoch.agreements] = Agreements(in_force, epoch, purposes=self.purposes)
        return self._ready[epoch.agreements]


def purposes_of(duties: Sequence[Duty], lists: Sequence[StandingList] = ()) -> frozenset[str]:
    """What duties and standing lists give in `because`, and the purposes that none of them gives."""
    given = {p for d in duties for p in (d.because, d.history) if p} | {one.because for one in lists}
    return BUILT_IN_PURPOSES | given


def boundaries(agreements: Sequence[Agreement]) -> tuple[date, ...]:
    """The days on which an agreement begins or ends, in order."""
    return tuple(sorted({day for a in agreements for day in (a.from_, a.until) if day is not None}))


def duties_without_agreement(duties: Sequence[Duty], agreements: Sequence[Agreement], directory: Directory) -> Iterator[str]:
    """Roles that a duty would tell nothing on some day, because no agreement then in force could permit anything.

    Such a duty is not wrong: it becomes a piece of work for the lead agency each time. It is seldom meant.
    """
    for duty in duties:
        for role in sorted(roles_told(duty, directory)):
            day = _first_unpermitted(duty, role, agreements)
            if day is not None:
                yield f"tells {role.value}, and no agreement in force on {day} could permit it anything for “{duty.because}”"


def _first_unpermitted(duty: Duty, role: Role, agreements: Sequence[Agreement]) -> date | None:
    days = [duty.from_, *(b for b in boundaries(agreements) if duty.in_force(b))]
    known = {"principal": role.value, "purpose": duty.because, "event_type": duty.on.value}
    for day in sorted(days):
        permits = (p for a in agreements if a.in_force(day) for p in a.policies if p.effect == "permit")
        if not any(could_hold(p.when, known) for p in permits):
            return day
    return None


_ROLES: Mapping[str, frozenset[Role]] = {
    "school": frozenset({Role.school_dsl}),
    "early_years": frozenset({Role.early_years_lead}),
    "gp": frozenset({Role.gp}),
    "health_visiting": frozenset({Role.health_visiting}),
    "school_nursing": frozenset({Role.school_nursing}),
    "midwifery": frozenset({Role.midwifery}),
    "dentist": frozenset({Role.dentist}),
    "manages": frozenset({Role.nps, Role.crc, Role.probation}),
    "treats": frozenset({Role.adult_mental_health, Role.substance_misuse}),
}


def roles_told(duty: Duty, directory: Directory) -> frozenset[Role]:
    """Roles that a duty tells for certain, as far as the pack alone can say: those that some desk fills while it is in force."""
    filled = frozenset(d.role for d in directory.desks.values() if _overlap(d.from_, d.until, duty.from_, duty.until))
    match duty.tell:
        case EachChild("no_school_lead"):
            return frozenset(d.role for d in directory.desks.values() if Role.no_school_lead in d.roles)
        case EachChild(relation) | EachAdult(relation) if relation in CARE or relation in _ROLES:
            return _ROLES[relation] & filled
        case None:
            return frozenset()
    kind, _, name = duty.relation.partition(":")
    if kind == "desk":
        return frozenset({directory.desk(name).role})
    if kind != "role":
        return frozenset()
    addressed = (d for d in directory.desks.values() if Role(name) in d.addressed_by)
    return frozenset(d.role for d in addressed if _overlap(d.from_, d.until, duty.from_, duty.until))


def _overlap(from_: date, until: date | None, other_from: date, other_until: date | None) -> bool:
    return (until is None or other_from < until) and (other_until is None or from_ < other_until)
