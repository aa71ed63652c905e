"""Judges who was told or answered what: the lines `told`, `not_told`, `answered` and `not_answered`."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from frontdoor_standalone.rehearsal.lines import ANSWER, OVERDUE, Content, Inherited, NotAnswered, NotTold
from frontdoor_standalone.rehearsal.moments import moment, shown, time_of_day
from frontdoor_standalone.rehearsal.observed import Channel, Disclosed, Heard, refs_in
from frontdoor_standalone.rehearsal.view import View

ANY = "*"
MINUTE = timedelta(minutes=1)


def told(line: Content, view: View) -> Iterator[str]:
    """What is wrong with each desk's part of each event; nothing when all is as it should be."""
    for desk in line.desks:
        for alias in line.of:
            for problem in _one(line, view, desk, alias):
                yield f"{desk}, {alias}: {problem}"


def inherited(line: Inherited, view: View) -> Iterator[str]:
    """What is wrong with what each desk has of another's work: the same, and whether it is asked for the answer that is owed."""
    yield from told(line, view)
    for desk in line.inherited:
        for alias in line.of:
            asked = {str((heard.ask or {}).get("reply")) for heard in view.seen.of(alias, desk, OVERDUE)}
            if line.asks is not None and line.asks.value not in asked:
                yield f"{desk}, {alias}: is not asked for a {line.asks.value}"


def _one(line: Content, view: View, desk: str, alias: str) -> Iterator[str]:
    disclosed = view.seen.disclosed(alias, desk, line.kind)
    heard = view.seen.of(alias, desk, line.kind)
    if not disclosed:
        yield "was not told"
        return
    if not heard:
        yield "is in the ledger as told, but heard of it by no channel"
        return
    yield from _in_time(line, disclosed[0], view.zone)
    for message in heard:
        yield from _people(line, view, alias, message)
        yield from _categories(line, view, alias, message)
        yield from _words(line, view, message)
        yield from _values(line, message)
        yield from _marks(line, message)
    yield from _receipt(line, disclosed[-1], view)
    if line.once:
        yield from _once(heard)


def _in_time(line: Content, disclosed: Disclosed, zone: ZoneInfo) -> Iterator[str]:
    if line.by is None:
        return
    reached = disclosed.reached_at
    if reached is None:
        yield "it never reached the desk"
    elif reached > line.by:
        yield f"it reached the desk at {shown(reached, zone)}, after {shown(line.by, zone)}"


def _people(line: Content, view: View, alias: str, message: Heard) -> Iterator[str]:
    if line.about_only is None:
        return
    behind = view.behind(alias, message)
    found = {behind[ref] for ref in refs_in(message.data) if ref in behind}
    adults = any(view.people[key].adult for key in line.about_only)
    seen = {key for key in found if adults or not view.people[key].adult}
    if strangers := refs_in(message.data) - set(behind):
        yield f"{message.channel}: speaks of {len(strangers)} whom the event does not name"
    if more := sorted(seen - set(line.about_only)):
        yield f"{message.channel}: is also about {', '.join(more)}"
    if missing := sorted(set(line.about_only) - seen):
        yield f"{message.channel}: is not about {', '.join(missing)}"


def _categories(line: Content, view: View, alias: str, message: Heard) -> Iterator[str]:
    found = view.categories(alias, message)
    if missing := [c.value for c in line.includes if c not in found]:
        yield f"{message.channel}: lacks {', '.join(missing)}"
    if forbidden := [c.value for c in line.excludes if c in found]:
        yield f"{message.channel}: holds {', '.join(forbidden)}"


def _words(line: Content, view: View, message: Heard) -> Iterator[str]:
    for word in line.never_contains:
        for text in view.words_of(word):
            if holds(message.text, text):
                yield f"{message.channel}: contains “{text}”"


