"""The `frontdoor` command."""

import signal
from importlib.metadata import version as installed_version

import typer

from frontdoor_standalone.commands import kafka, keys, packs
from frontdoor_standalone.commands.demo import demo
from frontdoor_standalone.commands.measures import measures
from frontdoor_standalone.commands.migrating import migrate
from frontdoor_standalone.commands.packs import check_pack
from frontdoor_standalone.commands.receiver import receiver
from frontdoor_standalone.commands.rehearse import rehearse
from frontdoor_standalone.commands.services import gateway, notifier, router
from frontdoor_standalone.commands.speaking import console
from frontdoor_standalone.commands.up import up

ABOUT = """The multi-agency front door for child safeguarding, as an event exchange.

Begin with [bold]frontdoor demo[/bold]: a night of notifications, with made-up people, in seconds.
Then [bold]frontdoor up[/bold] to post events by hand, and [bold]frontdoor rehearse[/bold] to judge every scenario of every pack.
"""

TRY, RUN, CHECK = "Try it out", "Run it", "Check it"


def version() -> None:
    """The version of this installation."""
    console.print(installed_version("frontdoor"))


def command_line() -> typer.Typer:
    """The whole command."""
    app = typer.Typer(help=ABOUT, no_args_is_help=True, rich_markup_mode="rich", add_completion=False, pretty_exceptions_show_locals=False)
    app.command(rich_help_panel=TRY)(demo)
    app.command(rich_help_panel=TRY)(up)
    app.command(rich_help_panel=CHECK)(rehearse)
    app.command("check-pack", rich_help_panel=CHECK)(check_pack)
    app.add_typer(packs.app, name="packs", rich_help_panel=CHECK)
    app.command(rich_help_panel=CHECK)(measures)
    for service in (gateway, router, notifier, migrate, receiver):
        app.command(rich_help_panel=RUN)(service)
    app.add_typer(keys.app, name="keys", rich_help_panel=RUN)
    app.add_typer(kafka.app, name="kafka", rich_help_panel=RUN)
    app.command()(version)
    return app


def main() -> None:
    """Entry point of `frontdoor`. Being told to end is the same as Ctrl-C: whatever runs is stopped in order."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    command_line()()


if __name__ == "__main__":
    main()
