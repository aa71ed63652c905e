"""The rules of a pack as they hold, each with what it says under fixed headings, so that two packs can be laid side by side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from frontdoor_router.core.adopting import Kind
from frontdoor_router.core.conditions import Condition
from frontdoor_router.core.deadlines import OWN, Deadline
from frontdoor_router.core.duties import Duty, Escalation, Expects
from frontdoor_router.core.lists import Selection, StandingList
from frontdoor_router.core.measures.definitions import Measure
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.pack_checks import InForce, overlap
from frontdoor_router.core.patterns import Pattern
from frontdoor_router.core.policies import Agreement, Policy, could_hold
from frontdoor_schemas.vocabulary import RULED, Category, EventType, Role
from frontdoor_standalone.packs import measured, words
from frontdoor_standalone.rehearsal.editing import rows_of

NOTHING: Final = "–"
"""In place of what one version, or one pack, does not speak of."""

Says = Mapping[str, str]
"""What a rule says, by heading, in the order in which it is read. What it does not speak of is not there."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A rule with all its versions."""

    kind: Kind
    id: str
    chapter: str
    """Which chapter gives it; empty: the pack itself."""
    rows: tuple[str, ...]
    """Of all its versions."""
    says: Says


class _Version(InForce, Protocol):
    @property
    def id(self) -> str: ...


V = TypeVar("V", bound=_Version)


def rules_of(pack: Pack) -> tuple[Spoken, ...]:
    """Every rule that holds in a pack at some time: kind by kind, in the pack's order. Of an agreement, each policy."""
    return (
        *(_spoken(pack, "duty", v, _rows(v), [_duty(d, pack) for d in v]) for v in _versions(pack.duties)),
        *(_spoken(pack, "expects", v, _rows(v), [_expects(e, pack) for e in v]) for v in _versions(pack.expects)),
        *(_spoken(pack, "pattern", v, _rows(v), [_pattern(p) for p in v]) for v in _versions(pack.patterns)),
        *(_spoken(pack, "list", v, _rows(v), [_list(one) for one in v]) for v in _versions(pack.lists)),
        *(_policy(pack, agreement, policy) for agreement in pack.agreements for policy in agreement.policies),
        *(_spoken(pack, "deadline", v, (), [_deadline(d) for d in v]) for v in _versions(pack.deadlines)),
        *(_spoken(pack, "concern", v, (), [_stated(measured.concern(c)) for c in v]) for v in _versions(pack.data_set.concerns)),
        *(_spoken(pack, "measure", v, _rows(v), [_stated(measured.measure(m)) for m in v]) for v in _versions(pack.data_set.measures)),
    )


def _versions(rules: Iterable[V]) -> list[list[V]]:
    """The versions of each id, in order of time; ids in the order in which they first come."""
    found: dict[str, list[V]] = {}
    for rule in rules:
        found.setdefault(rule.id, []).append(rule)
    return [sorted(versions, key=lambda v: v.from_) for versions in found.values()]


def _rows(versions: Sequence[Duty | Expects | Pattern | StandingList | Measure]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row for version in versions for row in version.rows))


def _spoken(pack: Pack, kind: Kind, versions: Sequence[_Version], rows: tuple[str, ...], says: Sequence[Says]) -> Spoken:
    headings = dict.fromkeys(heading for one in says for heading in one)
    periods = [words.period(v.from_, v.until) for v in versions]
    merged = {heading: _merged([one.get(heading, NOTHING) for one in says], periods) for heading in headings}
    id_ = versions[0].id
    return Spoken(kind, id_, pack.chapters.get((kind, id_), ""), rows, {**merged, "in force": "; ".join(periods)})


def _merged(texts: Sequence[str], periods: Sequence[str]) -> str:
    """What is the same in every version is said once."""
    if len(set(texts)) == 1:
        return texts[0]
    return "; ".join(f"{period}: {text}" for period, text in zip(periods, texts, strict=True))


def _given(**says: str) -> Says:
    """Headings are written with spaces; what is empty is left out."""
    return _stated({words.plain(heading): text for heading, text in says.items()})


def _stated(says: Says) -> Says:
    """What is not empty."""
    return {heading: text for heading, text in says.items() if text}


def _duty(duty: Duty, pack: Pack) -> Says:
    expect = duty.expect
    return _given(
        when=_when(duty.on.value, duty.if_, duty.source_roles, duty.after_cause, duty.after_said),
        only_where=_only_where(duty),
        tells=words.told(duty),
        expects=f"{expect.reply.value}, owed by {words.receiver(expect.by)}" if expect else "",
        purpose=duty.because,
        asks_for=duty.ask.value if duty.ask else "",
        answers=words.listed(words.service(s) for s in duty.known_to),
        proposes="whom to invite, to the desk told" if duty.propose_invitees else "",
        chronology=f"asked for the purpose {duty.history}" if duty.history else "",
        flags="which flags its records have to show" if duty.flags else "",
        by_when=_by_when(duty, pack),
        satisfied_by=words.met(duty.satisfied_by),
        replies="one for each child whom the event is about" if duty.each_child else "",
        reminders=words.listed(words.stage(text) for text in duty.remind),
        if_it_is_missed=_raised(duty.escalate),
        if_nobody_is_found="a piece of work for a person" if duty.must_find else "",
        publisher_sees="who was told" if duty.shown_to_publisher else "",
        source=duty.source or OWN,
        rows=", ".join(duty.rows),
    )


