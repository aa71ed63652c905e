"""`frontdoor check-pack`."""

from typing import Annotated

import typer

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_standalone.commands.finding import scenarios_of
from frontdoor_standalone.commands.speaking import console, in_a_line
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.scenario import load


def check_pack(folder: Annotated[str, typer.Argument(help="A pack's folder, or its name")]) -> None:
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
