"""Reads a history from all sides: topics, receiver, inboxes, the router's ledger. As an outsider would, over the wire."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.cases import DESKS
from bench.client import Posted
from bench.rig import Rig
from bench.stage import Receiver
from faults.history import Accepted, Decision, History, Owed, Told
from frontdoor_schemas.topics import FAMILIES, to_gateway
from frontdoor_standalone.deployment import ROUTER

PAGE = 500
_POLL_MS = 500


def collect(made: Rig, receiver: Receiver, posted: Posted) -> History:
    """The history of everything that a load brought about."""
    records = asyncio.run(_topics(made))
    accepted = [_accepted(*event) for event in posted.events]
    return History(
        accepted=accepted,
        published=[r["envelope"]["id"] for topic, r in records if topic in FAMILIES],
        sent=[told(r, r["event"]) for topic, r in records if topic not in FAMILIES and r["record"] == "delivery"],
        received=[Told(c.desk, c.disclosure, c.incarnation, c.number, c.kind, c.event, c.at) for c in receiver.log()],
        inboxes={desk: inbox(made, desk) for desk in DESKS},
        decisions=decisions(made, [a.event for a in accepted]),
        endpoints=frozenset(DESKS),
        refused=int(receiver.counts()["refused"]),
    )


def _accepted(sender_id: str, event: str, _thread: str, place: int, _began: float, ended: float) -> Accepted:
    return Accepted(sender_id, event, sender_id.rpartition("-")[0], place, ended)


def told(said: Mapping[str, Any], event: Mapping[str, Any]) -> Told:
    """A delivery as a topic or an inbox has it."""
    disclosure = said.get("disclosure") or said["id"]
    return Told(said["desk"], disclosure, said["incarnation"], said["number"], said["kind"], event.get("id", ""))


async def _topics(made: Rig) -> list[tuple[str, dict[str, Any]]]:
    """Every record of the family topics and of the gateways' topics, in the order of each partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=made.kafka.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        return [(topic, orjson.loads(value)) async for topic, value in _read(consumer, [*FAMILIES, *map(to_gateway, made.gateways)])]
    finally:
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, topics: Iterable[str]) -> AsyncIterator[tuple[str, bytes]]:
    places = [TopicPartition(t, p) for t in topics for p in await _partitions(consumer, t)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    ends = await consumer.end_offsets(places)
    while any([await consumer.position(place) < ends[place] for place in places]):
        for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
            for record in records:
                yield record.topic, record.value


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.add_topic(topic)  # a consumer without a subscription asks for no topic's partitions
    return set(consumer.partitions_for_topic(topic) or ())


def inbox(made: Rig, desk: str) -> list[Told]:
    """Everything in a desk's inbox, in its order."""
    found: list[Told] = []
    query: dict[str, str | int] = {"limit": PAGE}
    headers = {"authorization": f"Bearer {made.keys[desk]}"}
    with httpx.Client(base_url=made.gateway(desk).url, headers=headers, timeout=30) as client:
        while True:
            page = client.get("/v1/inbox", params=query).raise_for_status().json()
            found.extend(told(item["data"], item["data"].get("event", {})) for item in page["items"])
            if not page["items"]:
                return found
            query["cursor"] = page["cursor"]


def decisions(made: Rig, events: Sequence[str]) -> dict[str, Decision]:
    """The router's ledger of these events; one that it does not know is missing."""
    with made.admin(ROUTER) as admin:
        found = {event: admin.get(f"/admin/events/{event}") for event in events}
    return {event: _decision(response.json()) for event, response in found.items() if response.is_success}


def _decision(ledger: Mapping[str, Any]) -> Decision:
    owed = [Owed(d["desk"], d["id"], d["kind"]) for d in ledger.get("disclosures", ()) if d["number"] is not None]
    return Decision(ledger["state"], tuple(owed))