def _only_where(duty: Duty) -> str:
    unknown = words.listed((words.service(s) for s in duty.only_if_unknown), "or")
    pattern = f"for a child about whom it completes the pattern {duty.pattern}" if duty.pattern else ""
    another = "for a child whom the event answered does not name" if duty.names_another else ""
    there = pattern or (f"where nobody knows of the work of: {unknown}" if unknown else "")
    return words.listed(text for text in (words.closed(duty.closed), there, another) if text)


def _expects(expects: Expects, pack: Pack) -> Says:
    return _given(
        when=_when(expects.on.value, expects.if_, expects.source_roles),
        should_contain=f"`{expects.field}`" + (" in every item" if expects.every else ""),
        help=expects.help or "",
        by_when=_by_when(expects, pack),
        reminders=words.listed(words.stage(text) for text in expects.remind),
        if_it_is_missed=_raised(expects.escalate),
        source=expects.source or OWN,
        rows=", ".join(expects.rows),
    )


def _pattern(pattern: Pattern) -> Says:
    same = f", which say the same at `{pattern.same}`" if pattern.same else ""
    types = words.listed(sorted(t.value for t in pattern.counts), "or")
    return _given(
        counts=f"{pattern.at_least} of {types} within {words.counted(pattern.within_days, 'day')}{same}",
        if_=words.listed(words.condition(c) for c in pattern.if_),
        source=pattern.source or OWN,
        rows=", ".join(pattern.rows),
    )


def _list(one: StandingList) -> Says:
    return _given(
        comes=words.occasion(one),
        to=words.listed(words.receiver(to) for to in one.to),
        of="; or ".join(["children of whom there is since the one before: " + _selected(s) for s in one.of])
        + ("; and " * bool(one.of and one.open) + f"children whose last line of these says so: {_selected(one.open)}" if one.open else ""),
        says=f"of each the answer to the question {one.asks}",
        purpose=one.because,
        source=one.source or OWN,
        rows=", ".join(one.rows),
    )


def _selected(selection: Selection) -> str:
    types = words.listed(sorted(t.value for t in selection.on), "or")
    return f"{types}, if {words.listed(words.condition(c) for c in selection.if_)}" if selection.if_ else types


def _policy(pack: Pack, agreement: Agreement, policy: Policy) -> Spoken:
    rows = tuple(sorted(rows_of(policy.text)))
    says = _given(
        says=policy.explain,
        effect=f"{policy.effect}s",
        to=_possible(policy, "principal", Role),
        parts=_possible(policy, "resource", RULED),
        when=words.test(policy.when),
        unless=words.test(policy.unless) if policy.unless else "",
        legal_basis=policy.legal_basis,
        agreement=agreement.id,
        parties=agreement.parties,
        source=agreement.source or OWN,
        rows=", ".join(rows),
        in_force=words.period(agreement.from_, agreement.until),
    )
    chapter = pack.chapters.get(("agreement", agreement.id), "")
    return Spoken("agreement", policy.id, chapter, rows, says)


def _possible(policy: Policy, name: str, all_: Iterable[Role | Category]) -> str:
    """For which roles, or parts, it could hold at all."""
    values = [one.value for one in all_]
    found = [value for value in values if could_hold(policy.when, {name: value})]
    return "every one" if len(found) == len(values) else words.listed(words.plain(value) for value in found)


def _deadline(deadline: Deadline) -> Says:
    return _given(limit=words.limit(deadline.rule), source=deadline.source)


def _when(on: str, if_: Iterable[Condition], roles: Iterable[Role], after: EventType | None = None, said: Iterable[Condition] = ()) -> str:
    parts = [on, *([f"answering {after.value}"] if after else [])]
    if before := words.listed(words.condition(c) for c in said):
        parts.append(f"of which {before}")
    if published := sorted(words.plain(role.value) for role in roles):
        parts.append(f"published by {words.listed(published, 'or')}")
    if conditions := words.listed(words.condition(c) for c in if_):
        parts.append(f"if {conditions}")
    return ", ".join(parts)


def _by_when(rule: Duty | Expects, pack: Pack) -> str:
    """The deadline's versions that begin a clock while the rule is in force, each with its source."""
    versions = [d for d in pack.deadlines if d.id == rule.deadline and overlap(d, rule)]
    texts = [f"{words.limit(d.rule)} ({d.source})" for d in versions]
    return words.due(rule.due) + _merged(texts, [words.period(d.from_, d.until) for d in versions])


def _raised(stages: Sequence[Escalation]) -> str:
    """A rule without stages tells the manager of the desk that owes."""
    found = [f"{words.stage(s.at)} {words.receiver(s.to)} is told" + _again(s.missed) for s in stages]
    return "; ".join(found) or f"{words.stage('+0m')} the manager is told"


def _again(missed: int) -> str:
    return f", when it is so {missed} times in a row" if missed > 1 else ""
