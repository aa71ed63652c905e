"""How each row stands: what serves it, and whether that passes."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from frontdoor_chassis.toml_places import Fault, PackError
from frontdoor_standalone.coverage.naming import Expectation, Named, scenario_name
from frontdoor_standalone.coverage.register import Entry, Register
from frontdoor_standalone.rehearsal.runner import Result


class State(StrEnum):
    """How a row stands, in a few words for the page."""

    met = "an expectation of a rehearsal, met"
    failing = "an expectation of a rehearsal, not met"
    measured = "a measure of the data set"
    tested = "an automated test"
    not_to_be_served = "nothing: no message, query, list or measure can, and the reason is given"
    not_yet = "nothing yet"


@dataclass(frozen=True, slots=True)
class Standing:
    """One row with all that names it."""

    row: str
    entry: Entry
    expectations: tuple[Expectation, ...]
    failing: tuple[Expectation, ...]
    measures: tuple[str, ...]

    @property
    def state(self) -> State:
        """By the strongest that serves it: a line of a rehearsal, else a measure where it asks for figures, else a test."""
        if self.expectations:
            return State.failing if self.failing else State.met
        if self.measures and self.entry.figure:
            return State.measured
        if self.entry.test:
            return State.tested
        return State.not_to_be_served if self.entry.reason else State.not_yet


def standings(register: Register, found: Named, failing: Collection[Expectation]) -> dict[str, Standing]:
    """Every row of the register, in its order. Raises `PackError` where what names a row and the register contradict each other."""
    if wrong := list(_contradictions(register, found)):
        raise PackError(wrong)
    return {
        row: Standing(
            row,
            entry,
            expectations := found.expectations.get(row, ()),
            tuple(e for e in expectations if e in failing),
            found.measures.get(row, ()),
        )
        for row, entry in register.rows.items()
    }


def _contradictions(register: Register, found: Named) -> Iterator[Fault]:
    for kind, by_row in (("an expectation", found.expectations), ("a measure", found.measures)):
        for row, places in by_row.items():
            entry = register.rows.get(row)
            if entry is None:
                yield from (Fault(str(place), 0, f"the register has no row {row}") for place in places)
            elif entry.reason:
                yield from (
                    Fault(str(place), 0, f"{kind} names {row}, of which the register says that nothing can serve it") for place in places
                )


def failing_of(results: Iterable[Result]) -> frozenset[Expectation]:
    """Expectations that were not met. Where somebody was told of whom no line speaks, none of that scenario counts as met."""
    return frozenset(
        Expectation(scenario_name(result.written), number)
        for result in results
        for number, verdict in zip(result.written.lines, result.verdicts, strict=False)
        if not verdict.passed or not result.verdicts[-1].passed
    )
