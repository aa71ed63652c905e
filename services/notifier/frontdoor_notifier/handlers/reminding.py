"""Sends reminders whose time has come, unless what they are about has been collected or taken back."""

import asyncio
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from frontdoor_chassis.bus.watermark import Watermark
from frontdoor_chassis.clock import Clock
from frontdoor_chassis.metrics import Metrics
from frontdoor_chassis.supervise import Wake
from frontdoor_notifier.core.depot import Depot
from frontdoor_notifier.core.ledger import ReminderResult
from frontdoor_notifier.core.ports import Contacts, MailAwayError, Mailer, MailRefusedError, ReminderStore
from frontdoor_notifier.core.reminders import HOLD, MAIL_LIMIT, Reminder, no_longer_wanted, write_mail
from frontdoor_notifier.core.steps import KEEP_TRYING, backoff

log = structlog.get_logger(__name__)

AT_ONCE = 20


class Reminding:
    """The loop over reminders."""

    def __init__(
        self,
        *,
        store: ReminderStore,
        mailer: Mailer,
        contacts: Contacts,
        depot: Depot,
        clock: Clock,
        zone: ZoneInfo,
        watermark: Watermark,
        results: Callable[[], None],
        rng: random.Random,
        metrics: Metrics,
    ) -> None:
        self.busy = False
        self.wake = Wake()
        self._store = store
        self._mailer = mailer
        self._contacts = contacts
        self._depot = depot
        self._clock = clock
        self._zone = zone
        self._watermark = watermark
        self._results = results
        self._rng = rng
        self._count = metrics.counter("reminders_total", "Reminders, by what came of them", ("outcome",))

    async def step(self) -> bool:
        """Send what is due. Receipts that are still to be read may say that it was collected; they are not waited for for ever."""
        now = self._clock.now()
        if not await self._store.waiting(now):
            self._watermark.rest()
            return False
        known = await self._watermark.known(now)
        if known is None:
            return False
        self.busy = True
        try:
            held_until = self._clock.now() + HOLD
            reminders = await self._store.due(up_to=known.up_to, now=now, hold_until=held_until, limit=AT_ONCE)
            for reminder in reminders:
                if self._clock.now() + MAIL_LIMIT > held_until:
                    break  # another may take the rest before this one is done with it
                self._report(reminder, await self._one(reminder))
        finally:
            self.busy = False
        return bool(reminders)

    async def _one(self, reminder: Reminder) -> ReminderResult:
        now = self._clock.now()
        why_not = no_longer_wanted(reminder)
        if why_not is not None:
            return ReminderResult(reminder.id, "dropped", why_not, now)
        contact = self._contacts.contact(reminder.desk, now)
        if contact is None:
            return ReminderResult(reminder.id, "dead", "no_address", now)
        try:
            await self._mailer.send(write_mail(reminder, to=contact.email, desk_name=contact.name, zone=self._zone))
        except MailRefusedError as error:
            return ReminderResult(reminder.id, "dead", str(error), self._clock.now())
        except MailAwayError as error:
            return self._again(reminder, str(error), self._clock.now())
        return ReminderResult(reminder.id, "sent", None, self._clock.now())

    def _again(self, reminder: Reminder, code: str, now: datetime) -> ReminderResult:
        if now >= reminder.first_at + KEEP_TRYING:
            return ReminderResult(reminder.id, "dead", code, now)
        wait = timedelta(seconds=backoff(reminder.attempts, self._rng))
        return ReminderResult(reminder.id, "waiting", code, now, next_at=now + wait)

    def _report(self, reminder: Reminder, result: ReminderResult) -> None:
        self._depot.ledger.note_reminder(result, asyncio.get_running_loop().time())
        self._depot.done += 1
        self._results()
        self._count.labels(result.state).inc()
        say = log.error if result.state == "dead" else log.info
        say(
            "reminder.handled",
            reminder=reminder.id,
            desk=reminder.desk,
            disclosure=reminder.disclosure,
            state=result.state,
            code=result.code,
            attempt=reminder.attempts,
        )
