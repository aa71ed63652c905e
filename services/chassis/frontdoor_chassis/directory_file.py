"""The shape of a pack's `agencies.toml`."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import to_json

from frontdoor_chassis.toml_places import TomlFile
from frontdoor_schemas.envelope import AgencyId, DeskId
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
    links: tuple[DeskId, ...] = ()
    successor: DeskId | None = None
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


def adoption(document: TomlFile) -> AdoptionEntry | None:
    """What a document says about common procedures, whatever else is wrong with it. None when that itself cannot be read."""
    head = document.data.get("partnership")
    if not isinstance(head, Mapping):
        return None
    try:
        return AdoptionEntry.model_validate_json(to_json({k: v for k, v in head.items() if k in AdoptionEntry.model_fields}))
    except ValidationError:
        return None
