"""Whom a stage of a clock tells: never nobody, and nobody who must not hear of it."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.decision import IdMaker, Stage
from frontdoor_router.core.firing import Fired, Running, fire, raise_again
from frontdoor_router.core.keeping import Kept
from frontdoor_schemas.envelope import Envelope, Section
from frontdoor_schemas.sections import join
from frontdoor_schemas.vocabulary import Category, EventType
from support.deciding import NIGHT, SECRET, test_pack
from support.merging import MERGER, merging

EVENT, DISCLOSURE = uuid4(), uuid4()
TODAY = NIGHT.date()
CANNOT_DECIDE = "hub.front-door"


def section(category: Category, **body: Any) -> Section:
    """A section about the event."""
    return Section(id=uuid4(), category=category, body=body or {"fact": category.value})


VOICE, PLACE = section(Category.child_voice), section(Category.locating)
SOURCE = section(Category.professional_network, **{"source/desk": "police.pvp"})
OTHER = section(Category.narrative)


def running(
    to: str, *, desk: str = "oak.dsl", kind: str = "escalate", source: str = "police.pvp", withhold: list[str] | None = None
) -> Running:
    """An obligation whose next stage is due."""
    envelope = Envelope(id=EVENT, type=EventType.police_incident, thread=EVENT, occurred_at=NIGHT, received_at=NIGHT)
    sharing = [section(Category.professional_network, **{"sharing/withhold_from": withhold})] if withhold else []
    return Running(
        id=UUID(int=1),
        duty="incident-school",
        event=EVENT,
        desk=desk,
        disclosure=DISCLOSURE,
        due=NIGHT,
        stages=(Stage(NIGHT, kind, to),),
        next_stage=0,
        kept=Kept(envelope, source, (VOICE, PLACE, SOURCE, OTHER, *sharing)),
        given=tuple(str(s.id) for s in (VOICE, PLACE, SOURCE)),
    )


def fired(one: Running, *, confirmed: bool = True, today: date = TODAY) -> Fired:
    """What it brings about."""
    return fire(one, test_pack().directory, IdMaker(SECRET), now=NIGHT + timedelta(minutes=1), today=today, confirmed=confirmed)


def told(one: Running, **how: Any) -> list[str]:
    """Which desks it tells."""
    return [n.desk for n in fired(one, **how).notices]


@pytest.mark.parametrize(
    ("to", "desk", "expected"),
    [
        ("deputy", "oak.dsl", ["oak.deputy"]),
        ("manager", "trust.visiting", ["trust.manager"]),
        ("source", "oak.dsl", ["police.pvp"]),
        ("source-manager", "oak.dsl", ["police.supervisor"]),
        ("role:encompass", "oak.dsl", ["police.encompass"]),
        ("role:school_dsl", "oak.dsl", ["elm.dsl", "oak.dsl"]),
        ("desk:care.duty", "oak.dsl", ["care.duty"]),
    ],
)
def test_each_target_is_found(to: str, desk: str, expected: list[str]) -> None:
    assert told(running(to, desk=desk)) == expected


@pytest.mark.parametrize(
    ("to", "desk", "source"),
    [
        ("deputy", "elm.dsl", "police.pvp"),
        ("manager", "oak.dsl", "police.pvp"),
        ("source-manager", "oak.dsl", "oak.dsl"),
        ("source", "oak.dsl", "gone.desk"),
        ("source-manager", "oak.dsl", "gone.desk"),
        ("deputy", "gone.desk", "police.pvp"),
        ("manager", "gone.desk", "police.pvp"),
        ("role:midwifery", "oak.dsl", "police.pvp"),
        ("role:nonsense", "oak.dsl", "police.pvp"),
        ("desk:gone.desk", "oak.dsl", "police.pvp"),
        ("desk:ash.dsl", "oak.dsl", "police.pvp"),
        ("nonsense", "oak.dsl", "police.pvp"),
    ],
)
def test_where_there_is_nobody_it_falls_to_who_sees_to_what_cannot_be_decided(to: str, desk: str, source: str) -> None:
    assert told(running(to, desk=desk, source=source)) == [CANNOT_DECIDE]


def test_from_whom_the_author_withholds_the_event_hears_nothing_of_it_by_a_clock_either() -> None:
    assert told(running("role:school_dsl", withhold=["elm"])) == ["oak.dsl"]
    assert told(running("deputy", withhold=["oak.deputy"])) == [CANNOT_DECIDE]
    assert told(running("deputy", withhold=["elm.dsl"])) == ["oak.deputy"]


def hidden(to: str, *names: str, desk: str = "oak.dsl") -> Running:
    """One of which some may not learn that the desk owes it."""
    return replace(running(to, desk=desk), hidden_from=frozenset(names))


def test_from_whom_it_is_kept_that_the_desk_was_found_hears_nothing_of_what_it_owes() -> None:
    assert told(hidden("role:school_dsl", "elm", desk="trust.visiting")) == ["oak.dsl"]
    assert told(hidden("role:school_dsl", "elm.dsl", desk="trust.visiting")) == ["oak.dsl"]
    assert told(hidden("source", "police", desk="trust.visiting")) == [CANNOT_DECIDE]
    assert told(hidden("source", "elm", desk="trust.visiting")) == ["police.pvp"]


def test_nor_does_the_desk_that_has_the_work_of_one_from_which_it_is_kept(tmp_path: Path) -> None:
    directory = load_pack(merging(tmp_path)).directory
    for name, expected in (("oak.dsl", CANNOT_DECIDE), ("mill", "grove.dsl")):
        result = fire(
            hidden("desk:grove.dsl", name, desk="trust.visiting"), directory, IdMaker(SECRET), now=NIGHT, today=MERGER, confirmed=True
        )
        assert [n.desk for n in result.notices] == [expected]


def test_where_it_is_kept_from_who_sees_to_what_cannot_be_decided_its_own_manager_hears_of_it() -> None:
    (notice,) = fired(hidden("source", "police", "hub", desk="trust.visiting")).notices
    assert (notice.desk, notice.reason) == ("trust.manager", "incident-school")
    assert [g.section.body["overdue/desk"] for g in notice.given] == ["trust.visiting"]


@pytest.mark.parametrize("desk", ["clinic.duty", "elm.dsl", "gone.desk"])
def test_where_there_is_no_such_manager_either_somebody_hears_that_there_is_something_and_not_what(desk: str) -> None:
    """The clinic has no manager, Elm School's is at the hub, and the third is no desk any more."""
    (notice,) = fired(hidden("source", "police", "hub", desk=desk)).notices
    assert (notice.desk, notice.reason, notice.given, notice.stands_for) == (CANNOT_DECIDE, "not-said", (), None)


