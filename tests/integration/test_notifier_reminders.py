"""Reminders by e-mail: to whom, when not, and without a word about anybody."""

import asyncio
import email
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope

from frontdoor_chassis.clock import SettableClock
from frontdoor_notifier.adapters.mail import SmtpMailer
from frontdoor_notifier.app import REMIND_SECONDS
from frontdoor_notifier.core.ports import MailAwayError, MailRefusedError
from frontdoor_notifier.core.reminders import HOLD, MAIL_LIMIT, Mail
from frontdoor_schemas.envelope import Receipt
from frontdoor_schemas.topics import NOTIFIER_GROUP, RECEIPTS, to_gateway
from frontdoor_schemas.vocabulary import Level
from support.delivering import START, Stand, made_up_id, memory_bus, open_stand, prepare, write_directory
from support.positions import PositionTable
from support.waiting import until


@dataclass
class MailServer:
    """Takes every message, unless told to answer something else."""

    messages: list[email.message.EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802, ARG002 - what aiosmtpd calls
        if self.answers:
            return self.answers.pop(0)
        message = email.message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(message, email.message.EmailMessage)
        self.messages.append(message)
        return "250 taken"


class _Controller(UnthreadedController):
    def factory(self) -> SMTP:
        return SMTP(self.handler, enable_SMTPUTF8=False, loop=self.loop)


@asynccontextmanager
async def open_mail_server() -> AsyncIterator[MailServer]:
    taken = MailServer()
    controller = _Controller(taken, loop=asyncio.get_running_loop())
    controller.server = await asyncio.get_running_loop().create_server(controller._factory_invoker, "127.0.0.1", 0)
    taken.port = controller.server.sockets[0].getsockname()[1]
    try:
        yield taken
    finally:
        controller.server.close()
        await controller.server.wait_closed()


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with open_mail_server() as server:
        yield server


@pytest.fixture
async def stand(database: str, tmp_path: Path, mail_server: MailServer) -> AsyncIterator[Stand]:
    settings = await prepare(database, write_directory(tmp_path))
    clock = SettableClock(START)
    mailer = SmtpMailer(host="127.0.0.1", port=mail_server.port, sender="frontdoor@frontdoor.example", clock=clock, tls="none")
    async with open_stand(settings, bus=memory_bus(), clock=clock, mailer=mailer) as stand:
        yield stand


async def states(stand: Stand) -> list[tuple[str, str | None]]:
    return [(r["state"], r["code"]) for r in await stand.rows("SELECT state, code FROM reminder ORDER BY at, id")]


async def test_a_reminder_says_that_something_waits_and_nothing_else(stand: Stand, mail_server: MailServer) -> None:
    delivery = stand.told.delivery("a1.desk", due=timedelta(hours=23))
    stand.send(delivery, stand.told.remind(delivery))
    await stand.settle()
    (message,) = mail_server.messages
    assert message["To"] == "desk@a1.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == START
    text = message.get_content()
    assert "There is something waiting for Desk 1 in Frontdoor." in text
    assert "Reason: encompass-school" in text
    assert "Due: Wednesday 11 November 2020, 08:00 (Europe/London)" in text
    assert f"Reference: {delivery.id.hex[:8]}" in text
    everything = message.as_string()
    for secret in ("Marker", "referral", str(delivery.id), delivery.id.hex, str(delivery.event.thread), "Agency"):
        assert secret not in everything
    assert await states(stand) == [("sent", None)]


async def test_a_reminder_tells_the_local_time_in_summer_too(stand: Stand, mail_server: MailServer) -> None:
    await stand.put_clock(START.replace(year=2021, month=6))
    delivery = stand.told.delivery("a1.desk", due=timedelta(hours=1))
    stand.send(delivery, stand.told.remind(delivery))
    await stand.settle()
    assert "Due: Thursday 10 June 2021, 11:00 (Europe/London)" in mail_server.messages[0].get_content()


async def test_a_reason_that_is_no_code_is_not_repeated(stand: Stand, mail_server: MailServer) -> None:
    stand.send(stand.told.remind(None, reason="Ava was seen at 1 Marker Lane"))
    await stand.settle()
    assert "Reason: unspecified" in mail_server.messages[0].get_content()
    assert "Marker" not in mail_server.messages[0].as_string()


async def test_a_reminder_of_what_was_recalled_is_not_sent(stand: Stand, mail_server: MailServer) -> None:
    delivery = stand.told.delivery("a1.desk", due=timedelta(hours=1))
    stand.send(delivery, stand.told.recall(delivery), stand.told.remind(delivery))
    await stand.settle()
    assert mail_server.messages == []
    assert await states(stand) == [("dropped", "taken_back")]


@pytest.mark.parametrize(("level", "sent"), [(Level.received, 1), (Level.opened, 0), (Level.acted, 0)])
async def test_a_reminder_of_what_has_got_far_enough_is_not_sent(stand: Stand, mail_server: MailServer, level: Level, sent: int) -> None:
    delivery = stand.told.delivery("a1.desk", due=timedelta(hours=1), level=Level.opened)
    stand.send(delivery)
    await stand.settle()
    stand.report("g1", Receipt(disclosure=delivery.id, desk="a1.desk", level=level, channel="inbox", at=START))
    await stand.settle()
    stand.send(stand.told.remind(delivery))
    await stand.settle()
    assert len(mail_server.messages) == sent


async def test_a_receipt_that_another_instance_has_not_read_yet_is_waited_for(database: str, tmp_path: Path) -> None:
    settings, bus, clock = await prepare(database, write_directory(tmp_path)), memory_bus(partitions=1), SettableClock(START)
    hangs = await bus.consumer(topics=[RECEIPTS, to_gateway("g0"), to_gateway("g1")], group=NOTIFIER_GROUP, positions=PositionTable())
    async with open_stand(settings, bus=bus, clock=clock) as stand:
        delivery = stand.told.delivery("a1.desk", due=timedelta(hours=1), level=Level.opened)
        stand.report("g1", Receipt(disclosure=delivery.id, desk="a1.desk", level=Level.opened, channel="inbox", at=START))
        stand.send(delivery, stand.told.remind(delivery))

        async def filed() -> bool:
            return bool(await states(stand))

        await until(filed)
        await asyncio.sleep(3 * REMIND_SECONDS)
        assert await states(stand) == [("waiting", None)]
        await hangs.close()
        await stand.settle()
        assert [state for state, _ in await states(stand)] == ["dropped"]
        assert stand.mailbox.messages == []


async def test_a_webhook_that_arrived_counts_as_received(stand: Stand, mail_server: MailServer) -> None:
    await stand.register("a0")
    delivery = stand.told.delivery(due=timedelta(hours=1), level=Level.received)
    stand.send(delivery)
    await stand.settle()
    stand.send(stand.told.remind(delivery))
    await stand.settle()
    assert mail_server.messages == []


async def test_levels_merge_by_maximum_whatever_their_order(stand: Stand, mail_server: MailServer) -> None:
    delivery = stand.told.delivery("a1.desk", due=timedelta(hours=1), level=Level.opened)
    stand.send(delivery)
    for level in (Level.opened, Level.received):
        stand.report("g1", Receipt(disclosure=delivery.id, desk="a1.desk", level=level, channel="inbox", at=START))
    await stand.settle()
    stand.send(stand.told.remind(delivery))
    await stand.settle()
    assert mail_server.messages == []


@pytest.mark.parametrize(("writer", "by"), [("g0", "g0"), ("g0", "g1")])
async def test_one_gateway_does_not_speak_for_anothers_desk(stand: Stand, mail_server: MailServer, writer: str, by: str) -> None:
    delivery = stand.told.delivery("a1.desk", due=timedelta(hours=1), level=Level.opened)
    stand.send(delivery)
    stand.report(writer, Receipt(disclosure=delivery.id, desk="a1.desk", level=Level.opened, channel="inbox", at=START), by=by)
    await stand.settle()
    stand.send(stand.told.remind(delivery))
    await stand.settle()
    assert len(mail_server.messages) == 1


async def test_a_reminder_is_tried_again_while_the_mail_server_is_busy(stand: Stand, mail_server: MailServer) -> None:
    mail_server.answers = ["451 later", "451 later"]
    stand.send(stand.told.remind(None))
    await stand.settle()
    assert await states(stand) == [("waiting", "smtp_451")]
    await stand.go(timedelta(seconds=3))
    await stand.go(timedelta(seconds=5))
    assert await states(stand) == [("sent", None)]
    assert len(mail_server.messages) == 1


async def test_a_reminder_that_is_refused_for_good_is_seen_by_operators(stand: Stand, mail_server: MailServer) -> None:
    mail_server.answers = ["550 no such mailbox"]
    remind = stand.told.remind(None)
    stand.send(remind)
    await stand.settle()
    (shown,) = (await stand.client.get("/admin/reminders")).json()["items"]
    assert (shown["id"], shown["state"], shown["code"]) == (str(remind.id), "dead", "smtp_550")


async def test_a_reminder_is_sent_once_though_its_record_is_repeated(stand: Stand, mail_server: MailServer) -> None:
    remind = stand.told.remind(None)
    stand.send(remind, remind)
    await stand.settle()
    stand.send(remind)
    await stand.settle()
    assert len(mail_server.messages) == 1


async def test_a_desk_that_nobody_knows_has_no_address(stand: Stand) -> None:
    stand.send(stand.told.remind(None, desk="a99.desk"), gateway="g1")
    await stand.settle()
    assert await states(stand) == [("dead", "no_address")]


async def test_without_a_mail_server_reminders_are_refused_visibly(database: str, tmp_path: Path) -> None:
    from frontdoor_notifier.adapters.mail import NoMailer

    settings = await prepare(database, write_directory(tmp_path))
    async with open_stand(settings, bus=memory_bus(), clock=SettableClock(START), mailer=NoMailer()) as stand:
        stand.send(stand.told.remind(None))
        await stand.settle()
        assert await states(stand) == [("dead", "mail_not_configured")]


@pytest.fixture
def mail() -> Mail:
    return Mail(made_up_id(random.Random(1)), "desk@a0.example", "subject", "text")


async def test_a_mail_server_that_is_not_there_may_come_back(mail: Mail) -> None:
    async with open_mail_server() as gone:
        port = gone.port
    mailer = SmtpMailer(host="127.0.0.1", port=port, sender="f@f.example", clock=SettableClock(START), tls="none")
    with pytest.raises(MailAwayError, match="unreachable"):
        await mailer.send(mail)


class Against(asyncio.Protocol):
    """A mail server that answers commands as told, and `greeting` before the first of them."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.say("greeting", "220 ready")

    def data_received(self, data: bytes) -> None:
        self.say(data.split()[0].decode().lower(), "250-here\r\n250 AUTH PLAIN")

    def say(self, command: str, otherwise: str) -> None:
        self.transport.write(self.answers.get(command, otherwise).encode() + b"\r\n")


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"auth": "535 5.7.8 the password has expired"}, "smtp_535"),
        ({"greeting": "554 no mail from here"}, "smtp_554"),
        ({"auth": "235 welcome", "mail": "530 5.7.0 authentication required"}, "smtp_530"),
        ({"auth": "235 welcome", "mail": "550 not your address"}, "smtp_550"),
    ],
)
async def test_what_the_mail_server_has_against_us_may_pass(mail: Mail, answers: dict[str, str], code: str) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Against(answers), "127.0.0.1", 0)
    async with server:
        port, clock = server.sockets[0].getsockname()[1], SettableClock(START)
        mailer = SmtpMailer(host="127.0.0.1", port=port, sender="f@f.example", clock=clock, username="f", password="p", tls="none")
        with pytest.raises(MailAwayError, match=code):
            await mailer.send(mail)


class Slow(Against):
    """A mail server that takes its time over every answer, and gives none to a command that it has no answer to."""

    def __init__(self, pause: float, **answers: str) -> None:
        super().__init__({"greeting": "220 ready", "ehlo": "250 here", "mail": "250 ok", "rcpt": "250 ok", "data": "354 go on", **answers})
        self.pause = pause
        self.commands: list[str] = []

    def say(self, command: str, otherwise: str) -> None:  # noqa: ARG002 - what it is called with
        self.commands.append(command)
        if command in self.answers:
            asyncio.get_running_loop().call_later(self.pause, super().say, command, "")


@asynccontextmanager
async def open_slow_server(server: Slow) -> AsyncIterator[int]:
    opened = await asyncio.get_running_loop().create_server(lambda: server, "127.0.0.1", 0)
    async with opened:
        yield opened.sockets[0].getsockname()[1]


async def test_a_mail_is_broken_off_when_all_its_steps_together_take_too_long(mail: Mail) -> None:
    slow = Slow(0.2)
    async with open_slow_server(slow) as port:
        clock, limit = SettableClock(START), timedelta(seconds=0.5)
        mailer = SmtpMailer(host="127.0.0.1", port=port, sender="f@f.example", clock=clock, tls="none", limit=limit)
        with pytest.raises(MailAwayError, match="mail_server_timed_out"):
            await mailer.send(mail)
    assert slow.commands == ["greeting", "ehlo", "mail"]


async def test_a_mail_that_was_taken_is_sent_whatever_the_server_says_to_the_parting(mail: Mail) -> None:
    slow = Slow(0.0, **{"from:": "250 taken"})
    async with open_slow_server(slow) as port:
        clock, limit = SettableClock(START), timedelta(seconds=0.5)
        await SmtpMailer(host="127.0.0.1", port=port, sender="f@f.example", clock=clock, tls="none", limit=limit).send(mail)
    assert slow.commands[-1] == "quit"


class TakesLong:
    """A mailer that needs the whole of its time for each mail, and notes until when the reminder was held and when it was sent."""

    def __init__(self, clock: SettableClock, dsn: str) -> None:
        self._clock = clock
        self._dsn = dsn
        self.turns: list[tuple[datetime, datetime]] = []

    async def send(self, mail: Mail) -> None:
        self._clock.set(self._clock.now() + MAIL_LIMIT)
        connection = await asyncpg.connect(self._dsn)
        try:
            held_until = await connection.fetchval("SELECT next_at FROM notifier.reminder WHERE id = $1", mail.id)
        finally:
            await connection.close()
        self.turns.append((held_until, self._clock.now()))


async def test_no_mail_is_begun_on_a_hold_that_may_end_before_it_is_sent(database: str, tmp_path: Path) -> None:
    settings, clock = await prepare(database, write_directory(tmp_path)), SettableClock(START)
    mailer, reminders = TakesLong(clock, database), int(HOLD / MAIL_LIMIT) + 2
    async with open_stand(settings, bus=memory_bus(), clock=clock, mailer=mailer) as stand:
        stand.send(*(stand.told.remind(None) for _ in range(reminders)))
        await stand.settle()
        assert await states(stand) == [("sent", None)] * reminders
    assert len(mailer.turns) == reminders
    assert all(sent <= held_until for held_until, sent in mailer.turns)


@pytest.mark.parametrize("address", ["[desk]@a0.example", "desk@a0.example..", "desk@a0.example\nBcc: x@a0.example"])
async def test_an_address_that_no_mail_can_be_sent_to_ends_nothing_and_may_be_put_right(mail_server: MailServer, address: str) -> None:
    mailer = SmtpMailer(host="127.0.0.1", port=mail_server.port, sender="f@f.example", clock=SettableClock(START), tls="none")
    with pytest.raises(MailAwayError, match="address_unusable"):
        await mailer.send(Mail(made_up_id(random.Random(1)), address, "subject", "text"))
    assert mail_server.messages == []


async def test_a_recipient_that_is_refused_is_refused_for_good(mail: Mail, mail_server: MailServer) -> None:
    async def handle_RCPT(server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802 - aiosmtpd calls it so
        return "550 unknown"

    mail_server.handle_RCPT = handle_RCPT  # type: ignore[attr-defined] # aiosmtpd looks for this name
    mailer = SmtpMailer(host="127.0.0.1", port=mail_server.port, sender="f@f.example", clock=SettableClock(START), tls="none")
    with pytest.raises(MailRefusedError, match="smtp_550"):
        await mailer.send(mail)
