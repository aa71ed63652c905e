"""The committed decision matrix is that of the packs as they are, and the agreements rule as each of its rows says."""

from pathlib import Path

import pytest

from frontdoor_router.adapters.matrix_files import stale
from frontdoor_router.core.matrix_asking import ask
from frontdoor_router.core.matrix_building import slices
from frontdoor_router.core.matrix_pages import pages
from support.packs import PARTNERSHIPS, the_pack

MATRIX = Path(__file__).parents[2] / "docs" / "matrix"
PACKS = sorted(path.parent.name for path in PARTNERSHIPS.glob("*/agencies.toml"))


def test_every_pack_has_a_matrix_and_nothing_else_has() -> None:
    assert sorted(path.name for path in MATRIX.iterdir()) == PACKS, "run: make matrix"


@pytest.mark.parametrize("pack", PACKS)
def test_no_page_is_stale_and_the_agreements_rule_as_every_row_says(pack: str) -> None:
    parts = list(slices(the_pack(pack)))  # every slice of the pack, changed or not: under a minute for all packs on two cores
    assert stale(MATRIX / pack, pages(the_pack(pack), parts)) == [], "run: make matrix, and read what changed"
    assert {part.purpose for part in parts if ask(the_pack(pack), part) > 0} == the_pack(pack).purposes
