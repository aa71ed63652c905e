"""The decision matrix: how rows are made of policies, how they read, and that the agreements are asked about every one."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from frontdoor_router.adapters.matrix_files import stale, write
from frontdoor_router.core.agreements import CannotDecideError
from frontdoor_router.core.facts import VALUES
from frontdoor_router.core.matrix import NOTHING_PERMITS, Cell, Slice, Table
from frontdoor_router.core.matrix_asking import ContradictionError, ask, contradictions
from frontdoor_router.core.matrix_building import slices
from frontdoor_router.core.matrix_pages import pages
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.policies import read_agreement
from frontdoor_schemas.vocabulary import RULED, Category, Role
from support.deciding import test_pack
from support.packs import facts

OPENS = date(2020, 1, 1)


def policy(name: str, text: str) -> str:
    return f'@id("{name}")\n@agreement("made-up")\n@legal_basis("none")\n@explain("Says {name}")\n{text};\n'


def permit(name: str, condition: str, *, categories: str = "child_identity", purpose: str = "notice") -> str:
    listed = ", ".join(f'Category::"{c}"' for c in categories.split())
    head = f'permit (principal == Role::"school_dsl", action, resource) when {{ resource in [{listed}] }}'
    return policy(name, f'{head} when {{ context.purpose == "{purpose}" && ({condition}) }}')


def forbid(name: str, unless: str, *, when: str = "") -> str:
    return policy(name, f"forbid (principal, action, resource) {when} unless {{ {unless} }}")


def a_pack(*policies: str, until: str = "", more: tuple[str, str] | None = None) -> Pack:
    """The pack of the tests, with nothing but these policies in force; `more` is an agreement that begins on another day."""
    files = [("made-up", f"// agreement: made-up\n// from: {OPENS}\n{until}// own\n// parties: all\n" + "".join(policies))]
    if more:
        text = more[1].replace('"made-up"', '"later"')
        files.append(("later", f"// agreement: later\n// from: {more[0]}\n// own\n// parties: all\n{text}"))
    read = [read_agreement(f"{name}.cedar", text, test_pack().purposes) for name, text in files]
    agreements = tuple(agreement for agreement, faults in read if agreement is not None and not faults)
    assert len(agreements) == len(files), read
    return replace(test_pack(), agreements=agreements, _ready={})


def notice(pack: Pack) -> Slice:
    return next(part for part in slices(pack) if part.purpose == "notice")


def the_table(pack: Pack) -> Table:
    ((table,),) = [section.tables for section in notice(pack).sections]
    return table


OWN_PUPIL = permit("child", 'context.of_subject == "yes"')
CHILD = Cell(Role.school_dsl, Category.child_identity)


def test_what_no_policy_reads_is_in_no_row() -> None:
    table = the_table(a_pack(OWN_PUPIL))
    (row,) = table.rows
    assert (row.where, row.permits, row.perhaps, row.never, row.walls) == ((("of_subject", ("yes",)),), ("child",), (), (), ())
    assert table.nothing == ((("of_subject", ("no", "unknown")),),)
    assert table.cells == (CHILD,)


def test_a_permit_that_bears_for_certain_decides_and_another_is_named_beside_it() -> None:
    pack = a_pack(permit("all", 'context.withheld == "no" || context.withheld == "yes"'), OWN_PUPIL)
    assert [(row.permits, row.perhaps) for row in the_table(pack).rows] == [(("all",), ("child",))]


def test_a_forbid_is_a_wall_with_ways_through_of_its_own_and_multiplies_no_row() -> None:
    table = the_table(a_pack(OWN_PUPIL, forbid("wall", 'context.protected == "no" || context.listed == "yes"')))
    ((wall,),) = [row.walls for row in table.rows]
    assert wall.id == "wall"
    told = facts(of_subject="yes")
    for protected in VALUES["protected"]:
        for listed in VALUES["listed"]:
            through = protected == "no" or listed == "yes"
            expected = table.expects(told._replace(protected=protected, listed=listed))
            assert (expected.permit, expected.policies) == (through, frozenset({"child"} if through else {"wall"}))
    assert table.expects(facts(of_subject="unknown")) == NOTHING_PERMITS


def test_a_wall_that_a_row_has_passed_already_is_not_named() -> None:
    named = permit("named", 'context.audience == "named"')
    assert [row.walls for row in the_table(a_pack(named, forbid("audience", 'context.audience == "named"'))).rows] == [()]


def test_a_forbid_that_stands_whatever_else_is_so_makes_a_row_a_no() -> None:
    pack = a_pack(OWN_PUPIL, forbid("never", 'principal == Role::"gp"'), forbid("wall", 'context.withheld == "no"'))
    (row,) = the_table(pack).rows
    assert (row.permits, row.never, row.walls) == (("child",), ("never",), ())
    expected = the_table(pack).expects(facts(of_subject="yes"))
    assert (expected.permit, expected.policies, expected.others) == (False, frozenset({"never"}), None)


def test_a_permit_that_contradicts_itself_makes_no_table() -> None:
    pack = a_pack(permit("never", 'context.withheld == "no" && context.withheld == "yes"'))
    assert [section.tables for section in notice(pack).sections] == [()]


def test_cells_that_are_ruled_alike_share_a_table() -> None:
    pack = a_pack(permit("child", 'context.of_subject == "yes"', categories="child_identity narrative"))
    assert the_table(pack).cells == (CHILD, Cell(Role.school_dsl, Category.narrative))


def test_a_day_that_changes_nothing_for_a_purpose_begins_no_section() -> None:
    other = permit("other", 'context.of_subject == "yes"', purpose="plan")
    more = permit("more", 'context.plan_group == "yes"')
    same, changed = (notice(a_pack(OWN_PUPIL, more=("2021-05-01", text))) for text in (other, more))
    assert [(s.from_, s.until) for s in same.sections] == [(OPENS, None)]
    assert [(s.from_, s.until) for s in changed.sections] == [(OPENS, date(2021, 5, 1)), (date(2021, 5, 1), None)]


def test_a_page_reads_so() -> None:
    pack = a_pack(
        permit("child", 'context.of_subject == "yes"', categories="child_identity narrative"),
        permit("text", 'context.audience == "named" && context.event_type == "referral"', categories="narrative"),
        forbid("closed", 'principal == Role::"gp"', when='when { resource == Category::"narrative" && context.source_role == "nps" }'),
        forbid("wall", 'context.event_type == "referral" || context.withheld == "no"'),
        until="// until: 2021-05-01\n",
    )
    types = [v for v in VALUES["event_type"] if v != "referral"]
    assert len(types) > 6
    assert pages(pack, [notice(pack)])["notice.md"] == (
        """# notice

