"""The partnership's directory: agencies, their desks and roles, who deputises, who confirms, who reviews.

Every service reads it from the pack's `agencies.toml` (docs/pack.md). Ids are `agency.desk`; dates are local days.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from frontdoor_chassis.directory_checks import parse_agencies
from frontdoor_chassis.directory_file import AgenciesFile, AgencyEntry, DeskEntry, PartnershipEntry, QuotaEntry, desks_named
from frontdoor_chassis.directory_successors import successors
from frontdoor_chassis.toml_places import Fault, PackError, TomlFile, read_text, read_toml
from frontdoor_schemas.vocabulary import EventType, Relation, Role

AGENCIES_FILE = "agencies.toml"


class UnknownDeskError(LookupError):
    """No desk or agency of that id is in the directory."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An agency's role with its own people and its own sequence of deliveries."""

    id: str
    agency: str
    role: Role
    name: str
    email: str
    hours: str
    from_: date
    also: tuple[Role, ...] = ()
    by_role: bool = True
    telephone: str | None = None
    deputy: str | None = None
    manager: str | None = None
    links: tuple[str, ...] = ()
    """Link workers: the desks of other services with which a practice works."""
    until: date | None = None
    successor: str | None = None
    """The desk that has its work from the day on which it ends."""
    queries_per_hour: int = 0

    @property
    def roles(self) -> tuple[Role, ...]:
        """Every role it fills. Agreements ask for the first alone."""
        return (self.role, *self.also)

    @property
    def addressed_by(self) -> tuple[Role, ...]:
        """Roles by which duties reach it: `by_role` says whether by its first."""
        return self.roles if self.by_role else self.also

    def in_force(self, on: date) -> bool:
        """Whether the desk exists on a local day."""
        return self.from_ <= on and not self.ended(on)

    def ended(self, on: date) -> bool:
        """Whether it exists no longer."""
        return self.until is not None and self.until <= on


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency and what it may publish, while it exists."""

    id: str
    name: str
    gateway: str
    publishes: frozenset[EventType]
    from_: date
    until: date | None = None
    successor: str | None = None

    def in_force(self, on: date) -> bool:
        """Whether the agency exists on a local day."""
        return self.from_ <= on and (self.until is None or on < self.until)


@dataclass(frozen=True)
class Directory:
    """Who there is. Look-ups by an id that is not there raise `UnknownDeskError`; `find` answers None instead."""

    name: str
    title: str
    note: str
    number: int
    time_zone: str
    lead_agency: str
    cannot_decide: str
    agencies: Mapping[str, Agency]
    desks: Mapping[str, Desk]
    reviewers: Mapping[str, str]
    registers: Mapping[Relation, tuple[str, ...]] = field(default_factory=dict)
    local_names: Mapping[Role, str] = field(default_factory=dict)
    leads: frozenset[str] = frozenset()
    """The lead agency, and whoever has taken it over by the day for which this is (`on`)."""

    def find(self, desk: str) -> Desk | None:
        """The desk, or None."""
        return self.desks.get(desk)

    def desk(self, desk: str) -> Desk:
        """The desk."""
        try:
            return self.desks[desk]
        except KeyError:
            raise UnknownDeskError(f"no desk {desk}") from None

    def agency(self, agency: str) -> Agency:
        """The agency."""
        try:
            return self.agencies[agency]
        except KeyError:
            raise UnknownDeskError(f"no agency {agency}") from None

    def agency_of(self, desk: str) -> Agency:
        """The agency whose desk it is."""
        return self.agency(self.desk(desk).agency)

    def gateway_of(self, desk: str) -> str:
        """The gateway that serves it."""
        return self.agency_of(desk).gateway

    def in_force(self, desk: str, on: date) -> bool:
        """Whether such a desk exists on a local day; a desk that was never there does not."""
        found = self.desks.get(desk)
        return found is not None and found.in_force(on)

    def desks_of_role(self, role: Role, on: date) -> tuple[Desk, ...]:
        """Desks that a duty means by a role: those in force that fill it and are addressed by it, in order of id."""
        return tuple(d for d in self._addressed_by.get(role, ()) if d.in_force(on))

    @cached_property
    def _addressed_by(self) -> Mapping[Role, tuple[Desk, ...]]:
        roles = {role for desk in self.desks.values() for role in desk.addressed_by}
        return {role: tuple(d for d in self.desks.values() if role in d.addressed_by) for role in roles}

    def desks_of_agency(self, agency: str, on: date) -> tuple[Desk, ...]:
        """Its desks in force, in order of id."""
        return tuple(d for d in self.desks.values() if d.agency == agency and d.in_force(on))

    def desks_of_gateway(self, gateway: str) -> tuple[Desk, ...]:
        """Every desk that a gateway serves or ever served, in order of id: past deliveries are still read."""
        return tuple(d for d in self.desks.values() if self.agencies[d.agency].gateway == gateway)

    def gateways(self) -> tuple[str, ...]:
        """All gateways, sorted."""
        return tuple(sorted({a.gateway for a in self.agencies.values()}))

    def may_publish(self, agency: str, event_type: EventType, on: date) -> bool:
        """Whether an agency in force may publish a type. Corrections and withdrawals of its own events need listing too."""
        found = self.agencies.get(agency)
        return found is not None and found.in_force(on) and event_type in found.publishes

    def deputy(self, desk: str, on: date) -> Desk | None:
        """The desk that stands in, when it is in force. Nobody stands in for it in turn: a deputy reads what the desk was given."""
        deputy = self.desk(desk).deputy
        found = self.desk(deputy) if deputy else None
        return found if found is not None and found.in_force(on) else None

    def manager(self, desk: str, on: date) -> Desk | None:
        """The desk that is told when this one does not act, or the one that has its work, when there is one in force."""
        manager = self.desk(desk).manager
        return self.acting(manager, on) if manager else None

    def acting(self, desk: str, on: date) -> Desk | None:
        """The desk that has a desk's work on a day: itself while it exists, then whoever took over, along the chain of successors.

        None for a desk that has ended without a successor, that does not exist yet, or that was never there.
        """
        found = self.desks.get(desk)
        while found is not None and found.ended(on):
            found = self.desks[found.successor] if found.successor else None
        return found if found is not None and found.in_force(on) else None

    def predecessors(self, desk: str, on: date) -> tuple[Desk, ...]:
        """The desks that have ended and whose work a desk has on a day, in order of id."""
        found = [d for d in self._all_predecessors(desk) if (acting := self.acting(d.id, on)) is not None and acting.id == desk]
        return tuple(sorted((d for d in found if d.ended(on)), key=lambda d: d.id))

    def _all_predecessors(self, desk: str) -> Iterator[Desk]:
        for before in self._directly_before.get(desk, ()):
            yield before
            yield from self._all_predecessors(before.id)

    @cached_property
    def _directly_before(self) -> Mapping[str, tuple[Desk, ...]]:
        ended = [d for d in self.desks.values() if d.successor]
        return {one.successor: tuple(d for d in ended if d.successor == one.successor) for one in ended if one.successor}

    def ended(self, on: date) -> tuple[Desk, ...]:
        """The desks that exist no longer, in order of id."""
        return tuple(d for d in self.desks.values() if d.ended(on))

    def speaks_for(self, agency: str, desk: str, on: date) -> bool:
        """Whether an agency may speak for a desk: it is the agency's, or the agency has its work."""
        acting = self.acting(desk, on)
        return desk.partition(".")[0] == agency or (acting is not None and acting.agency == agency)

    def successor(self, agency: str, on: date) -> Agency | None:
        """The agency in force that took over, along the chain of successors; None while the agency itself is in force."""
        current = self.agency(agency)
        while not current.in_force(on):
            if current.successor is None:
                return None
            current = self.agency(current.successor)
        return None if current.id == agency else current

    def on(self, day: date) -> "Directory":
        """The same partnership with its own offices filled by those who have their work on a day.

        Who has ended is still believed in what was said before the end and is decided after it.
        """
        lead = self.successor(self.lead_agency, day)
        return replace(
            self,
            leads=self.leads | ({lead.id} if lead else set()),
            cannot_decide=self._office(self.cannot_decide, day),
            reviewers={family: self._office(desk, day) for family, desk in self.reviewers.items()},
            registers={r: tuple(dict.fromkeys((*who, *(self._office(d, day) for d in who)))) for r, who in self.registers.items()},
        )

    def _office(self, desk: str, day: date) -> str:
        acting = self.acting(desk, day)
        return acting.id if acting else desk

    def reviewer(self, family: str) -> Desk:
        """The desk that finds out which person an event of a topic family is about."""
        return self.desk(self.reviewers.get(family, self.reviewers["default"]))

    def is_lead(self, desk: str) -> bool:
        """Whether it is a desk of the lead agency."""
        return self.desk(desk).agency in self.leads

    def confirms(self, desk: str, relation: Relation) -> bool:
        """Whether a desk's statement of a relation confirms it: a register of that relation, or the lead agency."""
        return desk in self.registers.get(relation, ()) or self.is_lead(desk)

    def local_name(self, role: Role) -> str:
        """What people here call a role."""
        return self.local_names.get(role, role.value.replace("_", " "))


