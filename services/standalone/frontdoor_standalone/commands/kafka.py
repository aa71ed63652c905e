"""`frontdoor kafka`."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from frontdoor_standalone.commands.speaking import console, in_a_line, logging_to
from frontdoor_standalone.servers.kafka import LocalKafka

app = typer.Typer(help="A real Apache Kafka on this machine, without Docker.", no_args_is_help=True)


@app.callback()
def kafka() -> None:
    """A real Apache Kafka on this machine, without Docker."""


@app.command()
def up(
    brokers: Annotated[int, typer.Option(help="1, or 3 to see what happens when one fails")] = 1,
    heap: Annotated[int, typer.Option(help="Java heap of each, in MB")] = 512,
    state: Annotated[Path, typer.Option(help="Folder for its data and logs")] = Path("var/kafka"),
) -> None:
    """Run Apache Kafka until Ctrl-C. Needs Java 17; Maven once, to fetch it.

    [dim]Examples[/dim]

      frontdoor kafka up

      frontdoor kafka up --brokers 3 --heap 256
    """
    with in_a_line(), logging_to(state / "frontdoor.log"), console.status("starting Kafka") as status:
        with LocalKafka(state, brokers=brokers, heap_mb=heap) as running:
            status.stop()
            console.print(f"Kafka: {running.bootstrap}\nCtrl-C ends it; the data stays in {state}.")
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
        console.print("ended; nothing is left running")
