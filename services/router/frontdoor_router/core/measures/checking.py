"""What is wrong with definitions beyond their own shape: fields that no event has, free text as a breakdown, clocks of nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from frontdoor_router.core.conditions import Condition, OneOf, Path, blocks_at, due_problem, leaves_at, problems
from frontdoor_router.core.deadlines import Deadlines
from frontdoor_router.core.measures.definitions import (
    ByField,
    Check,
    Each,
    InTime,
    Known,
    Measure,
    MomentOf,
    OfConcern,
    OfField,
    OfObligation,
    OfPlan,
    OfReply,
    OfTelling,
    Reached,
    Says,
    Within,
)
from frontdoor_router.core.measures.file import ConcernEntry, MeasureEntry
from frontdoor_router.core.measures.plans import PLAN_FIELDS
from frontdoor_router.core.measures.units import OF_EVENT, SEAT_FIELDS
from frontdoor_router.core.pack_checks import Wrong, overlap
from frontdoor_schemas.body import EventBody
from frontdoor_schemas.chronicle import is_closed_word
from frontdoor_schemas.fields import Block
from frontdoor_schemas.vocabulary import EventType


@dataclass(frozen=True, slots=True)
class Nameable:
    """What definitions may name. None: it could not be read, and nothing is said about what refers to it."""

    deadlines: Deadlines | None
    concerns: Collection[str] | None
    models: Mapping[EventType, type[EventBody]]


def concern_faults(entries: Sequence[ConcernEntry], models: Mapping[EventType, type[EventBody]]) -> Iterator[Wrong]:
    """What is wrong with priorities, each at its place."""
    yield from _overlaps("concern", entries)
    for number, entry in enumerate(entries):
        for place, condition in enumerate(entry.concern().any_):
            if all(problems(condition, model) for model in models.values()):
                yield ("concern", number, "any", place), f"no event ever says {'.'.join(condition.path)} so"


def measure_faults(entries: Sequence[MeasureEntry], known: Nameable, held: Collection[str]) -> Iterator[Wrong]:
    """What is wrong with measures, each at its place. What those that do not hold here refer to may be missing."""
    yield from _overlaps("measure", entries)
    for number, entry in enumerate(entries):
        here = known if entry.id in held else replace(known, deadlines=None, concerns=None)
        for key, reason in _measure(entry.measure(), here):
            yield ("measure", number, key), reason


def _overlaps(table: str, entries: Sequence[Any]) -> Iterator[Wrong]:
    for (_, one), (number, other) in combinations(enumerate(entries), 2):
        if one.id == other.id and overlap(one, other):
            yield (table, number, "id"), f"“{other.id}” is in force on the same days as the one from {one.from_}"


_Faults = Iterator[tuple[str, str]]


def _measure(measure: Measure, known: Nameable) -> _Faults:
    for key, checks in (("if", measure.if_), ("counts", measure.counts)):
        for check in checks:
            yield from ((key, reason) for reason in _check(check, measure, known))
    for span in (measure.time.from_, measure.time.to) if measure.time else ():
        yield from (("time", reason) for reason in _moment(span, measure, known))
    for by in measure.by:
        if isinstance(by, ByField):
            yield from (("by", reason) for reason in _breakdown(by.path, measure, known))


def _check(check: Check, measure: Measure, known: Nameable) -> Iterator[str]:
    match check:
        case Says(condition):
            yield from _condition(condition, measure, known)
        case Known(moment):
            yield from _moment(moment, measure, known)
        case Within(deadline) if known.deadlines is not None and not any(d.id == deadline for d in known.deadlines):
            yield f"the calendar has no deadline {deadline}"
        case InTime() if measure.each is not Each.obligation:
            yield "a clock goes with each = obligation"
        case OfPlan() if measure.each is not Each.plan:
            yield "how a plan stands goes with each = plan"
        case OfConcern(concern) if known.concerns is not None and concern not in known.concerns:
            yield f"there is no concern {concern}"


def _condition(condition: Condition, measure: Measure, known: Nameable) -> Iterator[str]:
    for kind, path, models in _spoken_of(condition.path, measure, known):
        if not models:
            yield _no_field(condition.path, measure)
        elif kind is not None:
            asked = type(condition)(path, *((condition.values,) if isinstance(condition, OneOf) else ()))
            found = [problems(asked, model) for model in models]
            if all(found):
                yield f"{kind}: {found[0][0]}"
        elif isinstance(condition, OneOf) and not set(condition.values) <= set(SEAT_FIELDS[path[0]]):
            yield f"{path[0]} of a seat is one of {', '.join(SEAT_FIELDS[path[0]])}"


def _spoken_of(path: Path, measure: Measure, known: Nameable) -> Iterator[tuple[str | None, Path, list[type[Block]]]]:
    """For each type of event, the path within the models that it leads into. No type: a fact of a seat, which no model has."""
    if measure.each is Each.plan:
        yield "plan", path, [known.models[EventType.plan_status]] if path[0] in PLAN_FIELDS else []
        return
    if measure.each is Each.seat and path[0] in SEAT_FIELDS and len(path) == 1:
        yield None, path, [Block]
        return
    apart = measure.each in {Each.item, Each.seat}
    for kind in sorted(measure.on):
        model = known.models[kind]
        if apart and path[0] == OF_EVENT:
            yield kind.value, path[1:], [model]
        else:
            yield kind.value, path, blocks_at(measure.item, model) if measure.each is Each.item else [] if apart else [model]


def _no_field(path: Path, measure: Measure) -> str:
    if measure.each is Each.plan:
        return f"of a plan there are {', '.join(PLAN_FIELDS)}"
    if measure.each is Each.seat:
        return f"of a seat there are {', '.join(SEAT_FIELDS)}, and {OF_EVENT}.<field>"
    return f"{'.'.join(measure.item)} is no list of blocks, and so has no {'.'.join(path)}"


def _moment(moment: MomentOf, measure: Measure, known: Nameable) -> Iterator[str]:
    match moment:
        case OfField(path):
            for _, within, models in _spoken_of(path, measure, known):
                if all(due_problem(within, model) for model in models):
                    yield f"{'.'.join(path)} is no time or day"
        case OfReply():
            yield from _reply(moment, known)
        case Reached(reply=OfReply() as reply):
            yield from _reply(reply, known)
        case OfTelling() if measure.each is not Each.telling:
            yield "when a desk had it goes with each = telling"
        case OfObligation() if measure.each is not Each.obligation:
            yield "when it was met goes with each = obligation"


def _reply(reply: OfReply, known: Nameable) -> Iterator[str]:
    model = known.models[reply.type]
    if reply.path is not None and due_problem(reply.path, model):
        yield f"{'.'.join(reply.path)} of a {reply.type.value} is no time or day"
    for condition in reply.if_:
        yield from (f"{reply.type.value}: {reason}" for reason in problems(condition, model))


def _breakdown(path: Path, measure: Measure, known: Nameable) -> Iterator[str]:
    for kind, within, models in _spoken_of(path, measure, known):
        if kind is not None and not any(_is_closed(within, model) for model in models):
            yield f"{kind}: {'.'.join(path)} is no field of closed words; free text could say who it is about"


def _is_closed(path: Path, model: type[Block]) -> bool:
    """Whether a path leads to words that the contract gives, and to nothing else."""
    leaves = leaves_at(path, model)
    return bool(leaves) and all(is_closed_word(m.model_fields[name].annotation) for m, name in leaves)
