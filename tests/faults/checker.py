"""Judges the history of a run: what was lost, told under two ids, out of order, or missing in the numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from faults.history import Accepted, History, Told

DISCLOSURE = "disclosure"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise."""

    rule: str
    what: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What is no violation and has to be said all the same."""

    accepted: int
    disclosures: int
    posted_again: int
    """Records of events that stood on a family topic more than once."""
    sent_again: int
    """Records of deliveries that stood on a gateway's topic more than once."""
    received_again: int
    """Webhooks that came more than once, under the same id."""
    held: int
    """Events that a person has to see to."""
    standstill: float
    """Longest time, in seconds, in which nothing new came to the receiver, between the first answer and the last webhook."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker found."""

    violations: tuple[Violation, ...]
    counts: Counts

    def of(self, rule: str) -> list[str]:
        """What broke one rule."""
        return [v.what for v in self.violations if v.rule == rule]


def check(history: History) -> Verdict:
    """Judge a history that has come to rest."""
    found = [Violation(rule, what) for rule, look in RULES.items() for what in look(history)]
    return Verdict(tuple(found), _counts(history))


def _undecided(history: History) -> Iterator[str]:
    for one in history.accepted:
        decision = history.decisions.get(one.event)
        if decision is None or decision.state not in ("decided", "held"):
            yield f"event {one.event}: {decision.state if decision else 'unknown to the router'}"


def _unpublished(history: History) -> Iterator[str]:
    published = set(history.published)
    yield from (f"event {a.event}" for a in history.accepted if a.event not in published)


def _owed(history: History) -> Iterator[tuple[str, str]]:
    """Desk and disclosure of everything that the accepted events owe."""
    for one in history.accepted:
        decision = history.decisions.get(one.event)
        yield from ((o.desk, o.disclosure) for o in (decision.owed if decision else ()))


def _had(told: Iterable[Told]) -> set[tuple[str, str]]:
    return {(t.desk, t.disclosure) for t in told}


def _filed(history: History) -> set[tuple[str, str]]:
    return _had(t for told in history.inboxes.values() for t in told)


def _lost(history: History) -> Iterator[str]:
    have = _had(history.received) | _filed(history)
    yield from (f"{desk} has nothing of {disclosure}" for desk, disclosure in _owed(history) if (desk, disclosure) not in have)


def _undelivered(history: History) -> Iterator[str]:
    received = _had(history.received)
    for desk, disclosure in _owed(history):
        if desk in history.endpoints and (desk, disclosure) not in received:
            yield f"{desk} takes webhooks and did not get {disclosure}"


def _unfiled(history: History) -> Iterator[str]:
    filed = _filed(history)
    yield from (f"{disclosure} is not in the inbox of {desk}" for desk, disclosure in _owed(history) if (desk, disclosure) not in filed)


def _everything_told(history: History) -> Iterator[Told]:
    yield from history.sent
    yield from history.received
    for told in history.inboxes.values():
        yield from told


def _two_ids(history: History) -> Iterator[str]:
    ids: dict[tuple[str, str], set[str]] = {}
    for told in _everything_told(history):
        if told.kind == DISCLOSURE:
            ids.setdefault((told.desk, told.event), set()).add(told.disclosure)
    yield from (f"{desk} was told of {event} under {len(found)} ids" for (desk, event), found in ids.items() if len(found) > 1)


def _two_receipts(history: History) -> Iterator[str]:
    events: dict[str, set[str]] = {}
    for one in history.accepted:
        events.setdefault(one.sender_id, set()).add(one.event)
    yield from (f"{sender_id} was answered with {len(found)} ids" for sender_id, found in events.items() if len(found) > 1)


def _unowed(history: History) -> Iterator[str]:
    ours = {a.event for a in history.accepted}
    owed = set(_owed(history))
    for told in _everything_told(history):
        if told.event in ours and (told.desk, told.disclosure) not in owed:
            yield f"{told.desk} was told {told.disclosure}, which stands in no ledger"


def _first_of_each(told: Iterable[Told]) -> list[Told]:
    found: dict[tuple[str, str], Told] = {}
    for one in told:
        found.setdefault((one.desk, one.disclosure), one)
    return list(found.values())


