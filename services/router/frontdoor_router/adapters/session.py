"""The router's tables inside one transaction, and what that transaction sends: one outbox row for all of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson

from frontdoor_chassis.bus import Record
from frontdoor_chassis.directory import Directory
from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.signing import Signer
from frontdoor_router.adapters import reading, writing
from frontdoor_router.core.decide import Arrived
from frontdoor_router.core.decision import AuditEntry, Disclosure, Obligation, Task
from frontdoor_router.core.identify import Key
from frontdoor_router.core.outgoing import Decided, Numbered, Standing, delivery, ledger
from frontdoor_router.core.world import World
from frontdoor_schemas.envelope import Delivery, Envelope, LedgerUpdate, Recall, Remind
from frontdoor_schemas.topics import to_gateway


@dataclass(slots=True)
class PgSession:
    """One transaction. Collects what has to be told; `finish` numbers it and writes the outbox, last."""

    connection: asyncpg.Connection
    directory: Directory
    signer: Signer
    epoch: str
    rebuild: Callable[[bytes, str], Arrived]
    _numbered: list[tuple[Numbered, UUID, UUID]] = field(default_factory=list)
    _silent: list[tuple[Disclosure, UUID, UUID]] = field(default_factory=list)
    _obligations: list[tuple[UUID, Obligation]] = field(default_factory=list)
    _tasks: list[tuple[UUID, Task]] = field(default_factory=list)
    _audit: list[tuple[UUID | None, AuditEntry]] = field(default_factory=list)
    _controls: list[tuple[str, Recall | Remind | LedgerUpdate]] = field(default_factory=list)

    async def lock(self, numbers: Sequence[int]) -> None:
        """Take locks in this order."""
        await reading.lock(self.connection, numbers)

    async def known(self, ids: Iterable[UUID]) -> set[UUID]:
        """Which events are decided."""
        return await reading.known_events(self.connection, ids)

    async def world(self, *, keys: Sequence[Key], threads: Sequence[UUID], causes: Sequence[UUID]) -> World:
        """What is known about these people, threads and events."""
        return await reading.load_world(self.connection, keys=keys, threads=threads, causes=causes)

    async def wait(self, waiting: Sequence[tuple[Arrived, UUID]], now: datetime) -> None:
        """Keep events until the one before them is decided."""
        await self.connection.executemany(
            "INSERT INTO waiting (event, waits_for, since, record, writer) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            [(a.envelope.id, blocker, now, submitted_json(a), a.gateway) for a, blocker in waiting],
        )

    async def released(self, by: Sequence[UUID]) -> Sequence[Arrived]:
        """Take out the events that waited for these."""
        rows = await self.connection.fetch("DELETE FROM waiting WHERE waits_for = ANY($1::uuid[]) RETURNING record, writer", list(by))
        return [self.rebuild(row["record"], row["writer"]) for row in rows]

    async def save(self, decided: Sequence[Decided], now: datetime) -> None:
        """Write everything that was decided; disclosures are numbered when the session finishes."""
        if not decided:
            return
        await writing.save_people(self.connection, decided, now)
        await writing.save_events(self.connection, decided, now)
        for one in decided:
            envelope = one.case.envelope
            await writing.meet_obligations(self.connection, one.decision.met, now)
            self._obligations += [(envelope.id, o) for o in one.decision.obligations]
            self._tasks += [(envelope.id, t) for t in one.decision.tasks]
            self._audit += [(envelope.id, a) for a in one.decision.audit]
            for disclosure in one.decision.disclosures:
                self.tell(disclosure, envelope)
            for recalled in one.decision.withdrawn:
                self.control(recalled.desk, Recall(disclosure=recalled.id, desk=recalled.desk, at=now))
            self.control(one.case.source.desk, _first_ledger(one, now))

    def tell(self, disclosure: Disclosure, envelope: Envelope) -> None:
        """Keep a disclosure; send it when somebody is told."""
        if disclosure.kind is None:
            self._silent.append((disclosure, envelope.id, envelope.id))
        else:
            self._numbered.append((Numbered(disclosure, envelope), envelope.id, envelope.id))

    def oblige(self, event: UUID, obligation: Obligation) -> None:
        """Open an obligation."""
        self._obligations.append((event, obligation))

    def note(self, event: UUID | None, entry: AuditEntry) -> None:
        """Add an audit entry."""
        self._audit.append((event, entry))

    def control(self, desk: str, record: Recall | Remind | LedgerUpdate) -> None:
        """Send a desk's gateway something that has no number."""
        self._controls.append((desk, record))

    async def park(self, arrived: Arrived, reason: str, now: datetime) -> None:
        """Set an event aside that could not be decided because of an error here, with a task for a person."""
        envelope = arrived.envelope
        await self.connection.execute(
            "INSERT INTO event (id, thread, type, source, gateway, after, cause, occurred_at, received_at, decided_at, state, epoch, others_close_at, "
            "sections) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'held', $11, $10, $12) ON CONFLICT DO NOTHING",
            envelope.id,
            envelope.thread,
            envelope.type.value,
            envelope.source or "",
            arrived.gateway,
            envelope.after,
            envelope.cause,
            envelope.occurred_at,
            envelope.received_at,
            now,
            self.epoch,
            writing.sections_json(arrived.sections),
        )
        self._audit.append((envelope.id, AuditEntry("event.parked", None, {"error": reason})))

    async def finish(self, now: datetime) -> OutboxRow | None:
        """Number, write disclosures, obligations, tasks and audit, then the outbox row. Call once, at the end."""
        numbers = await writing.number(self.connection, [n for n, _, _ in self._numbered]) if self._numbered else {}
        await writing.save_disclosures(self.connection, [*self._numbered, *self._silent], numbers, epoch=self.epoch, now=now)
        await writing.save_obligations(self.connection, self._obligations, now)
        await writing.save_tasks(self.connection, self._tasks, now)
        await writing.save_audit(self.connection, self._audit, epoch=self.epoch, now=now)
        return await writing.save_outbox(self.connection, self._records(numbers, now))

    def _records(self, numbers: Mapping[UUID, int], now: datetime) -> list[Record]:
        records = [
            self._record(
                n.disclosure.desk, delivery_json(delivery(n, number=numbers[n.disclosure.id], incarnation=writing.INCARNATION, at=now))
            )
            for n, _, _ in sorted(self._numbered, key=lambda item: numbers[item[0].disclosure.id])
        ]
        return records + [self._record(desk, control.model_dump_json(exclude_none=True).encode()) for desk, control in self._controls]

    def _record(self, desk: str, value: bytes) -> Record:
        return self.signer.record(to_gateway(self.directory.gateway_of(desk)), desk.encode(), value)


