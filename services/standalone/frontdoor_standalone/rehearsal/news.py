"""Puts what arrives at partners' systems into a line each, while a scenario is played."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from frontdoor_standalone.rehearsal.mail_sink import MailSink
from frontdoor_standalone.rehearsal.receivers import Call, Receivers

WHAT = {
    "disclosure": "is told of",
    "overdue": "hears that something is overdue, or is left to be done, about",
    "held": "has to find out who is meant in",
    "owed": "is told what is missing in",
    "answer": "is answered",
    "withdrawn": "is told of the withdrawal of",
    "tombstone": "finds taken back",
}


@dataclass(slots=True)
class News:
    """Remembers what it has told already."""

    receivers: Receivers
    mail: MailSink
    name_of: Callable[[str], str | None]
    calls: int = 0
    mails: int = 0

    def new(self) -> Iterator[tuple[datetime, str]]:
        """What arrived since the last time, in order; only what the scenario itself has posted."""
        calls, self.calls = self.receivers.calls[self.calls :], len(self.receivers.calls)
        mails, self.mails = self.mail.mails[self.mails :], len(self.mail.mails)
        told = [(call.at, line) for call in calls if (line := self._said(call))]
        told += [(mail.at, f"{mail.desk} gets an e-mail without anybody's name") for mail in mails]
        yield from sorted(told)

    def _said(self, call: Call) -> str | None:
        data = json.loads(call.body)["data"]
        alias = self.name_of(str(data.get("event", {}).get("id")))
        return f"{call.desk} {WHAT.get(data['kind'], data['kind'])} {alias}" if alias else None