def holds(text: str, word: str) -> bool:
    """Whether a word or phrase stands in a text, as a whole and not within another word."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _values(line: Content, message: Heard) -> Iterator[str]:
    for path, wanted in line.says.items():
        found = list(values_at(message.data, path.split(".")))
        if wanted not in found:
            yield f"{message.channel}: {path} is {', '.join(found) or 'not there'}, not {wanted}"


def values_at(data: Any, path: list[str]) -> Iterator[str]:
    """The values at a path of field names, as text; a list stands for all of its items."""
    if isinstance(data, list):
        for item in data:
            yield from values_at(item, path)
    elif not path:
        yield {True: "yes", False: "no"}.get(data, str(data)) if isinstance(data, bool) else str(data)
    elif isinstance(data, Mapping):
        inner = data.values() if path[0] == ANY else [data[path[0]]] if path[0] in data else []
        for value in inner:
            yield from values_at(value, path[1:])


def _marks(line: Content, message: Heard) -> Iterator[str]:
    if missing := sorted(set(line.marks) - set(message.marks)):
        yield f"{message.channel}: is not marked {', '.join(missing)}"


def _receipt(line: Content, disclosed: Disclosed, view: View) -> Iterator[str]:
    if line.receipt is None:
        return
    word, _, when = line.receipt.partition(" ")
    if word == "by-telephone":
        if "told_by_telephone" not in disclosed.times:
            yield "nobody recorded that the desk was told by telephone"
        return
    if disclosed.level is None or disclosed.level.value != word:
        yield f"it was {disclosed.level or 'nowhere'}, not {word}"
    elif when and not _same_moment(disclosed.times[word], when, disclosed.at, view):
        yield f"it was {word} {shown(disclosed.times[word], view.zone)}, not {when}"


def _same_moment(found: datetime, when: str, told_at: datetime, view: View) -> bool:
    clock = time_of_day(when)
    if clock is None:
        return abs(found - moment(when, view.starts)) < MINUTE
    local = found.astimezone(view.zone)
    return (local.hour, local.minute) == (clock.hour, clock.minute) and found - told_at < timedelta(days=1)


def _once(heard: list[Heard]) -> Iterator[str]:
    calls = [h for h in heard if h.channel is Channel.webhook]
    if len(calls) != 1:
        yield f"the webhook was called {len(calls)} times"


def not_told(line: NotTold, view: View) -> Iterator[str]:
    """Any trace of these events at these desks, by any channel, by e-mail, or in the ledger."""
    for desk in line.not_told:
        for alias in line.of:
            yield from _other_reason(line, view, desk, alias)
            channels = sorted({h.channel.value for h in view.seen.heard if h.desk == desk and h.event == view.event_id(alias)})
            if channels:
                yield f"{desk}, {alias}: heard of it by {', '.join(channels)}"
            elif view.seen.disclosed(alias, desk):
                yield f"{desk}, {alias}: the ledger says that it was told"
            if any(mail.desk == desk and view.event_id(alias) in mail.text for mail in view.seen.mails):
                yield f"{desk}, {alias}: an e-mail speaks of it"


def not_answered(line: NotAnswered, view: View) -> Iterator[str]:
    """Whether a question got an answer that says nothing, for the reason given."""
    for desk in line.not_answered:
        for alias in line.of:
            heard = view.seen.of(alias, desk, ANSWER)
            if not heard:
                yield f"{desk}, {alias}: got no answer at all"
            for one in heard:
                if one.data:
                    yield f"{desk}, {alias}: {one.channel}: was answered"
                elif one.reason != line.because:
                    yield f"{desk}, {alias}: {one.channel}: says {one.reason}, not {line.because}"


CONSIDERED = frozenset({"withheld", "protected"})
"""Reasons by which a desk came into question and an agreement stood against it: the ledger keeps that. With all others it never did."""


def _other_reason(line: NotTold, view: View, desk: str, alias: str) -> Iterator[str]:
    considered = bool(view.seen.disclosed(alias, desk, kind="none"))
    if considered is not (line.because in CONSIDERED):
        yield f"{desk}, {alias}: it {'came' if considered else 'never came'} into question, so that “{line.because}” is not the reason"
