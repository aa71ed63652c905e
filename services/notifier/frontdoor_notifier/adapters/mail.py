"""Sends reminders by SMTP."""

import asyncio
import contextlib
import ssl
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

import aiosmtplib

from frontdoor_chassis.clock import Clock
from frontdoor_notifier.core.ports import MailAwayError, MailRefusedError
from frontdoor_notifier.core.reminders import MAIL_LIMIT, Mail

TIMEOUT_SECONDS = 20.0
"""For each step: a server that is not there is known after this."""
_PERMANENT = 500


class SmtpMailer:
    """One connection a message: reminders are few."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        clock: Clock,
        username: str | None = None,
        password: str | None = None,
        tls: str = "starttls",
        authorities: ssl.SSLContext | None = None,
        limit: timedelta = MAIL_LIMIT,
    ) -> None:
        """`tls`: `starttls`, `implicit`, or `none` within one machine. `limit` is for all steps of one mail together."""
        self._host = host
        self._port = port
        self._sender = sender
        self._clock = clock
        self._username = username
        self._password = password
        self._tls = tls
        self._authorities = authorities
        self._limit = limit.total_seconds()

    async def send(self, mail: Mail) -> None:
        """Return when the server has taken it."""
        try:
            await self._hand_over(self._message(mail))
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [r.code for r in error.recipients]
            raise _judged(max(codes)) from error
        except aiosmtplib.SMTPDataError as error:
            raise _judged(error.code) from error
        except aiosmtplib.SMTPResponseException as error:  # of us: a password that expired, a sender it does not take
            raise MailAwayError(f"smtp_{error.code}") from error
        except TimeoutError as error:
            raise MailAwayError("mail_server_timed_out") from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailAwayError("mail_server_unreachable") from error
        except ValueError as error:  # what the pack, or a setting, has for an address is none: it may be put right
            raise MailAwayError("address_unusable") from error

    async def _hand_over(self, message: EmailMessage) -> None:
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._tls == "implicit",
            start_tls=self._tls == "starttls",
            tls_context=self._authorities,
            timeout=TIMEOUT_SECONDS,
        )
        end = asyncio.get_running_loop().time() + self._limit
        try:
            async with asyncio.timeout_at(end):
                await client.connect()
                await client.send_message(message)
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):  # it is taken, whatever the server says to our parting
                async with asyncio.timeout_at(end):
                    await client.quit()
        finally:
            client.close()

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{mail.id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message


def _judged(code: int) -> Exception:
    return MailRefusedError(f"smtp_{code}") if code >= _PERMANENT else MailAwayError(f"smtp_{code}")


class Mailbox:
    """Keeps messages instead of sending them: for rehearsals and tests."""

    def __init__(self) -> None:
        self.messages: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        """Keep it."""
        self.messages.append(mail)


class NoMailer:
    """What a deployment without a mail server has: every reminder is refused, visibly."""

    async def send(self, mail: Mail) -> None:  # noqa: ARG002 - the port's signature
        """Raises `MailRefusedError`."""
        raise MailRefusedError("mail_not_configured")
