"""Reminders by e-mail: whether one is still wanted, and its words, which say nothing about anybody."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from frontdoor_schemas.vocabulary import Level

_ORDER = (Level.filed, Level.received, Level.opened, Level.acted)
_CODE = re.compile(r"[a-z0-9][a-z0-9_:.-]{0,59}")
MAIL_LIMIT = timedelta(minutes=1)
"""Time for one mail, every step of SMTP together. A server that greets late or takes its time over addresses is done by then."""
HOLD = timedelta(minutes=5)
"""How long a reminder that was taken is hidden from other instances. None is begun on a hold that ends before `MAIL_LIMIT` does."""
REFERENCE_LENGTH = 8
"""Characters of the disclosure id in an e-mail: enough to find it by, and it opens nothing."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder and what is known of the disclosure that it is about."""

    id: UUID
    desk: str
    reason: str
    disclosure: UUID | None
    due: datetime | None
    at: datetime
    attempts: int
    first_at: datetime
    taken_back: bool = False
    wanted: Level | None = None
    reached: Level | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail. `id` makes its Message-ID, so that a repeated one is recognised."""

    id: UUID
    to: str
    subject: str
    text: str


def no_longer_wanted(reminder: Reminder) -> Literal["taken_back", "collected"] | None:
    """Why a reminder is not sent: its disclosure was taken back, or has reached the level that was asked for.

    Without a known level nothing short of acting on it counts: one reminder too many harms nobody.
    """
    if reminder.taken_back:
        return "taken_back"
    wanted = reminder.wanted or Level.acted
    if reminder.reached is not None and _ORDER.index(reminder.reached) >= _ORDER.index(wanted):
        return "collected"
    return None


def write_mail(reminder: Reminder, *, to: str, desk_name: str, zone: ZoneInfo) -> Mail:
    """The fixed text. No name, no case, no agency that sent it: only that something waits, why in a code, and until when."""
    reason = reminder.reason if _CODE.fullmatch(reminder.reason) else "unspecified"
    due = f"{reminder.due.astimezone(zone):%A %-d %B %Y, %H:%M} ({zone.key})" if reminder.due else "no time is set"
    reference = reminder.disclosure.hex[:REFERENCE_LENGTH] if reminder.disclosure else "none"
    text = (
        f"There is something waiting for {desk_name} in Frontdoor.\n\n"
        f"Reason: {reason}\nDue: {due}\nReference: {reference}\n\n"
        "Please open Frontdoor to see it. This message contains no details on purpose; do not reply to it.\n"
    )
    return Mail(reminder.id, to, f"Frontdoor: something is waiting for {desk_name}", text)