def load_directory(path: Path) -> Directory:
    """Read a pack's directory from its folder or from `agencies.toml` itself. Raises `PackError` with every fault."""
    file = path / AGENCIES_FILE if path.is_dir() else path
    try:
        text = read_text(file, file.read_bytes())
    except OSError as error:
        raise PackError([Fault(str(file), 0, f"cannot be read: {error.strerror}")]) from error
    return parse_directory(read_toml(str(file), text))


def parse_directory(document: TomlFile) -> Directory:
    """The directory that a document describes. Raises `PackError` with every fault."""
    return _built(parse_agencies(document))


def _built(parsed: AgenciesFile) -> Directory:
    head, after = parsed.partnership, successors(parsed)
    desks = (_desk(agency, desk, head.queries, after) for agency in parsed.agency for desk in agency.desk)
    return Directory(
        name=head.name,
        title=head.title,
        note=head.note,
        number=head.number,
        time_zone=head.time_zone,
        lead_agency=head.lead_agency,
        leads=frozenset({head.lead_agency}),
        cannot_decide=head.cannot_decide,
        agencies={a.id: _agency(a, head) for a in sorted(parsed.agency, key=lambda a: a.id)},
        desks={d.id: d for d in sorted(desks, key=lambda d: d.id)},
        reviewers=dict(head.review),
        registers={relation: desks_named(who) for relation, who in head.registers.items()},
        local_names=dict(head.names),
    )


def _agency(entry: AgencyEntry, head: PartnershipEntry) -> Agency:
    publishes = head.published(entry.publishes)
    return Agency(entry.id, entry.name, entry.gateway, publishes, entry.from_, entry.until, entry.successor)


def _desk(agency: AgencyEntry, entry: DeskEntry, usual: QuotaEntry | None, after: Mapping[str, str]) -> Desk:
    quota = entry.queries or usual
    return Desk(
        id=f"{agency.id}.{entry.id}",
        agency=agency.id,
        role=entry.role,
        name=entry.name,
        email=entry.email,
        hours=entry.hours,
        from_=entry.from_ or agency.from_,
        also=entry.also,
        by_role=entry.by_role,
        telephone=entry.telephone,
        deputy=entry.deputy,
        manager=entry.manager,
        links=entry.links,
        until=entry.until or agency.until,
        queries_per_hour=quota.per_hour if quota else 0,
        successor=after.get(f"{agency.id}.{entry.id}"),
    )
