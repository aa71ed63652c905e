"""Judges what becomes of a message: withdrawn, in order, carrying its restriction, measured."""

from collections.abc import Iterator, Mapping
from typing import Any

from frontdoor_schemas.messages import TOMBSTONE
from frontdoor_standalone.rehearsal.lines import DISCLOSURE, Carries, InOrder, Measured, Withdrawn
from frontdoor_standalone.rehearsal.moments import shown
from frontdoor_standalone.rehearsal.observed import Channel
from frontdoor_standalone.rehearsal.owing import personal_data
from frontdoor_standalone.rehearsal.view import View

RESTRICTION = "not to be shared with "


def withdrawn(line: Withdrawn, view: View) -> Iterator[str]:
    """Content that is still there, a tombstone that is missing, or a reader who was not told."""
    for desk in line.desk:
        mine = view.seen.disclosed(line.withdrawn, desk)
        if not mine:
            yield f"{desk} was never told"
            continue
        if not any("withdrawn" in d.times for d in mine):
            yield f"{desk}: the ledger does not say that it was withdrawn"
        yield from _in_time(line, view, desk)
        yield from _tombstone(line, view, desk) if line.leaves == "tombstone" else _notice(line, view, desk)


def _in_time(line: Withdrawn, view: View, desk: str) -> Iterator[str]:
    for one in view.seen.disclosed(line.withdrawn, desk):
        at = one.times.get("withdrawn")
        if line.by and at and at > line.by:
            yield f"{desk}: withdrawn at {shown(at, view.zone)}, after {shown(line.by, view.zone)}"


def _tombstone(line: Withdrawn, view: View, desk: str) -> Iterator[str]:
    stood = {d.id for d in view.seen.disclosed(line.withdrawn, desk)}
    inbox = [h for h in view.seen.heard if h.desk == desk and h.channel is Channel.inbox]
    if any(h.data for h in inbox if h.id in stood):
        yield f"{desk}: the content is still in the inbox"
    elif not any(h.kind == TOMBSTONE for h in inbox if h.id in stood):
        yield f"{desk}: nothing stands in the inbox where the tombstone should be"


def _notice(line: Withdrawn, view: View, desk: str) -> Iterator[str]:
    notices = [h for h in view.seen.heard if h.desk == desk and h.kind == "withdrawn" and view.speaks_of(h) == line.withdrawn]
    if not notices:
        yield f"{desk} had read it and was not told that it is withdrawn"
    for notice in notices:
        yield from personal_data(notice.text, view, f"{desk}: the notice")


def in_order(line: InOrder, view: View) -> Iterator[str]:
    """Something that is missing, comes twice, or comes in another order, by any channel."""
    ids = [view.event_id(alias) for alias in line.in_order]
    names = dict(zip(ids, line.in_order, strict=True))
    for channel in (Channel.inbox, Channel.webhook):
        got = [h for h in view.seen.heard if h.desk == line.desk and h.channel is channel and h.kind == DISCLOSURE and h.event in names]
        order = [names[h.event] for h in got]
        if order and order != list(line.in_order):
            yield f"{channel}: {', '.join(order)}"
        if not order:
            yield f"{channel}: nothing came"
        if line.by and any(h.at and h.at > line.by for h in got):
            yield f"{channel}: it came after {shown(line.by, view.zone)}"


def carries(line: Carries, view: View) -> Iterator[str]:
    """Nobody received the part, or somebody received it without its restriction."""
    keys = {key.strip() for key in line.carries.removeprefix(RESTRICTION).split(",")}
    found = False
    for alias, posted in view.seen.posted.items():
        if line.section not in posted.items or line.of not in (None, alias):
            continue
        wanted = {ref for ref, key in view.behind(alias).items() if key in keys}
        for message in view.seen.of(alias):
            for item in _items_with(message.data, posted.items[line.section]):
                found = True
                if not wanted or not wanted <= set(item.get("not_for_family", ())):
                    yield f"{message.desk}, {message.channel}: has it without the restriction"
    if not found:
        yield "nobody received this part"


def _items_with(data: Any, text: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(data, Mapping):
        if text in data.values():
            yield data
        for value in data.values():
            yield from _items_with(value, text)
    elif isinstance(data, list):
        for item in data:
            yield from _items_with(item, text)


def measured(line: Measured, view: View) -> Iterator[str]:
    """The time from the meeting to its minutes in the hands of whoever they are for is another."""
    spans = {
        view.rules.working_days(posted.held_on, disclosed.reached_at)
        for alias, posted in view.seen.posted.items()
        if posted.held_on and line.of in (None, alias)
        for disclosed in view.seen.disclosed(alias, line.desk)
        if disclosed.reached_at
    }
    if not spans:
        yield "nothing was delivered, so nothing can be measured"
    elif spans != {line.working_days}:
        yield f"it took {', '.join(str(s) for s in sorted(spans))} working days"
