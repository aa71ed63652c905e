"""The shape of a pack's `agencies.toml` and what is checked in it beyond its shape."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import to_json

from frontdoor_chassis.toml_places import PackError, Place, TomlFile, parse_strictly
from frontdoor_schemas.envelope import AgencyId, DeskId
from frontdoor_schemas.topics import FAMILIES
from frontdoor_schemas.vocabulary import EventType, Relation, Role

RESERVED_DOMAINS = (".example", ".test", ".invalid")
"""RFC 2606: while a pack is illustrative, no message of it may ever reach anybody."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
LocalId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"“{name}” is no time zone") from error
    return name


def _relative(path: str) -> str:
    if PurePosixPath(path).is_absolute():
        raise ValueError(f"“{path}” is not relative to the pack's folder: a copy of the pack would not bring its procedures along")
    return path


class Entry(BaseModel):
    """What every table of a pack is: closed, strict, immutable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)


class Dated(Entry):
    """In force from a day on, until before another."""

    from_: date = Field(alias="from")
    until: date | None = None

    @model_validator(mode="after")
    def _some_day(self) -> "Dated":
        if self.until is not None and self.until <= self.from_:
            raise ValueError(f"until {self.until} is not after from {self.from_}: it would never be in force")
        return self

    def in_force(self, on: date) -> bool:
        """Whether it holds on a local day; `until` is the first day on which it no longer does."""
        return self.from_ <= on and (self.until is None or on < self.until)


class Sourced(Entry):
    """Says which document asks for it, or that it is the partnership's own."""

    source: Name | None = None
    own: bool = False

    @model_validator(mode="after")
    def _source_or_own(self) -> "Sourced":
        if (self.source is not None) == self.own:
            raise ValueError("give either a source, or own = true")
        return self


class QuotaEntry(Sourced):
    """`queries = {per_hour = 60, own = true}`: how many questions a desk may ask the exchange within any hour."""

    per_hour: Annotated[int, Field(ge=1, le=100_000)]


class DeskEntry(Entry):
    """`[[agency.desk]]`. Dates that are not given are the agency's."""

    id: LocalId
    role: Role
    also: tuple[Role, ...] = ()
    by_role: bool = True
    name: Name
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
    telephone: Name | None = None
    deputy: DeskId | None = None
    manager: DeskId | None = None
    hours: Name
    queries: QuotaEntry | None = None
    from_: date | None = Field(None, alias="from")
    until: date | None = None


class AgencyEntry(Dated, Sourced):
    """`[[agency]]`."""

    id: AgencyId
    name: Name
    gateway: AgencyId
    successor: AgencyId | None = None
    publishes: tuple[Name, ...] = ()
    desk: tuple[DeskEntry, ...]


class AdoptionEntry(Entry):
    """What `[partnership]` says about common procedures: where they lie, which chapters hold here, and what of them does not."""

    procedures: Annotated[str, AfterValidator(_relative)] | None = None
    adopts: tuple[LocalId, ...] = ()
    without: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _somewhere(self) -> "AdoptionEntry":
        if self.adopts and self.procedures is None:
            raise ValueError("adopts chapters and does not say where they lie: procedures is missing")
        return self


class PartnershipEntry(AdoptionEntry):
    """`[partnership]`."""

    name: AgencyId
    title: Name
    note: Name
    number: int
    illustrative: bool = True
    time_zone: Annotated[str, AfterValidator(_zone)]
    lead_agency: AgencyId
    cannot_decide: DeskId
    review: dict[str, DeskId]
    registers: dict[Relation, DeskId | tuple[DeskId, ...]] = {}
    publishes: dict[LocalId, tuple[EventType, ...]] = {}
    names: dict[Role, Name] = {}
    queries: QuotaEntry | None = None

    def published(self, named: Iterable[str]) -> frozenset[EventType]:
        """The types that an agency's `publishes` comes to: each of its names is that of a list of the partnership, or of a type."""
        return frozenset(EventType(word) for name in named for word in self.publishes.get(name, (name,)))


class AgenciesFile(Entry):
    """The whole of `agencies.toml`."""

    partnership: PartnershipEntry
    agency: tuple[AgencyEntry, ...]


def desks_named(who: str | tuple[str, ...]) -> tuple[str, ...]:
    """One desk or several, as several."""
    return (who,) if isinstance(who, str) else who


def parse_agencies(document: TomlFile) -> AgenciesFile:
    """The document, checked. Raises `PackError` with every fault."""
    parsed = parse_strictly(AgenciesFile, document)
    faults = [document.fault(place, reason) for place, reason in _faults(parsed)]
    if faults:
        raise PackError(faults)
    return parsed


_Faults = Iterator[tuple[Place, str]]


def adoption(document: TomlFile) -> AdoptionEntry | None:
    """What a document says about common procedures, whatever else is wrong with it. None when that itself cannot be read."""
    head = document.data.get("partnership")
    if not isinstance(head, Mapping):
        return None
    try:
        return AdoptionEntry.model_validate_json(to_json({k: v for k, v in head.items() if k in AdoptionEntry.model_fields}))
    except ValidationError:
        return None


def _faults(parsed: AgenciesFile) -> _Faults:
    yield from _repeated(parsed)
    yield from _head_faults(parsed)
    yield from _publishing_faults(parsed)
    for number, agency in enumerate(parsed.agency):
        yield from _agency_faults(parsed, number, agency)


