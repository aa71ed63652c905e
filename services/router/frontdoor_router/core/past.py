"""What one desk may know of earlier events about the people of this one: what it said itself, what it was told, what the agreements give.

Everything that is counted or listed for a desk is worked out from this and from nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from frontdoor_chassis.directory import Desk, Directory
from frontdoor_router.core.agreements import Agreements
from frontdoor_router.core.candidates import Candidate
from frontdoor_router.core.case import Case, keeps_from, standing
from frontdoor_router.core.chronicle import NO_MARKS, Marks, marks_about
from frontdoor_router.core.facting import DeskFacts
from frontdoor_router.core.patterns import Pattern, completed
from frontdoor_router.core.world import Earlier, Entry
from frontdoor_schemas.chronicle import category_of
from frontdoor_schemas.events import MODELS
from frontdoor_schemas.vocabulary import Category


@dataclass(frozen=True, slots=True)
class Line:
    """An earlier event about one person, with the marks of it that the desk may know."""

    entry: Entry
    marks: Marks


@dataclass(frozen=True, slots=True)
class Completed:
    """A pattern that this event completes about one child: the days of the events counted, this one among them if it counts."""

    pattern: Pattern
    ref: str
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """In whose place a desk may know of earlier events: a role, for some purposes, by its facts, under the agreements of a day."""

    role: str
    purposes: tuple[str, ...]
    facts: DeskFacts
    rules: Agreements
    kept_from: tuple[str, ...] = ()
    """The desk and those whose work it has, where it does not count as them: what is withheld from one of them is withheld from it."""

    def may_know(self, entry: Entry, ref: str, source: Desk) -> Marks | None:
        """The marks that the agreements give of an earlier event; None where they do not give that there was one."""
        if any(keeps_from(entry.withheld_from, desk) for desk in self.kept_from):
            return None
        for purpose in self.purposes:
            facts = self.facts.of_earlier(entry, source, ref, purpose)
            if self.rules.permits(self.role, Category.history_summary.value, facts).permit:
                model = MODELS[entry.type]
                known = (
                    m for m in entry.marks if self.rules.permits(self.role, category_of(model, m.partition("=")[0]).value, facts).permit
                )
                return frozenset(known)
        return None


class Past:
    """The past as one desk may know it. Raises `CannotDecideError` when the agreements give no clean answer.

    `places`, of a desk that has the work of others: in whose place each line has to be permitted as well, in any one of them.
    """

    def __init__(self, case: Case, candidate: Candidate, *, reader: Reader, directory: Directory, places: Sequence[Reader] = ()) -> None:
        self._case = case
        self._candidate = candidate
        self._reader = reader
        self._places = places
        self._directory = directory
        self._lines: dict[str, tuple[Line, ...]] = {}

    def of(self, ref: str) -> tuple[Line, ...]:
        """Earlier events about one person of this event, in the order in which they happened."""
        if ref not in self._lines:
            found = (self._line(entry, ref, event) for entry, event in standing(self._case, self._case.subjects[ref]))
            self._lines[ref] = tuple(sorted((line for line in found if line), key=lambda line: line.entry.occurred_at))
        return self._lines[ref]

    def completed(self, pattern: Pattern, ref: str, zone: ZoneInfo) -> Completed | None:
        """The pattern, if this event completes it about a child, by what the desk may know."""
        return completes(self._case, pattern, ref, self.of(ref), zone)

    def _line(self, entry: Entry, ref: str, event: Earlier) -> Line | None:
        mine = in_its_files(entry, event, self._candidate.acts_for)
        return self._permitted(entry, ref) if mine is None else Line(entry, mine)

    def _permitted(self, entry: Entry, ref: str) -> Line | None:
        source = self._directory.find(entry.source)
        known = self._reader.may_know(entry, ref, source) if source else None
        if source is None or known is None:
            return None
        if self._places:
            before = [marks for place in self._places if (marks := place.may_know(entry, ref, source)) is not None]
            return Line(entry, known & NO_MARKS.union(*before)) if before else None
        return Line(entry, known)


def in_its_files(entry: Entry, event: Earlier, desks: Sequence[str]) -> Marks | None:
    """The marks of an earlier event that a desk has said itself or been told; None where it did not say it, nor was told of it.

    `desks` are its id and the ids of those whose work it has: the files of a desk that has ended are its own now, but for what was
    withheld from itself, or from another whose work it has.
    """
    if any(keeps_from(entry.withheld_from, desk) for desk in desks):
        desks = desks[:1]
    if event.source in desks:
        return entry.marks
    told = [t for t in event.told if t.desk in desks and entry.person in t.about and not t.withdrawn]
    return entry.marks & NO_MARKS.union(*(t.said for t in told)) if told else None


def complete_to_all(case: Case, pattern: Pattern, ref: str, zone: ZoneInfo) -> bool:
    """Whether this event completes a pattern about a child by all that the exchange knows: so that a desk would have to be found."""
    return completes(case, pattern, ref, [Line(entry, entry.marks) for entry, _ in standing(case, case.subjects[ref])], zone) is not None


def completes(case: Case, pattern: Pattern, ref: str, known: Iterable[Line], zone: ZoneInfo) -> Completed | None:
    """The pattern, if this event completes it, counting the given lines."""
    mine = marks_about(ref, case.marked)
    counted = [x for x in known if pattern.counts_event(x.entry.type, x.marks) and pattern.alike(mine, x.marks)]
    days = completed(
        [x.entry.occurred_at.astimezone(zone).date() for x in counted],
        case.happened_at.astimezone(zone).date(),
        counted=pattern.counts_event(case.type, mine),
        within_days=pattern.within_days,
        at_least=pattern.at_least,
    )
    return Completed(pattern, ref, days) if days else None


def narrowed(candidate: Candidate, kept: Iterable[tuple[str, tuple[str, ...]]]) -> Candidate:
    """The candidate with the duties that hold for it, by id, each about these people."""
    about = dict(kept)
    owing = [replace(o, subjects=about[o.duty.id]) for o in candidate.owing if o.duty.id in about]
    return replace(candidate, owing=owing, by={desk: narrowed(part, about.items()) for desk, part in candidate.by.items()})
