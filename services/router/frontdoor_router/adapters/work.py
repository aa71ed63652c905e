"""What is done inside the router's transactions besides deciding: receipts, clocks, what cannot be read, what nobody confirmed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from frontdoor_chassis.bus import Received
from frontdoor_chassis.directory import Desk
from frontdoor_router.adapters import clockwork, succession, sweeping
from frontdoor_router.adapters.reading import kept_events
from frontdoor_router.adapters.session import PgSession
from frontdoor_router.core.arriving import envelope_of, made_up_envelope, serves
from frontdoor_router.core.decision import AuditEntry
from frontdoor_router.core.firing import fire, raise_again
from frontdoor_router.core.outgoing import HeldEvent
from frontdoor_router.core.receiving import Merged, merge
from frontdoor_router.core.routing import Routing
from frontdoor_router.core.world import Told
from frontdoor_schemas.envelope import Envelope, Receipt, Remind

CLOCK_BATCH = 100
SWEEP_BATCH = 100


class Work(PgSession):
    """A session that also takes receipts, fires clocks, parks what cannot be read, and looks after what was left lying."""

    async def receive(self, receipts: Sequence[Receipt], now: datetime) -> int:
        """Merge receipts and see to what they bring about. Returns how many named nothing that their desk was told."""
        rows = await clockwork.read_disclosures(self.connection, list({r.disclosure for r in receipts}))
        hang_on = {*rows, *(d for r in rows.values() for d in (r.stands_for, r.chases) if d)}
        owed = await clockwork.read_owed(self.connection, sorted(hang_on))
        merged = merge(receipts, rows, owed, now)
        await clockwork.write_merged(self.connection, merged)
        self._met += merged.met.values()
        self._ledgers |= merged.ledgers
        await self._tell_of_receipts(merged, now)
        return len(merged.unknown)

    async def _tell_of_receipts(self, merged: Merged, now: datetime) -> None:
        late = merged.read_after_withdrawal
        kept = await kept_events(self.connection, [row.event for row in late]) if late else {}
        for row in late:
            await self.tell_withdrawn([Told(row.id, row.standing.desk, row.kind)], kept[row.event].envelope)
        for row in merged.given_up:
            self.note(row.event, AuditEntry("delivery.given_up", row.standing.desk, {"disclosure": str(row.id), "why": row.failed}))
            remind = self.ids("remind", "given-up", row.id)
            self.control(Remind(id=remind, desk=row.standing.desk, reason="not-delivered", disclosure=row.id, at=now))
        for receipt in merged.unknown:
            self.note(None, AuditEntry("receipt.unknown", receipt.desk, {"disclosure": str(receipt.disclosure)}))

    async def fire_due(self, *, up_to: datetime, today: date, confirmed: bool) -> int:
        """Fire the stages that were due at a moment. Returns how many."""
        directory, ended = self.directory.on(today), [d.id for d in self.directory.ended(today)]
        running = await clockwork.due_obligations(self.connection, up_to, CLOCK_BATCH, ended)
        for one in running:
            fired = fire(one, directory, self.ids, now=self.now, today=today, confirmed=confirmed)
            for notice in fired.notices:
                self.tell(notice, one.kept.envelope)
            for remind in fired.reminds:
                self.control(remind)
            self.note(one.event, fired.audit)
            await clockwork.advance(self.connection, one, self.now, fired.told)
        return len(running)

    async def hand_over(self, desk: Desk, routing: Routing) -> int:
        """Give what a desk that has ended has left to the desk that has its work. Returns of how many events; few at a time."""
        await succession.alone(self.connection, desk.id)
        heir = self.directory.acting(desk.id, self.today)
        for recall in await succession.take_back_unread(self.connection, desk.id, self.now):
            self.control(recall)
        left, kept = await succession.left_behind(self.connection, desk.id, heir.id if heir else None, SWEEP_BATCH)
        handovers = await routing.succeed(left, kept, self, self.now) if left else []
        known = await succession.known(self.connection, [d for one in handovers for d in one.draft.disclosures])
        for found in handovers:
            await succession.write_handover(self.connection, found)
            found.draft.disclosures = [d for d in found.draft.disclosures if d.id not in known]
            self.follow(found.draft, kept[found.left.event].envelope, found.involved)
            if any(d.visible for d in found.draft.disclosures):
                self._ledgers.add(found.left.event)
        return len(left) + await self._raise_again(desk, heir)

    async def _raise_again(self, desk: Desk, heir: Desk | None) -> int:
        """Whom somebody's delay was raised to and who has ended: who has its work hears of it."""
        directory = self.directory.on(self.today)
        instead = heir.id if heir else directory.cannot_decide
        found = await succession.raised_to(self.connection, desk.id, instead, SWEEP_BATCH)
        notices = [raise_again(one, heir, directory, self.ids, today=self.today) for one in found]
        known = await succession.known(self.connection, notices)  # who hears instead may have been told at that stage itself
        for one, notice in zip(found, notices, strict=True):
            if notice.id not in known:
                self.tell(notice, one.kept.envelope)
            self.note(one.event, AuditEntry("obligation.raised_again", instead, {"obligation": str(one.id), "from": desk.id}))
        await succession.note_raised(self.connection, [(one, instead) for one in found], self.now)
        return len(found)

    async def send_unfiled(self, after: timedelta) -> int:
        """Send again what no gateway has filed within a time. Nothing is decided again."""
        late = await sweeping.unfiled(self.connection, self.now - after, SWEEP_BATCH, self.now)
        for item, recall in late:
            self.send_again(item)
            if recall is not None:
                self.control(recall)
        if late:
            self.note(None, AuditEntry("deliveries.sent_again", None, {"deliveries": [str(d.id) for d, _ in late]}))
        return len(late)

    async def tell_of_waiting(self, since: datetime, routing: Routing) -> int:
        """Have a person told of events that have waited for another one since then or longer. They wait on."""
        found = await sweeping.waiting_since(self.connection, since, SWEEP_BATCH)
        for waited in found:
            draft = routing.set_aside(waited.event, "predecessor-missing", self.now)
            self.follow(draft, self.rebuild(waited.record, waited.writer).envelope)
            await sweeping.somebody_knows(self.connection, waited.event, draft.tasks[0].id)
        return len(found)

    async def park_raw(self, record: Received, reason: str, writer: str | None, routing: Routing, now: datetime) -> Envelope | None:
        """Keep a record that cannot be read, and raise a task. It stays until a person has seen to it.

        Returns what stands for it, if it is an event: others may have waited for that.

        `writer` is who has signed it. What nobody known has signed must not pass for an event, not even for one that cannot be
        read; and a person is told of it once a day and topic, so that whoever writes it cannot fill a desk's day.
        """
        place = f"{record.topic}/{record.partition}/{record.offset}"
        subject = self.ids("parked", *((place,) if writer else (record.topic, now.date())))
        envelope = self._envelope(record, writer, subject, now)
        task = await self._raise(subject, envelope, reason, writer, routing, now)
        await self.connection.execute(
            "INSERT INTO parked (topic, partition, off, at, reason, record, task) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            record.topic,
            record.partition,
            record.offset,
            now,
            reason,
            record.value,
            task,
        )
        self.note(None, AuditEntry("record.parked", None, {"place": place, "reason": reason}))
        return envelope

    def _envelope(self, record: Received, writer: str | None, subject: UUID, now: datetime) -> Envelope | None:
        """What stands for an event that cannot be read. Its own envelope, if it is in the name of a desk that its writer serves."""
        found = envelope_of(record.value, topic=record.topic, stand_in=subject, now=now)
        if found is None or (writer and found.source and serves(self.directory, writer, found.source)):
            return found
        return made_up_envelope(found.type, subject, now)

    async def _raise(
        self, subject: UUID, envelope: Envelope | None, reason: str, writer: str | None, routing: Routing, now: datetime
    ) -> UUID | None:
        draft = routing.set_aside(envelope.id if envelope else subject, reason, now)
        (task,) = draft.tasks
        if envelope is None:
            if not await self.connection.fetchval("SELECT true FROM task WHERE id = $1", task.id):
                self._tasks.append((None, replace(task, notice=None)))
                self.control(Remind(id=self.ids("remind", task.id), desk=task.owner, reason=reason, at=now))
            return task.id
        if await self.known([envelope.id]):
            return None
        await self.park(HeldEvent(envelope, writer or "", (), routing.closes_at(envelope)), draft, now)
        return task.id