def _repeated(parsed: AgenciesFile) -> _Faults:
    agencies = [a.id for a in parsed.agency]
    for number in _doubles(agencies):
        yield ("agency", number, "id"), f"agency {agencies[number]} is entered twice"
    for number, agency in enumerate(parsed.agency):
        for place in _doubles([d.id for d in agency.desk]):
            yield ("agency", number, "desk", place, "id"), f"desk {agency.id}.{agency.desk[place].id} is entered twice"
    for key, given in (("adopts", parsed.partnership.adopts), ("without", parsed.partnership.without)):
        for place in _doubles(given):
            yield ("partnership", key, place), f"“{given[place]}” is named twice"


def _doubles(ids: Sequence[str]) -> Iterable[int]:
    return (number for number, id_ in enumerate(ids) if id_ in ids[:number])


def _head_faults(parsed: AgenciesFile) -> _Faults:
    head, desks = parsed.partnership, _ids(parsed)
    if head.lead_agency not in {a.id for a in parsed.agency}:
        yield ("partnership", "lead_agency"), f"no agency {head.lead_agency}"
    if head.cannot_decide not in desks:
        yield ("partnership", "cannot_decide"), f"no desk {head.cannot_decide}"
    if "default" not in head.review:
        yield ("partnership", "review"), "says nobody under default"
    for family, desk in head.review.items():
        if family not in (*FAMILIES, "default"):
            yield ("partnership", "review", family), f"no family {family}; there are {', '.join(FAMILIES)}"
        if desk not in desks:
            yield ("partnership", "review", family), f"no desk {desk}"
    for relation, who in head.registers.items():
        for desk in desks_named(who):
            if desk not in desks:
                yield ("partnership", "registers", relation.value), f"no desk {desk}"


def _publishing_faults(parsed: AgenciesFile) -> _Faults:
    lists, types = parsed.partnership.publishes, frozenset(t.value for t in EventType)
    for name in sorted(lists.keys() & types):
        yield ("partnership", "publishes", name), f"{name} is an event type; a list has a name of its own"
    for number, agency in enumerate(parsed.agency):
        for place, name in enumerate(agency.publishes):
            if name not in lists and name not in types:
                yield ("agency", number, "publishes", place), f"“{name}” is no event type and no list of [partnership.publishes]"


def _ids(parsed: AgenciesFile) -> frozenset[str]:
    return frozenset(f"{a.id}.{d.id}" for a in parsed.agency for d in a.desk)


def _managers(parsed: AgenciesFile) -> frozenset[str]:
    return frozenset(d.manager for a in parsed.agency for d in a.desk if d.manager is not None)


def _agency_faults(parsed: AgenciesFile, number: int, agency: AgencyEntry) -> _Faults:
    if agency.successor is not None and agency.successor not in {a.id for a in parsed.agency}:
        yield ("agency", number, "successor"), f"no agency {agency.successor}"
    if agency.successor is not None and agency.until is None:
        yield ("agency", number, "successor"), f"{agency.id} has a successor and no day on which it ends (until)"
    if agency.id in _chain(parsed, agency):
        yield ("agency", number, "successor"), f"{agency.id} would be its own successor"
    types = (word for name in agency.publishes for word in parsed.partnership.publishes.get(name, (name,)))
    if EventType.query.value in types and parsed.partnership.queries is None and any(d.queries is None for d in agency.desk):
        yield ("agency", number, "publishes"), f"{agency.id} may ask, and neither it nor the partnership says how often: queries.per_hour"
    if not agency.desk:
        yield ("agency", number), f"agency {agency.id} has no desk"
    elif not any(desk.manager is not None or f"{agency.id}.{desk.id}" in _managers(parsed) for desk in agency.desk):
        yield ("agency", number), f"agency {agency.id} has no escalation contact: no desk of it has a manager, or is one"
    for place, desk in enumerate(agency.desk):
        for key, reason in _desk_faults(parsed, agency, desk):
            yield ("agency", number, "desk", place, key), reason


def _chain(parsed: AgenciesFile, agency: AgencyEntry) -> set[str]:
    following, after = {a.id: a.successor for a in parsed.agency}, set[str]()
    step = agency.successor
    while step is not None and step not in after:
        after.add(step)
        step = following.get(step)
    return after


def _desk_faults(parsed: AgenciesFile, agency: AgencyEntry, desk: DeskEntry) -> Iterator[tuple[str, str]]:
    own, desks = f"{agency.id}.{desk.id}", _ids(parsed)
    if parsed.partnership.illustrative and not desk.email.endswith(RESERVED_DOMAINS):
        yield "email", f"{desk.email} is not in a reserved domain ({', '.join(RESERVED_DOMAINS)}), and the pack is illustrative"
    for key, linked in (("deputy", desk.deputy), ("manager", desk.manager)):
        if linked == own:
            yield key, f"{own} cannot be its own {key}"
        elif linked is not None and linked not in desks:
            yield key, f"no desk {linked}"
    if desk.from_ is not None and desk.from_ < agency.from_:
        yield "from", f"{own} would exist before its agency, which begins on {agency.from_}"
    if desk.until is not None and desk.until <= (desk.from_ or agency.from_):
        yield "until", f"{own} would never be in force"
    if desk.until is not None and agency.until is not None and desk.until > agency.until:
        yield "until", f"{own} would outlive its agency, which ends on {agency.until}"
