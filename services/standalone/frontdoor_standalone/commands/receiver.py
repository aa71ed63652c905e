"""`frontdoor receiver`: a partner's system to look at, which takes the webhooks of every desk of a pack."""

import asyncio
import json
import signal
from contextlib import suppress
from typing import Annotated

import typer
import uvloop
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from frontdoor_chassis.clock import SystemClock
from frontdoor_chassis.directory import Directory, load_directory
from frontdoor_notifier.core.signing import parse_secret
from frontdoor_standalone.commands.speaking import console, errors, in_a_line
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.registering import register
from frontdoor_standalone.rehearsal.receivers import Call, Receivers, path_of

DEFAULT_PORT = 8099


class ReceiverSettings(BaseSettings):
    """What is no option, because an option shows in the list of processes."""

    model_config = SettingsConfigDict(env_prefix="FRONTDOOR_RECEIVER_", hide_input_in_errors=True)

    secret: SecretStr = Field(description="Standard Webhooks secret (whsec_…) of every desk's endpoint")
    admin_token: SecretStr = Field(SecretStr(""), description="Bearer token of the notifier's admin interface, to register there")

    @field_validator("secret")
    @classmethod
    def _is_a_secret(cls, value: SecretStr) -> SecretStr:
        parse_secret(value.get_secret_value())
        return value


def receiver(
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on")] = DEFAULT_PORT,
    pack: Annotated[str, typer.Option(envvar="FRONTDOOR_PACK", help="A pack, whose desks have their endpoints here")] = "stockton",
    notifier: Annotated[str | None, typer.Option(help="Register every desk at this notifier, as http://notifier:8091")] = None,
    url: Annotated[str | None, typer.Option(help="Where that notifier reaches this receiver; host and port when not given")] = None,
) -> None:
    """Take the webhooks of every desk, check their signatures, and say in a line what each brought, until Ctrl-C.

    For training: a line names the fields that a message has and nothing of what they say. The secret of the endpoints is
    FRONTDOOR_RECEIVER_SECRET; FRONTDOOR_RECEIVER_ADMIN_TOKEN registers them.

    [dim]Examples[/dim]

      FRONTDOOR_RECEIVER_SECRET=whsec_… frontdoor receiver --pack stockton

      FRONTDOOR_RECEIVER_SECRET=… FRONTDOOR_RECEIVER_ADMIN_TOKEN=… frontdoor receiver --notifier http://localhost:8091
    """
    with in_a_line():
        settings = ReceiverSettings()
        desks = _desks(load_directory(pack_folder(pack)))
        uvloop.run(_serve(settings, desks, host, port, notifier, url or f"http://{host}:{port}"))


def _desks(directory: Directory) -> list[str]:
    """Those that there are or will be: the notifier takes no other."""
    today = SystemClock().now().date()
    return [d.id for g in directory.gateways() for d in directory.desks_of_gateway(g) if not d.ended(today)]


async def _serve(settings: ReceiverSettings, desks: list[str], host: str, port: int, notifier: str | None, url: str) -> None:
    secret, token = settings.secret.get_secret_value(), settings.admin_token.get_secret_value()
    _end_when_told()
    with suppress(asyncio.CancelledError):
        async with Receivers(now=SystemClock().now, address=host, port=port, took=_say, turned_away=_complain) as receivers:
            for desk in desks:
                receivers.knows(desk, secret)
            console.print(f"listening on http://{host}:{port}{path_of('<desk>')}; Ctrl-C ends it")
            if notifier is not None:
                await register(notifier, {desk: url + path_of(desk) for desk in desks}, secret=secret, admin_token=token)
                console.print(f"registered at {notifier}: {len(desks)} desks")
            await asyncio.Event().wait()


def _end_when_told() -> None:
    task = asyncio.current_task()
    if task is not None:
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, task.cancel)


def _say(call: Call) -> None:
    console.print(f"{call.at:%H:%M:%S} {call.desk} {brought(call.body)}", soft_wrap=True, markup=False)


def _complain(problem: str) -> None:
    errors.print(problem, soft_wrap=True, markup=False)


def brought(body: str) -> str:
    """What a webhook brought: its number, its kind, the type of the event and which fields it has, not what they say."""
    data = json.loads(body)["data"]
    about = data["event"]["type"] if "event" in data else "nothing"
    return f"{data['number']} {data['kind']} about {about}: {', '.join(sorted(data.get('message', ()))) or 'no fields'}"