def test_who_hears_in_place_of_a_deputy_from_which_it_is_kept_is_no_deputy() -> None:
    (notice,) = fired(hidden("deputy", "oak.deputy", "hub", desk="oak.dsl")).notices
    assert (notice.desk, notice.given, notice.stands_for) == (CANNOT_DECIDE, (), None)


def test_a_desk_that_takes_over_from_one_that_was_told_hears_nothing_that_is_kept_from_it() -> None:
    directory = test_pack().directory
    one = hidden("source", "elm", desk="trust.visiting")
    heard = [raise_again(one, directory.desk(to), directory, IdMaker(SECRET), today=TODAY).desk for to in ("elm.dsl", "ash.dsl")]
    assert heard == [CANNOT_DECIDE, "ash.dsl"]


def test_what_was_made_for_the_desk_stays_there_where_anything_about_these_people_is_withheld_from_the_deputy() -> None:
    one = replace(running("deputy"), made=(section(Category.history_summary),))
    for name, expected in (("oak.deputy", [VOICE, SOURCE]), ("oak", [VOICE, SOURCE]), ("elm", [VOICE, SOURCE, *one.made])):
        (notice,) = fired(replace(one, kept=replace(one.kept, kept_back=frozenset({name})))).notices
        assert [g.section for g in notice.given] == expected


def test_an_escalation_says_who_has_not_done_what_and_nothing_of_the_event() -> None:
    (notice,) = fired(running("role:encompass")).notices
    assert (notice.kind, notice.reason, notice.chases, notice.stands_for) == ("overdue", "incident-school", DISCLOSURE, None)
    (given,) = notice.given
    assert join([given.section]) == {"overdue": {"desk": "oak.dsl", "due": NIGHT.isoformat()}}
    assert given.made


def test_a_deputy_stands_in_and_reads_what_the_desk_was_given() -> None:
    (notice,) = fired(running("deputy")).notices
    assert (notice.stands_for, notice.chases) == (DISCLOSURE, DISCLOSURE)
    assert [g.section for g in notice.given] == [VOICE, SOURCE]


def test_what_was_made_for_the_desk_goes_to_its_deputy_too() -> None:
    made = section(Category.history_summary)
    (notice,) = fired(replace(running("deputy"), made=(made,))).notices
    assert [(g.section, g.made) for g in notice.given] == [(VOICE, False), (SOURCE, False), (made, True)]


def test_in_a_protected_case_the_deputy_does_not_read_who_wrote() -> None:
    one = running("deputy")
    (notice,) = fired(replace(one, kept=replace(one.kept, protected=True))).notices
    assert [g.section for g in notice.given] == [VOICE]


def test_who_takes_the_place_of_a_deputy_that_there_is_not_reads_nothing() -> None:
    (notice,) = fired(running("deputy", desk="elm.dsl")).notices
    assert notice.stands_for is None
    assert [list(g.section.body) for g in notice.given] == [["overdue/desk", "overdue/due"]]


def test_a_stage_that_fires_before_receipts_were_read_says_so() -> None:
    result = fired(running("role:encompass"), confirmed=False)
    assert result.notices[0].reason == "incident-school-unconfirmed"
    assert result.audit.detail["confirmed"] is False


def test_a_reminder_goes_to_the_desk_that_owes_by_e_mail_alone() -> None:
    result = fired(running("owing", kind="remind"))
    (remind,) = result.reminds
    assert (remind.desk, remind.reason, remind.disclosure, remind.due) == ("oak.dsl", "waiting", DISCLOSURE, NIGHT)
    assert (result.notices, result.told, result.audit.type) == ((), [("remind", "oak.dsl")], "obligation.reminded")


def test_a_reminder_to_a_desk_that_there_no_longer_is_becomes_somebodys_work() -> None:
    result = fired(running("owing", kind="remind", desk="gone.desk"))
    assert result.told == [("escalate", CANNOT_DECIDE)]


def test_who_is_told_gets_an_e_mail_about_that_notice() -> None:
    result = fired(running("role:encompass"))
    assert [(r.desk, r.reason, r.disclosure) for r in result.reminds] == [("police.encompass", "overdue", result.notices[0].id)]
    assert result.told == [("escalate", "police.encompass")]


def test_firing_again_makes_the_same_ids_and_another_stage_makes_others() -> None:
    one = running("role:encompass")
    again = replace(one, stages=(*one.stages, *one.stages), next_stage=1)
    assert fired(one).notices[0].id == fired(one).notices[0].id
    assert fired(one).notices[0].id != fired(again).notices[0].id
