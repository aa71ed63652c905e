"""`frontdoor check-pack` and `frontdoor packs`."""

from typing import Annotated

import typer

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_standalone.commands.finding import scenarios_of
from frontdoor_standalone.commands.matrix import matrix
from frontdoor_standalone.commands.speaking import console, in_a_line
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.packs.pages import compare, show
from frontdoor_standalone.rehearsal.scenario import load

app = typer.Typer(help="What packs say, in plain words.", no_args_is_help=True)
app.command()(matrix)

Pack = Annotated[str, typer.Argument(help="A pack's folder, or its name")]


def check_pack(folder: Pack) -> None:
    """Check a pack as a service would when it starts: every fault with file, line and reason. Scenarios are read too.

    [dim]Examples[/dim]

      frontdoor check-pack stockton

      frontdoor check-pack ./my-pack
    """
    with in_a_line():
        where = pack_folder(folder)
        pack = load_pack(where)
        scenarios = [load(file) for file in scenarios_of(where)]
        for warning in pack.warnings:
            console.print(f"[yellow]{warning}[/yellow]", soft_wrap=True)
        console.print(
            f"{pack.directory.title}: {len(pack.directory.desks)} desks, {len(pack.duties)} duties, "
            f"{len(pack.agreements)} agreements, {len(scenarios)} scenarios, {len(pack.warnings)} warnings"
        )


@app.callback()
def packs() -> None:
    """What packs say, in plain words, as Markdown: for whoever answers for what a partnership shares."""


@app.command("show")
def show_pack(pack: Pack) -> None:
    """Every rule that holds in a pack: which chapter gives it or whether it is the pack's own, what it says, the rows it serves.

    [dim]Example[/dim]

      frontdoor packs show stockton > stockton.md
    """
    with in_a_line():
        console.print(show(load_pack(pack_folder(pack))), markup=False, soft_wrap=True, end="")


@app.command("compare")
def compare_packs(one: Pack, other: Pack) -> None:
    """Rule by rule, what one pack has and the other has not, or has otherwise: deadlines, recipients, what satisfies, what is permitted.

    [dim]Example[/dim]

      frontdoor packs compare stockton harbourside > difference.md
    """
    with in_a_line():
        console.print(compare(load_pack(pack_folder(one)), load_pack(pack_folder(other))), markup=False, soft_wrap=True, end="")
