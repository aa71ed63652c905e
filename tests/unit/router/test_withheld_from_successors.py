"""A desk that has another's work hears nothing of what was withheld from it, though that other was told."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from frontdoor_router.core.decision import Obligation
from frontdoor_router.core.draft import Basis
from frontdoor_router.core.succeeding import Before, Left, hand_over
from frontdoor_schemas.envelope import DeliveryKind
from frontdoor_schemas.vocabulary import Level
from support.builders import a_child, an_incident
from support.deciding import Deciding, Told
from support.merging import deciding_across, the_day_comes

OAK, GROVE = "oak.dsl", "grove.dsl"
WITHHELD = pytest.mark.parametrize(("kept_from", "hears"), [([], True), (["grove"], False), (["elm.dsl"], False), (["mill"], True)])
"""From whom, and whether the school hears of it that Oak and Elm School have become."""


def told_to_oak(folder: Path, kept_from: list[str]) -> tuple[Deciding, Told]:
    """The day on which Oak School has become part of Grove School; it was told of an incident the night before, and has read it."""
    deciding = deciding_across(folder)
    deciding.tie(a_child(1), OAK, "school")
    first = deciding.post("police.pvp", "police-incident", an_incident(a_child(1), sharing={"withhold_from": kept_from}))
    earlier = deciding.world.events[first.event]
    read = tuple(replace(t, level=Level.opened) if t.desk == OAK else t for t in earlier.told)
    deciding.world.events[first.event] = replace(earlier, told=read)
    the_day_comes(deciding)
    return deciding, first


@WITHHELD
def test_that_an_event_was_withdrawn_is_the_ended_desks_to_hear_where_it_is_withheld_from_the_successor(
    tmp_path: Path, kept_from: list[str], hears: bool
) -> None:
    deciding, first = told_to_oak(tmp_path, kept_from)
    told = deciding.post("police.pvp", "withdrawal", {"reason": "wrong child"}, reply_to=first.event)
    heard = GROVE if hears else OAK
    (notice,) = [d for d in told.decision.disclosures if d.kind == "withdrawn"]
    assert (notice.desk, notice.refers_to) == (heard, first.to(OAK).id)
    assert [o.desk for o in told.decision.obligations if o.disclosure == notice.id] == [heard]


@WITHHELD
def test_an_event_that_was_withheld_from_a_successor_is_not_counted_for_it(tmp_path: Path, kept_from: list[str], hears: bool) -> None:
    deciding, _ = told_to_oak(tmp_path, kept_from)
    deciding.tie(a_child(1), GROVE, "school", by="council.school-roll")
    said = deciding.post("police.pvp", "police-incident", an_incident(a_child(1))).message(GROVE)["domestic_abuse"]
    assert (said["previous_incidents_count"], len(said.get("previous_incident_dates", ()))) == ((1, 1) if hears else (0, 0))


@WITHHELD
@pytest.mark.parametrize("kind", [DeliveryKind.withdrawn, None])
def test_a_notice_about_what_was_withheld_from_a_successor_is_work_for_a_person(
    tmp_path: Path, kind: DeliveryKind | None, kept_from: list[str], hears: bool
) -> None:
    deciding, first = told_to_oak(tmp_path, kept_from)
    withheld, notice, owed = frozenset(kept_from), UUID(int=1), UUID(int=2)
    before = [Before(notice, notice, kind, (), (), (), None, None, visible=False, withheld_from=withheld)] if kind else []
    obligation = Obligation(owed, "collect", OAK, None, notice if kind else None, ("received",), deciding.now, ())
    left = Left(first.event, OAK, GROVE, (obligation,), tuple(before), withheld)
    found = hand_over(Basis(deciding.policy, deciding.ids), left, GROVE, deciding.now)
    assert list(found.moved) == ([owed] if hears else [])
    assert [d.desk for d in found.draft.disclosures] == ([GROVE] if hears else ["hub.front-door"])
    assert [t.reason for t in found.draft.tasks] == ([] if hears else [f"not-inherited:{OAK}"])
