"""A question to the data set, and the table that answers it. Asked again with the same as-at date, it is answered the same."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, Protocol
from uuid import UUID

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.calendar import Calendar
from frontdoor_router.core.measures.audiences import Audience, Everybody, OneAgency, Partnership, shown
from frontdoor_router.core.measures.definitions import Concern, DataSet, Each, EarlierEvent, Measure
from frontdoor_router.core.measures.facts import EventFact
from frontdoor_router.core.measures.figures import Measured
from frontdoor_router.core.measures.plans import PlanBook
from frontdoor_router.core.measures.tally import Period, Result, Rules, Tally
from frontdoor_schemas.vocabulary import EventType

MONTHS_OF_A_YEAR = 12
PLANS = frozenset({EventType.plan_status, EventType.plan_update})
"""Events that say how a plan stands."""
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)

AudienceName = Literal["published", "partnership", "agency"]

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


class NoSuchQuestionError(ValueError):
    """The data set has no answer to this: no such month, concern or agency. The message names which, and repeats no value."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The events that a source has to read: of these types, first received in `start <= moment < end`, as known at `as_at`."""

    types: frozenset[EventType]
    start: datetime
    end: datetime
    as_at: datetime
    past: frozenset[EventType] = frozenset()
    """Types of which it has to say when the same children were in one before."""
    marks: frozenset[str] = frozenset()
    """Words that it has to look for in the children's chronologies."""


class Source(Protocol):
    """Reads events as they stood at a moment. All reads of one source are of one and the same state of the ledger."""

    def events(self, wanted: Wanted) -> AsyncIterator[EventFact]:
        """Each event once, its corrections worked in, in the order in which they came."""
        ...

    async def set_aside(self, wanted: Wanted) -> int:
        """How many events nobody could decide, and are in no figure."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """One table: a month, as known at a moment, of one concern or of all, for an audience."""

    month: date
    as_at: datetime
    concern: str | None
    audience: Audience


@dataclass(frozen=True, slots=True)
class Table:
    """The answer. `set_aside` events of the month are in no figure; `whole_month` says whether it was over at `as_at`."""

    question: Question
    partnership: str
    edition: str
    smallest: int
    whole_month: bool
    set_aside: int
    measures: tuple[Measured, ...]


def month_of(text: str) -> date:
    """The first day of `2020-11`. Raises `NoSuchQuestionError`."""
    found = _MONTH.fullmatch(text)
    if found is None or found[1] == "0000":
        raise NoSuchQuestionError("a month is written YYYY-MM")
    return date(int(found[1]), int(found[2]), 1)


def as_at_of(asked: datetime | None, now: datetime) -> datetime:
    """The moment asked for, or now. Raises `NoSuchQuestionError` for one to come: what will be known then nobody knows."""
    if asked is not None and asked > now:
        raise NoSuchQuestionError("that moment has not come yet")
    return (asked or now).astimezone(UTC)


def audience_of(name: AudienceName, agency: str | None, directory: Directory) -> Audience:
    """The audience of that name. Raises `NoSuchQuestionError`."""
    if (name == "agency") != (agency is not None):
        raise NoSuchQuestionError("an agency goes with audience=agency")
    if agency is not None:
        if agency not in directory.agencies:
            raise NoSuchQuestionError("there is no such agency")
        return OneAgency(agency)
    return Partnership() if name == "partnership" else Everybody()


def months_later(month: date, months: int) -> date:
    """The first day of a month so many months on; negative is before."""
    years, index = divmod(month.year * MONTHS_OF_A_YEAR + month.month - 1 + months, MONTHS_OF_A_YEAR)
    return date(years, index + 1, 1)


def period_of(measure: Measure, question: Question, calendar: Calendar) -> Period:
    """The months of a measure that end with the one asked for, by the partnership's clock."""
    first, after = months_later(question.month, 1 - measure.months), months_later(question.month, 1)
    return Period(calendar.at(first, time.min), calendar.at(after, time.min), question.as_at)


def of_concerns(event: EventFact, concerns: Sequence[Concern]) -> EventFact:
    """The event with the priorities that it is of: by its own words, or else by what was said of its children before."""
    own = frozenset(c.id for c in concerns if any(condition.holds(event.message) for condition in c.any_))
    return replace(event, concerns=own or frozenset(c.id for c in concerns if _carried(c, event)))


def _carried(concern: Concern, event: EventFact) -> bool:
    since = event.received_at - timedelta(days=concern.carried_days)
    return any(past.received_at > since and past.marks & concern.marks for past in event.past)


async def answer(question: Question, data_set: DataSet, rules: Rules, source: Source) -> Table:
    """Read the ledger once for each length of period, and the plans from their beginning. Raises `NoSuchQuestionError`."""
    measures = data_set.measures_on(question.month)
    tally = await _counted(question, data_set, measures, rules, source)
    first, after = (rules.calendar.at(months_later(question.month, n), time.min) for n in (0, 1))
    return Table(
        question=question,
        partnership=rules.directory.title,
        edition=data_set.edition,
        smallest=data_set.smallest,
        whole_month=question.as_at >= after,
        set_aside=await source.set_aside(Wanted(frozenset(EventType), first, after, question.as_at)),
        measures=tuple(shown(m, tally, question.audience, data_set.smallest) for m in measures),
    )


async def cases(question: Question, measure: str, data_set: DataSet, rules: Rules, source: Source) -> Mapping[UUID, Result]:
    """The events behind one measure, each with what became of it: from the number to the list (M7). Raises `NoSuchQuestionError`."""
    measures = tuple(m for m in data_set.measures_on(question.month) if m.id == measure)
    if not measures:
        raise NoSuchQuestionError("there is no such measure in that month")
    return (await _counted(question, data_set, measures, rules, source, watched=measure)).seen


async def _counted(
    question: Question, data_set: DataSet, measures: Sequence[Measure], rules: Rules, source: Source, *, watched: str | None = None
) -> Tally:
    concerns = data_set.concerns_on(question.month)
    if question.concern is not None and question.concern not in {c.id for c in concerns}:
        raise NoSuchQuestionError("there is no such concern in that month")
    tally = Tally(rules, {m.id: period_of(m, question, rules.calendar) for m in measures}, question.concern, watched)
    for months in sorted({m.months for m in measures if m.each is not Each.plan}):
        await _add_events([m for m in measures if m.months == months and m.each is not Each.plan], concerns, tally, source)
    await _add_plans([m for m in measures if m.each is Each.plan], concerns, question, tally, source)
    return tally


async def _add_events(measures: Sequence[Measure], concerns: Sequence[Concern], tally: Tally, source: Source) -> None:
    """All events of measures over one period."""
    period = tally.periods[measures[0].id]
    types = frozenset(t for m in measures for t in m.on)
    past = frozenset(c.type for m in measures for c in (*m.if_, *m.counts) if isinstance(c, EarlierEvent))
    async for event in source.events(Wanted(types, period.start, period.end, period.as_at, past, _marks(concerns))):
        tally.add(measures, of_concerns(event, concerns))


def _marks(concerns: Sequence[Concern]) -> frozenset[str]:
    return frozenset(mark for concern in concerns for mark in concern.marks)


async def _add_plans(measures: Sequence[Measure], concerns: Sequence[Concern], question: Question, tally: Tally, source: Source) -> None:
    if not measures:
        return
    book = PlanBook()
    async for event in source.events(Wanted(PLANS, BEGINNING, question.as_at, question.as_at, marks=_marks(concerns))):
        book.add(of_concerns(event, concerns))
    for plan in book.plans():
        tally.add_plan(measures, plan)
