"""Which of the desks told the publisher's ledger names: never one by a relation that is withheld from the publisher."""

from pathlib import Path
from typing import Any

import pytest

from support.builders import a_child
from support.deciding import Told, deciding_by
from support.packs import varied
from support.withholding import FRONT_DOOR, NURSE, invitation, partners, works

LINKS = """
[[duty]]
id = "links"
from = 2020-01-01
own = true
on = "concern"
tell = {relation = "practice_links", of = "each-child"}
because = "notice"
deadline = "day"
satisfied_by = ["received"]
"""
AGREEMENT = """// agreement: links
// from: 2020-01-01
// own
// parties: everybody

@id("links.visitors")
@agreement("links")
@legal_basis("made up")
@explain("Who is linked with a child's practice reads of the concern")
permit (principal == Role::"health_visiting", action, resource)
when { resource in [Category::"case_reference", Category::"child_identity", Category::"concern_and_incident"] }
when { context.purpose == "notice" && context.of_subject == "yes" };
"""
LINKED = "trust.visiting"


def a_concern(folder: Path, *, shown: bool = False, kept_from: tuple[str, ...] = (), **child: Any) -> Told:
    """A school's concern about a child, of which the link worker of the child's practice hears."""
    duty = LINKS + "shown_to_publisher = true\n" if shown else LINKS
    deciding = deciding_by(varied(folder, duties=duty, agreement=AGREEMENT))
    sharing = {"sharing": {"withhold_from": list(kept_from)}} if kept_from else {}
    registered = {"children": [a_child(1)], "about": ["child-1"], "relation": "gp", "desk": "mill.gp", **sharing}
    deciding.post("nhs.registration", "involvement-started", registered)
    return deciding.post("oak.dsl", "concern", {"children": [a_child(1, **child)]})


def test_a_link_worker_is_named_only_where_the_duty_says_so(tmp_path: Path) -> None:
    assert a_concern(tmp_path / "shown", shown=True).to(LINKED).visible
    assert not a_concern(tmp_path / "not", shown=False).to(LINKED).visible


def test_a_link_worker_is_not_named_in_a_protected_case(tmp_path: Path) -> None:
    assert not a_concern(tmp_path, shown=True, protected="yes").to(LINKED).visible


@pytest.mark.parametrize("kept_from", ["oak", "oak.dsl"])
def test_a_link_worker_is_not_named_to_whom_the_childs_practice_is_withheld_from(tmp_path: Path, kept_from: str) -> None:
    assert not a_concern(tmp_path, shown=True, kept_from=(kept_from,)).to(LINKED).visible


def test_a_colleague_is_named_unless_it_is_found_by_a_relation_that_is_withheld_from_the_publisher(tmp_path: Path) -> None:
    withheld, known = partners(tmp_path / "withheld"), partners(tmp_path / "known")
    works(withheld, NURSE, kept_from=(LINKED,), by=FRONT_DOOR)
    works(known, NURSE, by=FRONT_DOOR)
    assert not invitation(withheld, by=LINKED).to(NURSE).visible
    assert invitation(withheld, by=LINKED, invited=[NURSE]).to(NURSE).visible
    assert invitation(known, by=LINKED).to(NURSE).visible
