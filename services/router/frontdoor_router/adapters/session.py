"""The router's tables inside one transaction, and what that transaction sends: one outbox row for all of it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

import asyncpg

from frontdoor_chassis.bus import Record
from frontdoor_chassis.bus.sizes import check_sizes
from frontdoor_chassis.directory import Directory
from frontdoor_chassis.relay import OutboxRow
from frontdoor_chassis.signing import Signer
from frontdoor_router.adapters import clockwork, reading, recalling, saving, writing
from frontdoor_router.adapters.owing import owe_again
from frontdoor_router.adapters.wire import delivery_json, says, submitted_json
from frontdoor_router.adapters.writing import DisclosureRow
from frontdoor_router.core.amending import withdrawal_notice
from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.decide import told
from frontdoor_router.core.decision import AuditEntry, Disclosure, IdMaker, Involved, Obligation, Task
from frontdoor_router.core.draft import Draft
from frontdoor_router.core.identify import Key
from frontdoor_router.core.outgoing import Decided, HeldEvent, Numbered, Standing, delivery, ledger
from frontdoor_router.core.owing import owed_of
from frontdoor_router.core.receiving import Met
from frontdoor_router.core.recollection import Held
from frontdoor_router.core.world import Told, World
from frontdoor_schemas.envelope import Delivery, DeliveryKind, Envelope, LedgerUpdate, Recall, Remind
from frontdoor_schemas.topics import CloudEvent, to_gateway


@dataclass(slots=True)
class PgSession:
    """One transaction. Collects what has to be told; `finish` numbers it and writes the outbox, last."""

    connection: asyncpg.Connection
    directory: Directory
    signer: Signer
    epoch: str
    rebuild: Callable[[bytes, str], Arrived]
    ids: IdMaker
    now: datetime
    today: date
    _told: list[tuple[Numbered, Told]] = field(default_factory=list)
    _silent: list[tuple[Disclosure, UUID]] = field(default_factory=list)
    _obligations: list[tuple[UUID, Obligation]] = field(default_factory=list)
    _tasks: list[tuple[UUID | None, Task]] = field(default_factory=list)
    _audit: list[tuple[UUID | None, AuditEntry]] = field(default_factory=list)
    _controls: list[Recall | Remind | LedgerUpdate] = field(default_factory=list)
    _again: list[Delivery] = field(default_factory=list)
    _met: list[Met] = field(default_factory=list)
    _recalled: set[UUID] = field(default_factory=set)
    _taken_back: list[UUID] = field(default_factory=list)
    _ledgers: set[UUID] = field(default_factory=set)
    _awaited: set[UUID] = field(default_factory=set)

    async def lock(self, numbers: Sequence[int]) -> None:
        """Take locks in this order."""
        await reading.lock(self.connection, numbers)

    async def known(self, ids: Iterable[UUID]) -> set[UUID]:
        """Which events are decided."""
        known, awaited = await reading.known_events(self.connection, ids)
        self._awaited |= awaited
        return known

    async def world(self, *, keys: Sequence[Key], threads: Sequence[UUID], causes: Sequence[UUID]) -> World:
        """What is known about these people, threads and events: what is in the tables, and what this session will put there."""
        world = await reading.load_world(self.connection, keys=keys, threads=threads, causes=causes)
        self._add_own(world, world.events)
        return world

    async def recollect(self, world: World, questions: Sequence[Arrived]) -> None:
        """Add to a world what the answers to questions may look at: of the tables, and of what this session will put there."""
        known = set(world.events)
        await recalling.recollect(self.connection, world, questions)
        self._add_own(world, world.events.keys() - known)
        contents = world.recollection.contents
        for item, as_told in self._told:
            event, d = item.envelope.id, item.disclosure
            if event in contents and d.kind is DeliveryKind.disclosure and as_told.id not in self._recalled:
                given = frozenset(str(g.section.id) for g in d.given)
                world.recollection.held.setdefault(event, []).append(Held(d.id, d.desk, None, self.now, given))

    def _add_own(self, world: World, events: Collection[UUID]) -> None:
        """What this session will put into the tables about these events of a world."""
        met = {m.obligation for m in self._met}
        for item, as_told in self._told:
            event = world.events.get(item.envelope.id)
            if event is not None and event.id in events:
                stands = replace(as_told, withdrawn=as_told.id in self._recalled)
                world.events[event.id] = replace(event, told=(*event.told, stands))
        for event_id, o in self._obligations:
            if event_id in events and event_id not in self._taken_back and o.id not in met:
                world.owed.setdefault(event_id, []).append(owed_of(o, event_id))

    async def wait(self, waiting: Sequence[tuple[Arrived, UUID]], now: datetime) -> None:
        """Keep events until the one before them is decided."""
        self._awaited |= {blocker for _, blocker in waiting}
        await self.connection.executemany(
            "INSERT INTO waiting (event, waits_for, since, record, writer) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            [(a.envelope.id, blocker, now, submitted_json(a), a.gateway) for a, blocker in waiting],
        )

    async def released(self, by: Sequence[UUID]) -> Sequence[Arrived]:
        """Take out the events that waited for these. Who was told that they waited has nothing more to do.

        Nobody can have begun to wait since this session looked: what follows an event is of its thread, and that is locked.
        """
        by = [event for event in by if event in self._awaited]
        if not by:
            return []
        rows = await self.connection.fetch("DELETE FROM waiting WHERE waits_for = ANY($1::uuid[]) RETURNING record, writer, task", list(by))
        await writing.close_work(self.connection, [r["task"] for r in rows if r["task"]], "released", self.now)
        return [self.rebuild(row["record"], row["writer"]) for row in rows]

    async def save(self, decided: Sequence[Decided], now: datetime) -> None:
        """Write everything that was decided; disclosures are numbered when the session finishes."""
        if not decided:
            return
        await saving.save_decided(self.connection, decided, now)
        for one in decided:
            await self._save_one(one)

    async def _save_one(self, one: Decided) -> None:
        envelope, decision = one.case.envelope, one.decision
        for disclosure in decision.disclosures:
            self.tell(disclosure, envelope, decision.involved)
        self._obligations += [(envelope.id, o) for o in decision.obligations]
        self._tasks += [(envelope.id, t) for t in decision.tasks]
        self._audit += [(envelope.id, a) for a in decision.audit]
        self._met += [Met(o, self.now, f"reply:{envelope.id}", envelope.id) for o in decision.met]
        await self._recall(one)
        self.control(_first_ledger(one, self.now))

    async def _recall(self, one: Decided) -> None:
        """Recall what was withdrawn, and tell who has it by now: a receipt may have come since the decision read how things stood."""
        withdrawn = one.decision.withdrawn
        if withdrawn:
            noticed = {d.refers_to for d in one.decision.disclosures}
            has_it = await writing.recall(self.connection, [t.id for t in withdrawn], self.now)
            for item in withdrawn:
                self.control(Recall(disclosure=item.id, desk=item.desk, at=self.now))
            await self.tell_withdrawn([t for t in withdrawn if t.id in has_it and t.id not in noticed], one.case.envelope)
            self._recalled |= {t.id for t in withdrawn}
        if one.decision.withdrawn_events:
            await saving.take_back(self.connection, one.decision.withdrawn_events, self.now)
            await self._recall_quotes(one)
        self._taken_back += one.decision.withdrawn_events
        self._ledgers |= set(one.decision.withdrawn_events)

    async def _recall_quotes(self, one: Decided) -> None:
        """Recall answers that say something of what was withdrawn. Their desks may ask again."""
        gone = set(one.decision.withdrawn_events)
        quoting = [t for item, t in self._told if item.disclosure.quotes & gone and t.id not in self._recalled]
        quoting += await writing.quoting(self.connection, gone)
        has_it = await writing.recall(self.connection, [t.id for t in quoting], self.now)
        for item in quoting:
            self.control(Recall(disclosure=item.id, desk=item.desk, at=self.now))
        await self.tell_withdrawn([t for t in quoting if t.id in has_it], one.case.envelope)
        self._recalled |= {t.id for t in quoting}

    async def tell_withdrawn(self, told: Sequence[Told], envelope: Envelope) -> None:
        """Tell whoever has what was withdrawn. From whom it is withheld is looked up only where another desk has the work of one told."""
        gone = [t.id for t in told if self.directory.acting(t.desk, self.today) != self.directory.find(t.desk)]
        withheld = await reading.withheld_from(self.connection, gone) if gone else {}
        for item in told:
            self.tell(withdrawal_notice(self.ids, item, self.directory, self.today, withheld.get(item.id, ())), envelope)

    def tell(self, disclosure: Disclosure, envelope: Envelope, involved: Sequence[Involved] = ()) -> None:
        """Keep a disclosure; send it when somebody is told."""
        if disclosure.kind is None:
            self._silent.append((disclosure, envelope.id))
        else:
            self._told.append((Numbered(disclosure, envelope), told(disclosure, involved)))

    def follow(self, draft: Draft, envelope: Envelope, involved: Sequence[Involved] = ()) -> None:
        """Keep and tell what follows for an event besides its decision."""
        for disclosure in draft.disclosures:
            self.tell(disclosure, envelope, involved)
        self._obligations += [(envelope.id, o) for o in draft.obligations]
        self._tasks += [(envelope.id, t) for t in draft.tasks]
        self._audit += [(envelope.id, a) for a in draft.audit]

    def note(self, event: UUID | None, entry: AuditEntry) -> None:
        """Add an audit entry."""
        self._audit.append((event, entry))

    def control(self, record: Recall | Remind | LedgerUpdate) -> None:
        """Send a desk's gateway something that has no number."""
        self._controls.append(record)

    def send_again(self, item: Delivery) -> None:
        """Send a delivery once more, under the number that it has."""
        self._again.append(item)

    async def answer_again(self, events: Sequence[UUID]) -> None:
        """Somebody asks once more after events that were decided: their publishers did not get the answer."""
        self._ledgers |= set(events)

    async def park(self, held: HeldEvent, draft: Draft, now: datetime) -> None:
        """Set an event aside that could not be decided, with a task for a person. Its publisher sees what it always sees."""
        await saving.save_held_event(self.connection, held, epoch=self.epoch, now=now)
        self.follow(draft, held.envelope)
        if held.envelope.source is not None:
            self._ledgers.add(held.envelope.id)

    async def finish(self, now: datetime) -> OutboxRow | None:
        """Number, write disclosures, obligations, tasks and audit, then the outbox row. Call once, at the end."""
        numbers = await writing.number(self.connection, [n for n, _ in self._told]) if self._told else {}
        await writing.save_told(
            self.connection,
            list(self._rows()),
            numbers,
            obligations=self._obligations,
            tasks=self._tasks,
            epoch=self.epoch,
            now=now,
        )
        await self._meet()
        await writing.close_event(self.connection, self._taken_back, now)
        for obligation in await owe_again(self.connection, self._taken_back, now, self.directory, self.today):
            self.note(None, AuditEntry("obligation.owed_again", None, {"obligation": str(obligation)}))
        await self._say_how_it_stands()
        deliveries = [
            delivery(n, number=numbers[n.disclosure.id], incarnation=writing.INCARNATION, at=now)
            for n, _ in sorted(self._told, key=lambda item: numbers[item[0].disclosure.id])
        ]
        records = self._records([*deliveries, *self._again], self._controls)
        check_sizes(records)  # here it fails one event; in the outbox it would stop everybody's
        return await writing.prove_and_send(self.connection, self._audit, records, epoch=self.epoch, now=now)

    def _rows(self) -> Iterable[DisclosureRow]:
        for item, as_told in self._told:
            withdrawn = self.now if as_told.id in self._recalled else None
            yield DisclosureRow(item.disclosure, item.envelope.id, as_told.about, withdrawn)
        for disclosure, event in self._silent:
            yield DisclosureRow(disclosure, event)

    async def _meet(self) -> None:
        open_until_now = set(await writing.meet_obligations(self.connection, self._met))
        for met in self._met:
            if met.obligation in open_until_now:
                self.note(met.event, AuditEntry("obligation.met", None, {"obligation": str(met.obligation), "by": met.by}))

    async def _say_how_it_stands(self) -> None:
        """Publishers' ledgers of events where something changed that they may know."""
        for head, standings in await clockwork.visible_standings(self.connection, sorted(self._ledgers)) if self._ledgers else ():
            if self.directory.find(head["source"]):
                self.control(
                    ledger(
                        event=head["id"],
                        desk=head["source"],
                        version=head["ledger_version"],
                        missing=head["missing"],
                        standings=standings,
                        others_close_at=head["others_close_at"],
                    )
                )

    def _records(self, deliveries: Iterable[Delivery], controls: Iterable[Recall | Remind | LedgerUpdate]) -> list[Record]:
        said = [(d.desk, delivery_json(d), says(d)) for d in deliveries]
        said += [(c.desk, c.model_dump_json(exclude_none=True).encode(), says(c)) for c in controls]
        for desk in {desk for desk, *_ in said if self.directory.find(desk) is None}:
            self.note(None, AuditEntry("desk.gone", desk, {}))
        return [self._record(*one) for one in said if self.directory.find(one[0]) is not None]

    def _record(self, desk: str, value: bytes, of_itself: CloudEvent) -> Record:
        return self.signer.record(to_gateway(self.directory.gateway_of(desk)), desk.encode(), value, of_itself)


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