def _first_ledger(one: Decided, now: datetime) -> LedgerUpdate:
    envelope = one.case.envelope
    visible = [Standing(d.desk, now) for d in one.decision.disclosures if d.visible and d.kind is not None]
    return ledger(
        event=envelope.id,
        desk=one.case.source.desk,
        version=1,
        missing=one.decision.missing,
        standings=visible,
        others_close_at=one.others_close_at,
    )


def envelope_dict(envelope: Envelope) -> dict[str, object]:
    """An envelope for the wire, without what it does not have."""
    return {k: v for k, v in envelope.__dict__.items() if v is not None}


def submitted_json(arrived: Arrived) -> bytes:
    """An event as it is kept while it waits."""
    return orjson.dumps({"envelope": envelope_dict(arrived.envelope), "sections": [writing.section_dict(s) for s in arrived.sections]}, default=str)


def delivery_json(item: Delivery) -> bytes:
    """A delivery for the wire, without what it does not have."""
    body = {k: v for k, v in item.__dict__.items() if v not in (None, ())}
    body["event"] = envelope_dict(item.event)
    body["sections"] = [writing.section_dict(s) for s in item.sections]
    if item.ask is not None:
        body["ask"] = {k: v for k, v in item.ask.__dict__.items() if v is not None}
    return orjson.dumps({"record": "delivery", **body}, default=str)  # asyncpg brings its own kind of UUID
