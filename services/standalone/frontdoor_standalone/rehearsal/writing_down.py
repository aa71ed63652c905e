"""Turns what services answer and what receivers took into observations."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from frontdoor_schemas.vocabulary import Category
from frontdoor_standalone.rehearsal.api import Api
from frontdoor_standalone.rehearsal.observed import Channel, Disclosed, Given, Heard, Ledger, Obligation, Observations, Posted, Work

if TYPE_CHECKING:
    from frontdoor_standalone.rehearsal.driver import Sinks

TIMES = {
    "filed": "filed_at",
    "received": "received_at",
    "opened": "opened_at",
    "acted": "acted_at",
    "told_by_telephone": "told_at",
    "withdrawn": "withdrawn_at",
}
"""Under which name the router gives each time."""


async def write_down(
    api: Api, sinks: "Sinks", posted: Mapping[str, Posted], broken: tuple[str, ...], desks: Sequence[str], today: date
) -> Observations:
    """Ask for everything. The ledgers first: looking into an inbox is a receipt."""
    ledgers = {alias: ledger(await api.event(p.id)) for alias, p in posted.items()}
    publishers = {alias: await api.publisher_view(p.source, p.id, today) for alias, p in posted.items()}
    heard = [from_webhook(call.desk, call.body, call.at) for call in sinks.receivers.calls]
    for desk in desks:
        items = await api.inbox(desk)
        heard += [from_item(desk, Channel.inbox, item) for item in items]
        heard += [from_item(desk, Channel.stream, json.loads(text)) for text in await api.stream(desk, len(items))]
    return Observations(
        posted=posted,
        ledgers=ledgers,
        heard=tuple(heard),
        mails=tuple(sinks.mail.mails),
        publishers=publishers,
        broken=(*broken, *sinks.receivers.broken),
    )


def from_item(desk: str, channel: Channel, item: Mapping[str, Any], at: datetime | None = None) -> Heard:
    """One item of an inbox, a stream or a webhook: they have one shape."""
    text = json.dumps(item, ensure_ascii=False)
    item = item["data"]
    message = item.get("message") or {}
    event = item.get("event") or {}
    return Heard(
        desk=desk,
        channel=channel,
        kind=str(item.get("kind")),
        id=str(item.get("disclosure")),
        event=str(event.get("id")),
        number=int(item.get("number") or 0),
        data=message,
        text=text,
        marks=tuple(item.get("marks") or ()),
        reason=item.get("reason"),
        ask=item.get("ask"),
        refers_to=item.get("refers_to"),
        at=at,
        missing=tuple(item.get("missing") or ()),
    )


def from_webhook(desk: str, body: str, at: datetime) -> Heard:
    """One webhook call."""
    return from_item(desk, Channel.webhook, json.loads(body), at)


def ledger(answer: Mapping[str, Any] | None) -> Ledger:
    """What the router keeps about one event."""
    if answer is None:
        return Ledger("unknown")
    return Ledger(
        state=str(answer["state"]),
        disclosures=tuple(_disclosed(d) for d in answer["disclosures"] if d.get("kind")),
        obligations=tuple(_obligation(o) for o in answer["obligations"]),
        work=tuple(_work(t) for t in answer["tasks"]),
    )


def _disclosed(found: Mapping[str, Any]) -> Disclosed:
    times = {name: _when(found[given]) for name, given in TIMES.items() if found.get(given)}
    return Disclosed(
        id=str(found["id"]),
        desk=str(found["desk"]),
        kind=str(found["kind"]),
        at=_when(found["at"]),
        given=tuple(_given(g) for g in found["given"]),
        withheld=tuple(_given(g) for g in found["withheld"]),
        marks=tuple(found.get("marks") or ()),
        times=times,
        reason=found.get("reason"),
    )


def _given(found: Mapping[str, Any]) -> Given:
    return Given(Category(found["category"]), tuple(found["subjects"]))


def _obligation(found: Mapping[str, Any]) -> Obligation:
    return Obligation(
        id=str(found["id"]),
        duty=str(found["duty"]),
        desk=str(found["desk"]),
        due=_when(found["due"]),
        state=str(found["state"]),
        met_at=_when(found["met_at"]) if found.get("met_at") else None,
        stages=tuple((_when(s["at"]), str(s["kind"]), str(s["to"])) for s in found.get("stages") or ()),
    )


def _work(found: Mapping[str, Any]) -> Work:
    return Work(
        kind=str(found["kind"]),
        reason=str(found["reason"]),
        owner=str(found["owner"]),
        refs=tuple(found.get("refs") or ()),
        closed=found.get("closed_at") is not None,
    )


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)