- incident-gp: on police-incident, gp
- incident-school: on police-incident, school

## 2020-01-01 to 2021-04-30

- school_dsl: child_identity

| | where | by | walls |
|---|---|---|---|
| yes | of_subject: yes | child | wall |
| no | otherwise | nothing permits it | |

- school_dsl: narrative

| | where | by | walls |
|---|---|---|---|
| yes | of_subject: yes | child, (text) | closed, wall |
| yes | of_subject: no or unknown; event_type: referral; audience: named | text | closed |
| no | otherwise | nothing permits it | |

Nothing permits anything else.

## From 2021-05-01

Nothing permits anything.

## Walls

| wall | lets through where |
|---|---|
| closed | source_role: not nps |
| wall | event_type: referral |
| wall | event_type: not referral; withheld: no |

## Policies

| policy | agreement | says |
|---|---|---|
| child | made-up | Says child |
| closed | made-up | Says closed |
| text | made-up | Says text |
| wall | made-up | Says wall |
"""
    )


def test_a_row_that_is_never_given_names_what_stands_against_what() -> None:
    pack = a_pack(OWN_PUPIL, forbid("never", 'principal == Role::"gp"'))
    assert "| no | of_subject: yes | never against child | |" in pages(pack, [notice(pack)])["notice.md"]
    assert "| [notice](notice.md) | police-incident | none |" in pages(pack, [notice(pack)])["README.md"]


def test_what_is_permitted_whatever_the_facts_is_given_always_and_nothing_is_left_for_otherwise() -> None:
    pack = a_pack(permit("all", 'context.withheld == "no" || context.withheld == "yes"'))
    text = pages(pack, [notice(pack)])["notice.md"]
    assert "| yes | always | all | |\n\nNothing permits anything else." in text


def test_walls_of_one_policy_that_leave_different_things_open_are_told_apart() -> None:
    pack = a_pack(
        permit("child", 'context.of_subject == "yes"', categories="child_identity narrative"),
        forbid("wall", 'context.withheld == "no" || (resource == Category::"narrative" && context.listed == "yes")'),
    )
    text = pages(pack, [notice(pack)])["notice.md"]
    assert "| child | wall/1 |" in text
    assert "| child | wall/2 |" in text
    assert "| wall/1 | withheld: no |\n| wall/2 | withheld: yes; listed: yes |\n| wall/2 | withheld: no |" in text


def test_a_purpose_that_is_ruled_as_another_says_so() -> None:
    pack = a_pack(OWN_PUPIL, permit("other", 'context.of_subject == "yes"', purpose="plan").replace('"other"', '"planned"'))
    both = a_pack(
        permit("child", 'context.of_subject == "yes"').replace(
            'context.purpose == "notice"', '["notice", "plan"].contains(context.purpose)'
        )
    )
    assert "Ruled as" not in pages(pack, list(slices(pack)))["plan.md"]
    found = pages(both, list(slices(both)))
    assert found["plan.md"].endswith("Ruled as [notice](notice.md), on every day.\n")
    assert "| [plan](plan.md) | plan-status | as for notice |" in found["README.md"]


def test_purposes_that_no_duty_gives_and_those_of_what_came_before_say_what_they_are_for() -> None:
    pack = a_pack(OWN_PUPIL)
    duty = replace(pack.duties[0], id="seen-before", history="before", on=pack.duties[0].on)
    found = pages(pack, list(slices(replace(pack, duties=(*pack.duties, duty), _ready={}))))
    assert "The author of an event names the desk." in found["named-by-author.md"]
    assert "- seen-before: on police-incident, role:front_door, of what came before" in found["before.md"]
    assert "- seen-before: on police-incident, role:front_door\n" in found["front-door.md"]


def test_the_agreements_are_asked_about_every_row_and_wall() -> None:
    pack = a_pack(OWN_PUPIL, forbid("wall", 'context.withheld == "no"'))
    row, stop, otherwise = 1, 1, 1
    assert ask(pack, notice(pack)) == row + stop + otherwise + len(Role)


def test_a_way_in_which_a_wall_stops_is_not_asked_about_where_the_row_is_past_it() -> None:
    pack = a_pack(permit("listed", 'context.listed == "yes"'), forbid("wall", 'context.listed == "yes" && context.withheld == "no"'))
    ((row,),) = (table.rows for section in notice(pack).sections for table in section.tables)
    assert len([stop for wall in row.walls for stop in wall.stops]) == 2
    assert ask(pack, notice(pack)) == 3 + len(Role)


@pytest.mark.parametrize(
    "otherwise",
    [
        [permit("child", 'context.of_subject == "no"'), forbid("wall", 'context.withheld == "no"')],
        [OWN_PUPIL],
        [OWN_PUPIL, forbid("wall", 'context.withheld == "yes"')],
        [OWN_PUPIL, forbid("wall", 'context.withheld == "no"'), forbid("more", 'context.listed == "yes" && context.source_role == "gp"')],
        [OWN_PUPIL.replace('"child"', '"another"'), forbid("wall", 'context.withheld == "no"')],
        [forbid("wall", 'context.withheld == "no"')],
    ],
    ids=["other-facts", "no-wall", "other-wall", "more-walls", "other-policy", "no-permit"],
)
def test_agreements_that_rule_otherwise_than_the_matrix_says_contradict_it(otherwise: list[str]) -> None:
    part = notice(a_pack(OWN_PUPIL, forbid("wall", 'context.withheld == "no"')))
    with pytest.raises(ContradictionError, match=r"notice: .* are ruled otherwise"):
        ask(a_pack(*otherwise), part)


def test_a_permit_where_the_matrix_has_none_contradicts_it() -> None:
    part = notice(a_pack(OWN_PUPIL))
    every = " ".join(c.value for c in RULED)
    with pytest.raises(ContradictionError):
        ask(a_pack(OWN_PUPIL, permit("more", 'context.withheld == "no" || context.withheld == "yes"', categories=every)), part)


def test_a_question_that_cannot_be_decided_contradicts_whatever_was_expected() -> None:
    rules = a_pack(OWN_PUPIL).agreements_on(OPENS)
    question = ("school_dsl", "child_identity", facts(purpose="notice", withheld="perhaps"))
    (said,) = contradictions(rules, [(question, NOTHING_PERMITS)])
    assert CannotDecideError.__name__ in said


def test_pages_that_are_missing_changed_or_left_over_are_stale(tmp_path: Path) -> None:
    folder, found = tmp_path / "made-up", {"README.md": "all\n", "notice.md": "notice\n"}
    assert stale(folder, found) == ["README.md", "notice.md"]
    assert write(folder, found) == ["README.md", "notice.md"]
    assert stale(folder, found) == []
    (folder / "README.md").unlink()
    (folder / "notice.md").write_text("something else\n")
    (folder / "left-over.md").write_text("an old purpose\n")
    assert stale(folder, found) == ["README.md", "left-over.md", "notice.md"]
    assert write(folder, found) == ["README.md", "left-over.md", "notice.md"]
    assert sorted(path.name for path in folder.iterdir()) == sorted(found)
    assert write(folder, found) == []
