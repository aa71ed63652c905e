"""The definitions of the shared data set in plain words, so that two packs can be laid side by side."""

from collections.abc import Iterable
from typing import assert_never

from frontdoor_router.core.deadlines import OWN
from frontdoor_router.core.measures.definitions import (
    By,
    ByField,
    Check,
    Complete,
    Concern,
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
    Reached,
    Says,
    Which,
    Within,
)
from frontdoor_standalone.packs import words

_WHICH = {Which.occurred: "it happened", Which.received: "it first arrived", Which.as_at: "the table is drawn up"}


def measure(one: Measure) -> dict[str, str]:
    """What a measure says, by heading; what it does not speak of is empty."""
    return {
        "title": one.title,
        "counts each": _each(one),
        "if": words.listed(_check(c) for c in one.if_),
        "reached": words.listed(_check(c) for c in one.counts),
        "timed": f"from when {_moment(one.time.from_)} to when {_moment(one.time.to)}" if one.time else "",
        "by": words.listed(_by(by) for by in one.by),
        "months": words.counted(one.months, "month") + (", each group as a share of all" if one.of_total else ""),
        "called": one.unit,
        "baseline": f"{one.baseline.percent} % ({one.baseline.source})" if one.baseline else "",
        "source": one.source or OWN,
        "rows": ", ".join(one.rows),
    }


def concern(one: Concern) -> dict[str, str]:
    """What a concern says, by heading."""
    return {
        "title": one.title,
        "when": words.listed((words.condition(c) for c in one.any_), "or"),
        "carried": f"to what is about the same children within {words.counted(one.carried_days, 'day')}",
    }


def _each(one: Measure) -> str:
    of = _types(one) + (f", published by {_roles(one)}" if one.source_roles else "")
    narrower = (
        f" at `{_path(one.item)}`" if one.item else "",
        f" of the duties {words.listed(sorted(one.duties))}" if one.duties else "",
        f" to be answered by {one.answered_by.value}" if one.answered_by else "",
    )
    return f"{one.each.value}{''.join(narrower)}" + (f" of {of}" if of else "")


def _types(one: Measure) -> str:
    return words.listed(sorted(t.value for t in one.on), "or")


def _roles(one: Measure) -> str:
    return words.listed(sorted(words.plain(r.value) for r in one.source_roles), "or")


def _path(path: Iterable[str]) -> str:
    return ".".join(path)


def _by(by: By | ByField) -> str:
    return f"`{_path(by.path)}`" if isinstance(by, ByField) else words.plain(by.value)


def _check(check: Check) -> str:
    match check:
        case Says(condition):
            return words.condition(condition)
        case Known(moment, there):
            return f"there is {'a' if there else 'no'} time when {_moment(moment)}"
        case Within(deadline):
            return f"within the deadline {deadline}"
        case Complete(on_arrival, field, so):
            missing = "nothing was" if so else "something was"
            return f"{missing} missing{f' at `{field}`' if field else ''}, {'on arrival' if on_arrival else 'corrections counted'}"
        case InTime():
            return "met by its due time"
        case EarlierEvent(type_, days):
            return f"a {type_.value} about one of its people within {words.counted(days, 'day')} before"
        case OfPlan(state):
            return f"the plan is {state.value}"
        case OfConcern(name):
            return f"it is of the concern {name}"
        case Named(name):
            return f"the test {name} holds"
        case _ as never:  # pragma: no cover - the union is closed
            assert_never(never)


def _moment(moment: MomentOf) -> str:
    match moment:
        case OfEvent(which):
            return _WHICH[which]
        case OfField(path):
            return f"it states at `{_path(path)}`"
        case OfReply():
            return _reply(moment)
        case Reached(who, level, reply):
            what = f"{_reply(reply)}, and that" if reply else "it"
            return f"{what} was {level.value} by {words.listed((words.plain(w) for w in who), 'or')}"
        case OfTelling(level):
            return f"the desk told had it {level.value}"
        case OfObligation():
            return "what is owed was done"
        case _ as never:  # pragma: no cover - the union is closed
            assert_never(never)


def _reply(reply: OfReply) -> str:
    stated = f", which states it at `{_path(reply.path)}`" if reply.path else ""
    only = f" where {words.listed(words.condition(c) for c in reply.if_)}" if reply.if_ else ""
    return f"the first {reply.type.value}{only} answers it{stated}"
