"""The shape of `measures.toml`: definitions as a person writes them."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from frontdoor_chassis.directory_file import Dated, Entry, Name, Sourced
from frontdoor_router.core.conditions import ConditionEntry, Path
from frontdoor_router.core.duties_file import Id, RegisterRow
from frontdoor_router.core.measures.definitions import (
    Baseline,
    By,
    ByField,
    Check,
    Complete,
    Concern,
    Each,
    EarlierEvent,
    InTime,
    Known,
    Measure,
    MomentOf,
    Named,
    OfConcern,
    OfEvent,
    OfField,
    OfObligation,
    OfPlan,
    OfReply,
    OfTelling,
    PlanIs,
    Reached,
    Says,
    Span,
    Which,
    Within,
)
from frontdoor_router.core.measures.named import TESTS
from frontdoor_schemas.vocabulary import EventType, Level, Role

LONGEST_WINDOW_MONTHS = 12
"""A year is the longest that any document asks for (“in year”, register M3)."""
SMALLEST_AT_LEAST, SMALLEST_AT_MOST = 2, 20
"""Below two nothing would be held back; above twenty hardly anything would be printed."""
FIELD_PREFIX = "field:"
ON_ARRIVAL = "on-arrival"

FieldPath = Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)*$")]


def _path(text: str) -> Path:
    return tuple(text.split("."))


def _one_of(entry: Entry, names: Iterable[str], what: str) -> str:
    """The one of these keys that is given. Raises `ValueError` when none or several are."""
    aliases = {n: n.rstrip("_").replace("_", "-") if n == "is_" else n for n in names}
    given = [n for n in aliases if getattr(entry, n) not in (None, ())]
    if len(given) != 1:
        raise ValueError(f"{what}: give exactly one of {', '.join(aliases.values())}")
    return given[0]


def _recipient(text: str) -> str:
    kind, _, role = text.partition(":")
    if text == "source" or (kind == "role" and role in set(Role)):
        return text
    raise ValueError(f"“{text}” is neither source nor role:<role>")


def _by(text: str) -> str:
    if text in set(By) or text.startswith(FIELD_PREFIX):
        return text
    raise ValueError(f"“{text}” is none of {', '.join(By)}, field:<path>")


def _test(text: str) -> str:
    if text not in TESTS:
        raise ValueError(f"“{text}” is none of {', '.join(sorted(TESTS))}")
    return text


class MomentEntry(Entry):
    """`{event = "received"}`, `{reply = "referral-outcome", field = "decided_at"}`, `{reached = ["role:health_visiting"]}` …"""

    event: Which | None = None
    telling: Literal["received", "opened", "acted"] | None = None
    obligation: Literal["met"] | None = None
    reached: tuple[Annotated[str, AfterValidator(_recipient)], ...] = ()
    reply: EventType | None = None
    field: FieldPath | None = None
    level: Literal["received", "opened", "acted"] | None = None
    if_: tuple[ConditionEntry, ...] = Field((), alias="if")

    @model_validator(mode="after")
    def _one_moment(self) -> "MomentEntry":
        kind = self._kind
        if self.field is not None and kind not in {"field", "reply"}:
            raise ValueError("field stands alone, or beside reply")
        if self.if_ and self.reply is None:
            raise ValueError("if goes with reply")
        if self.level is not None and kind != "reached":
            raise ValueError("level goes with reached")
        return self

    @property
    def _kind(self) -> str:
        names = ["event", "telling", "obligation", "reached"]
        if not self.reached:
            names.append("reply" if self.reply is not None else "field")
        return _one_of(self, names, "a moment")

    def moment(self) -> MomentOf:
        """The moment that it writes."""
        match self._kind:
            case "event":
                return OfEvent(self.event or Which.received)
            case "telling":
                return OfTelling(Level(self.telling or ""))
            case "obligation":
                return OfObligation()
            case "reached":
                return Reached(self.reached, Level(self.level or Level.received), self._reply() if self.reply else None)
            case "reply":
                return self._reply()
            case _:
                return OfField(_path(self.field or ""))

    def _reply(self) -> OfReply:
        path = _path(self.field) if self.field and not self.reached else None
        return OfReply(EventType(self.reply or ""), path, tuple(c.condition() for c in self.if_))


class CheckEntry(Entry):
    """One test of `if` or `counts`: of a field, of a moment, of a clock, of a plan."""

    field: FieldPath | None = None
    is_: Literal["present", "absent"] | None = Field(None, alias="is")
    equals: str | int | bool | None = None
    any_of: tuple[str | int | bool, ...] | None = Field(None, min_length=1)
    known: MomentEntry | None = None
    unknown: MomentEntry | None = None
    within: Id | None = None
    complete: Literal["on-arrival", "now"] | None = None
    incomplete: Literal["on-arrival", "now"] | None = None
    clock: Literal["in-time"] | None = None
    earlier: EventType | None = None
    days: int | None = Field(None, ge=1)
    plan: PlanIs | None = None
    concern: Id | None = None
    test: Annotated[str, AfterValidator(_test)] | None = None

    @model_validator(mode="after")
    def _one_check(self) -> "CheckEntry":
        kind = self._kind
        if kind == "field":
            self.condition()
        elif self.is_ is not None or self.equals is not None or self.any_of is not None:
            raise ValueError("is, equals and any_of go with field")
        if (self.days is not None) != (kind == "earlier"):
            raise ValueError("earlier and days go together")
        return self

    @property
    def _kind(self) -> str:
        beside = self.complete is not None or self.incomplete is not None
        return _one_of(self, [name for name in _CHECKS if name != "field" or not beside], "a test")

    def condition(self) -> ConditionEntry:
        """The condition on a field that it writes."""
        given: dict[str, Any] = {"field": self.field, "is": self.is_, "equals": self.equals, "any_of": self.any_of}
        return ConditionEntry.model_validate({k: v for k, v in given.items() if v is not None})

    def check(self) -> Check:
        """The test that it writes."""
        return _CHECKS[self._kind](self)


_CHECKS: Mapping[str, Callable[[Any], Check]] = {
    "field": lambda e: Says(e.condition().condition()),
    "known": lambda e: Known(e.known.moment()),
    "unknown": lambda e: Known(e.unknown.moment(), there=False),
    "within": lambda e: Within(e.within),
    "complete": lambda e: Complete(e.complete == ON_ARRIVAL, e.field),
    "incomplete": lambda e: Complete(e.incomplete == ON_ARRIVAL, e.field, so=False),
    "clock": lambda _: InTime(),
    "earlier": lambda e: EarlierEvent(e.earlier, e.days),
    "plan": lambda e: OfPlan(e.plan),
    "concern": lambda e: OfConcern(e.concern),
    "test": lambda e: Named(e.test),
}
"""By the key that says what kind of test it is: exactly one of them is given."""


class SpanEntry(Entry):
    """`time = {from = {…}, to = {…}}`."""

    from_: MomentEntry = Field(alias="from")
    to: MomentEntry


class BaselineEntry(Entry):
    """`baseline = {percent = 26, source = "…"}`: what a document found, to be compared with."""

    percent: Annotated[Decimal, Field(ge=0, le=100)]
    source: Name


class MeasureEntry(Dated, Sourced):
    """`[[measure]]`."""

    id: Id
    title: Name
    unit: Name
    rows: tuple[RegisterRow, ...] = Field(min_length=1)
    each: Each
    on: tuple[EventType, ...] = ()
    item: FieldPath | None = None
    duties: tuple[Id, ...] = ()
    answered_by: EventType | None = None
    source_roles: tuple[Role, ...] = ()
    if_: tuple[CheckEntry, ...] = Field((), alias="if")
    counts: tuple[CheckEntry, ...] = ()
    time: SpanEntry | None = None
    by: tuple[Annotated[str, AfterValidator(_by)], ...] = ()
    months: int = Field(1, ge=1, le=LONGEST_WINDOW_MONTHS)
    share: Literal["of-total"] | None = None
    baseline: BaselineEntry | None = None

    @model_validator(mode="after")
    def _whole(self) -> "MeasureEntry":
        if (self.each is Each.plan) != (not self.on):
            raise ValueError("says not of which events: on is missing" if not self.on else "a plan is no event: leave on out")
        if (self.item is not None) != (self.each is Each.item):
            raise ValueError("item goes with each = item")
        if (self.duties or self.answered_by) and self.each is not Each.obligation:
            raise ValueError("duties and answered_by go with each = obligation")
        if self.share and (self.counts or not self.by):
            raise ValueError("share = of-total goes with by, and without counts")
        if any(c.within for c in self.counts) and self.time is None:
            raise ValueError("within asks how long it took: time is missing")
        if any(c.within or c.clock for c in self.if_):
            raise ValueError("within and clock go with counts: whose clock still runs is left out by itself")
        return self

    def measure(self) -> Measure:
        """The measure that it writes."""
        return Measure(
            id=self.id,
            title=self.title,
            unit=self.unit,
            rows=self.rows,
            source=self.source,
            from_=self.from_,
            until=self.until,
            each=self.each,
            on=frozenset(self.on),
            item=_path(self.item) if self.item else (),
            duties=frozenset(self.duties),
            answered_by=self.answered_by,
            source_roles=frozenset(self.source_roles),
            if_=tuple(c.check() for c in self.if_),
            counts=tuple(c.check() for c in self.counts),
            time=Span(self.time.from_.moment(), self.time.to.moment()) if self.time else None,
            by=tuple(_breakdown(b) for b in self.by),
            months=self.months,
            of_total=self.share is not None,
            baseline=Baseline(self.baseline.percent, self.baseline.source) if self.baseline else None,
        )


def _breakdown(text: str) -> By | ByField:
    return ByField(_path(text.removeprefix(FIELD_PREFIX))) if text.startswith(FIELD_PREFIX) else By(text)


class ConcernEntry(Dated, Sourced):
    """`[[concern]]`: a priority. `any` holds conditions of which one is enough."""

    id: Id
    title: Name
    any_: tuple[ConditionEntry, ...] = Field(min_length=1, alias="any")
    carried_days: int = Field(ge=0)

    def concern(self) -> Concern:
        """The priority that it writes."""
        return Concern(self.id, self.title, self.from_, self.until, tuple(c.condition() for c in self.any_), self.carried_days)


class PublishedEntry(Sourced):
    """`[published]`: what a table for everybody holds back."""

    smallest: int = Field(ge=SMALLEST_AT_LEAST, le=SMALLEST_AT_MOST)


class MeasuresFile(Entry):
    """The whole of `measures.toml`. `published` once among all that a pack adopts, or in its own."""

    published: PublishedEntry | None = None
    concern: tuple[ConcernEntry, ...] = ()
    measure: tuple[MeasureEntry, ...] = ()
