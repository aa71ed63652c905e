"""`frontdoor packs matrix`."""

from pathlib import Path
from typing import Annotated

import typer

from frontdoor_router.adapters.matrix_files import stale, write
from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.matrix import Slice
from frontdoor_router.core.matrix_asking import ask
from frontdoor_router.core.matrix_building import slices
from frontdoor_router.core.matrix_pages import pages
from frontdoor_router.core.pack import Pack
from frontdoor_standalone.commands.speaking import console, in_a_line, progress_bar
from frontdoor_standalone.deployment import pack_folder, pack_names


def matrix(
    packs: Annotated[list[str] | None, typer.Argument(help="Packs, by name or folder; all there are when none is given")] = None,
    *,
    to: Annotated[Path, typer.Option(help="The folder in which each pack has one of its own")] = Path("docs/matrix"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; end with 1 when a page is not what would be written")] = False,
) -> None:
    """Write the decision matrix: who is given what, for which purpose, under which facts. The agreements are asked about every row.

    [dim]Examples[/dim]

      frontdoor packs matrix

      frontdoor packs matrix ./my-pack --to ./my-matrix

      frontdoor packs matrix stockton --check
    """
    with in_a_line():
        changed = [
            f"{pack.directory.name}/{name}" for pack, parts in _asked(packs or pack_names()) for name in _put(pack, parts, to, check=check)
        ]
        for name in changed:
            console.print(f"{'is not current' if check else 'written'}: {to}/{name}", soft_wrap=True)
        if check and changed:
            raise typer.Exit(1)
        console.print("every page is current" if check or not changed else f"{len(changed)} pages changed")


def _asked(names: list[str]) -> list[tuple[Pack, list[Slice]]]:
    packs = [load_pack(pack_folder(name)) for name in names]
    with progress_bar() as progress:
        bar = progress.add_task("", total=sum(len(pack.purposes) for pack in packs))
        found = []
        for pack in packs:
            parts = []
            for part in slices(pack):
                progress.update(bar, description=f"{pack.directory.name}, {part.purpose}")
                ask(pack, part)
                parts.append(part)
                progress.advance(bar)
            found.append((pack, parts))
    return found


def _put(pack: Pack, parts: list[Slice], to: Path, *, check: bool) -> list[str]:
    folder = to / pack.directory.name
    return (stale if check else write)(folder, pages(pack, parts))