def _falls(told: Iterable[Told], lane: Callable[[Told], str | None], place: Callable[[Told], tuple[int, ...]]) -> Iterator[str]:
    """Deliveries that came after a later one of their lane."""
    last: dict[tuple[str, str], tuple[int, ...]] = {}
    for one in _first_of_each(told):
        case = lane(one)
        if case is None:
            continue
        if place(one) < last.get((one.desk, case), ()):
            yield f"{one.desk}, case {case}: number {one.number} came after a later one"
        last[one.desk, case] = max(place(one), last.get((one.desk, case), ()))


def _out_of_order(history: History) -> Iterator[str]:
    posted: Mapping[str, Accepted] = {a.event: a for a in history.accepted}

    def case(told: Told) -> str | None:
        return posted[told.event].case if told.event in posted and told.kind == DISCLOSURE else None

    def place(told: Told) -> tuple[int, ...]:
        return (posted[told.event].place, *told.place)

    yield from _falls(history.received, case, place)
    for inbox in history.inboxes.values():
        yield from _falls(inbox, case, place)


def _numbers(told: Iterable[Told]) -> dict[str, dict[tuple[int, int], set[str]]]:
    """By desk: the disclosures of each number."""
    found: dict[str, dict[tuple[int, int], set[str]]] = {}
    for one in told:
        found.setdefault(one.desk, {}).setdefault(one.place, set()).add(one.disclosure)
    return found


def _gaps(history: History) -> Iterator[str]:
    inboxes = [t for told in history.inboxes.values() for t in told]
    for where, told in (("topic", history.sent), ("receiver", history.received), ("inbox", inboxes)):
        for desk, numbers in _numbers(told).items():
            if missing := _missing(sorted(numbers)):
                yield f"{desk}, {where}: {missing} numbers are missing"


def _missing(places: Sequence[tuple[int, int]]) -> int:
    """Numbers left out from 1 to the last of each incarnation. That nothing is missing after the last, the ledger shows."""
    ends: dict[int, list[int]] = {}
    for incarnation, number in places:
        ends.setdefault(incarnation, []).append(number)
    return sum(max(found) - len(found) for found in ends.values())


def _used_twice(history: History) -> Iterator[str]:
    for desk, numbers in _numbers(_everything_told(history)).items():
        yield from (f"{desk}: number {place[1]} stands for {len(ids)} disclosures" for place, ids in numbers.items() if len(ids) > 1)


def _forged(history: History) -> Iterator[str]:
    if history.refused:
        yield f"{history.refused} webhooks had no good signature"


RULES: Mapping[str, Callable[[History], Iterable[str]]] = {
    "lost: accepted and not decided": _undecided,
    "lost: accepted and not published": _unpublished,
    "lost: owed, and neither delivered nor in the inbox": _lost,
    "not delivered to a desk that takes webhooks": _undelivered,
    "not in the inbox": _unfiled,
    "told under two ids": _two_ids,
    "accepted under two ids": _two_receipts,
    "told and in no ledger": _unowed,
    "out of order in a desk's case": _out_of_order,
    "gap in a desk's numbers": _gaps,
    "number used twice": _used_twice,
    "bad signature": _forged,
}
"""Every rule by its name in the report."""


def _again(keys: Iterable[object]) -> int:
    return sum(n - 1 for n in Counter(keys).values())


def _counts(history: History) -> Counts:
    ours = {a.event for a in history.accepted}
    return Counts(
        accepted=len(ours),
        disclosures=len(set(_owed(history))),
        posted_again=_again(e for e in history.published if e in ours),
        sent_again=_again((t.desk, t.disclosure) for t in history.sent),
        received_again=_again((t.desk, t.disclosure) for t in history.received),
        held=sum(d.state == "held" for e, d in history.decisions.items() if e in ours),
        standstill=_standstill(history),
    )


def _standstill(history: History) -> float:
    ours = {a.event for a in history.accepted}
    arrivals = sorted(t.at for t in _first_of_each(history.received) if t.event in ours)
    if not arrivals or not history.accepted:
        return 0.0
    moments = [min(a.at for a in history.accepted), *arrivals]
    return round(max(later - earlier for earlier, later in pairwise(moments)), 2)
