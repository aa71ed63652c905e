"""Judges what was owed and by whom: overdue, closed, owed, asked, reminded, held, tasks."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from frontdoor_standalone.rehearsal.lines import DISCLOSURE, Asked, Closed, Held, Overdue, Owed, Reminded, Task
from frontdoor_standalone.rehearsal.moments import shown
from frontdoor_standalone.rehearsal.observed import Disclosed, Obligation, Work
from frontdoor_standalone.rehearsal.told import holds
from frontdoor_standalone.rehearsal.view import View

MINUTE = timedelta(minutes=1)


def obligations(view: View, written: str, alias: str | None, desks: tuple[str, ...]) -> list[tuple[str, Obligation]]:
    """The obligations that a line means, with the event of each."""
    return [
        (event, owed)
        for event, ledger in view.seen.ledgers.items()
        if alias in (None, event)
        for owed in ledger.obligations
        if view.names_duty(written, owed.duty) and (not desks or owed.desk in desks)
    ]


def overdue(line: Overdue, view: View) -> Iterator[str]:
    """Nothing of the sort owed; or due at another time; or done in time; or nobody told."""
    owed = obligations(view, line.overdue, line.of, (line.desk,) if line.desk else ())
    if not owed:
        yield f"nothing called {line.overdue} is owed"
        return
    at_that_time = [(alias, o) for alias, o in owed if abs(o.due - line.at) < MINUTE]
    if not at_that_time:
        yield f"it was due at {', '.join(sorted({shown(o.due, view.zone) for _, o in owed}))}, not {shown(line.at, view.zone)}"
    late = [(alias, o) for alias, o in at_that_time if o.met_at is None or o.met_at > o.due]
    if at_that_time and not late:
        yield "it was done in time"
    for desk in line.raised_to:
        if late and not any(view.seen.of(alias, desk, "overdue") for alias, _ in late):
            yield f"{desk} was not told that it is overdue"
    if line.reminded is not None and late:
        yield from _reminded_before(line, view, late[0][1])


def _reminded_before(line: Overdue, view: View, owed: Obligation) -> Iterator[str]:
    reminded = any(m.desk == owed.desk and m.at <= owed.due for m in view.seen.mails)
    if reminded is not line.reminded:
        yield f"{owed.desk} was {'' if reminded else 'not '}reminded"


def closed(line: Closed, view: View) -> Iterator[str]:
    """Nothing of the sort was owed, or it is still open, or it was closed late."""
    owed = obligations(view, line.closed, line.of, line.desk)
    if not owed:
        yield f"nothing called {line.closed} was owed"
    for _, one in owed:
        if one.met_at is None:
            yield f"{one.desk} still owes it"
        elif line.by and one.met_at > line.by:
            yield f"{one.desk} did it at {shown(one.met_at, view.zone)}, after {shown(line.by, view.zone)}"


def owed(line: Owed, view: View) -> Iterator[str]:
    """The sender's desk was not told what its event lacks."""
    notices = view.seen.of(line.of, line.desk, "owed")
    if not notices:
        yield f"{line.desk} was not told that {line.of} lacks something"
        return
    told = {field for notice in notices for field in notice.missing}
    if missing := sorted(set(line.owed) - told):
        yield f"{line.desk} was told that {', '.join(sorted(told)) or 'nothing'} is missing, not {', '.join(missing)}"


def asked(line: Asked, view: View) -> Iterator[str]:
    """A desk was not asked, or for something else, or with another limit."""
    for desk in line.asked:
        asks = [h.ask for h in view.seen.of(line.of, desk) if h.ask]
        if not asks:
            yield f"{desk} was asked for nothing"
        elif not any(a.get("reply") == line.reply.value for a in asks):
            yield f"{desk} was not asked for a {line.reply.value}"
        elif line.due and not any(_due(str(a.get("due"))) == line.due for a in asks):
            yield f"{desk} was asked with the limit {asks[0].get('due')}"


def _due(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def reminded(line: Reminded, view: View) -> Iterator[str]:
    """No e-mail to the people of a desk, or one that names somebody."""
    for desk in line.reminded:
        mails = [
            m for m in view.seen.mails if m.desk == desk and (not line.after or m.at >= line.after) and (not line.by or m.at <= line.by)
        ]
        if not mails:
            yield f"{desk} was not reminded"
        for mail in mails:
            yield from personal_data(mail.text, view, f"the e-mail to {desk}")


def personal_data(text: str, view: View, where: str) -> Iterator[str]:
    """Anything that says who the people of the scenario are."""
    for person in view.people.values():
        words = (f"{person.given_name} {person.family_name}", person.family_name, person.nhs_number, person.person.protected_address)
        if any(word and holds(text, word) for word in words):
            yield f"{where} names {person.key}"


def held(line: Held, view: View) -> Iterator[str]:
    """Nobody has to find out who is meant, or another desk has to, or others than those named were told."""
    alias, refs = _meant(line.held, view)
    ledger = view.seen.ledgers.get(alias)
    work = [w for w in ledger.work if w.reason == line.because and (not refs or set(w.refs) & refs)] if ledger else []
    if not work:
        reasons = sorted({w.reason for w in ledger.work}) if ledger else []
        yield f"it is not held because {line.because}" + (f" but because {', '.join(reasons)}" if reasons else "")
        return
    if not any(w.owner == line.owner for w in work):
        yield f"{', '.join(sorted({w.owner for w in work}))} has to find out, not {line.owner}"
    if not view.seen.of(alias, line.owner, "held"):
        yield f"{line.owner} was not told"
    if line.told_only is not None:
        told = {d.desk for d in view.seen.disclosed(alias) if _is_about(d, refs)}
        if more := sorted(told - set(line.told_only)):
            yield f"{', '.join(more)} was told as well"


def _meant(name: str, view: View) -> tuple[str, set[str]]:
    if name in view.seen.posted:
        return name, set()
    for alias, posted in view.seen.posted.items():
        if name in posted.items:
            keys = set(posted.part_people.get(name, ()))
            return alias, {ref for ref, key in view.behind(alias).items() if key in keys}
    return name, set()


def _is_about(disclosed: Disclosed, refs: set[str]) -> bool:
    return disclosed.kind == DISCLOSURE and (not refs or any(refs & set(g.subjects) for g in disclosed.given))


def task(line: Task, view: View) -> Iterator[str]:
    """No such piece of work with that desk, or in another state."""
    found: list[Work] = [
        w for alias, ledger in view.seen.ledgers.items() if line.of in (None, alias) for w in ledger.work if line.task in (w.kind, w.reason)
    ]
    mine = [w for w in found if w.owner == line.owner]
    if not mine:
        yield f"{line.owner} has no task {line.task}" + (f"; {found[0].owner} has" if found else "")
    elif not any(w.closed is (line.state == "closed") for w in mine):
        yield f"the task is not {line.state}"
