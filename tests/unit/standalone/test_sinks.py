"""The receivers of a rehearsal take what is signed, refuse what is not, and can be down; the mail server takes everything."""

from datetime import UTC, datetime, timedelta

import aiosmtplib
import httpx
import pytest
from standardwebhooks import Webhook

from frontdoor_standalone.rehearsal.mail_sink import ADDRESS, MailSink
from frontdoor_standalone.rehearsal.receivers import Receivers

NOW = datetime(2020, 11, 10, 21, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def call(receivers: Receivers, *, secret: str = SECRET, at: datetime = NOW, body: str = "{}") -> int:
    signature = Webhook(secret).sign("msg_1", at, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": f"v1a,x {signature}"}
    async with httpx.AsyncClient() as client:
        return (await client.post(receivers.url("ash-primary.dsl"), content=body, headers=headers)).status_code


async def test_a_signed_call_is_taken() -> None:
    async with Receivers(now=lambda: NOW) as receivers:
        receivers.knows("ash-primary.dsl", SECRET)
        assert await call(receivers) == 204
        assert [(c.desk, c.id, c.body, c.at) for c in receivers.calls] == [("ash-primary.dsl", "msg_1", "{}", NOW)]
        assert receivers.broken == []


async def test_a_call_with_a_wrong_signature_or_time_is_refused_and_kept_as_a_fault() -> None:
    async with Receivers(now=lambda: NOW) as receivers:
        assert await call(receivers) == 401
        receivers.knows("ash-primary.dsl", SECRET)
        assert await call(receivers, secret="whsec_" + "A" * 32) == 401
        assert await call(receivers, at=NOW + timedelta(minutes=6)) == 401
        assert receivers.calls == []
        assert len(receivers.broken) == 3


async def test_an_endpoint_that_is_down_hangs_up() -> None:
    async with Receivers(now=lambda: NOW) as receivers:
        receivers.knows("ash-primary.dsl", SECRET)
        receivers.set("ash-primary.dsl", up=False)
        with pytest.raises(httpx.TransportError):
            await call(receivers)
        receivers.set("ash-primary.dsl", up=True)
        assert await call(receivers) == 204
        assert receivers.refused == {"ash-primary.dsl": 1}


async def test_mail_is_taken_for_the_desk_behind_each_address() -> None:
    async with MailSink(desk_of=lambda address: {"dsl@ash.example": "ash-primary.dsl"}.get(address, address), now=lambda: NOW) as sink:
        text = "From: frontdoor@exchange.example\r\nTo: dsl@ash.example\r\nSubject: Something waits\r\n\r\nPlease look.\r\n"
        to = ["dsl@ash.example", "other@ash.example"]
        await aiosmtplib.send(text, sender="frontdoor@exchange.example", recipients=to, hostname=ADDRESS, port=sink.port)
        assert [(m.desk, m.at) for m in sink.mails] == [("ash-primary.dsl", NOW), ("other@ash.example", NOW)]
        assert "Something waits" in sink.mails[0].text
        assert "Please look." in sink.mails[0].text
