"""Under each pack: to a desk from which a relation is withheld, everything is as it would be if the relation were not there."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.policy import DayPolicy, policy_of
from frontdoor_schemas.vocabulary import EventType, Role
from support.budget import examples
from support.deciding import Told
from support.packs import PARTNERSHIPS, the_pack
from support.stories import Family, Step, arrivals, cast_of, decided, events, tie, ties

NAMES = sorted(folder.parent.name for folder in PARTNERSHIPS.glob("*/agencies.toml"))
FAMILY = Family(0)
PROBATION = {Role.nps, Role.crc, Role.probation}


@cache
def the_policy(name: str) -> DayPolicy:
    """Ten weeks after the pack begins, before any of its agencies ends."""
    pack = the_pack(name)
    begins = min(a.from_ for a in pack.directory.agencies.values())
    return policy_of(pack, max(begins + timedelta(weeks=10), date(2020, 11, 10)))


@cache
def kinds(name: str) -> Sequence[EventType]:
    """Types of event by which a tie might show: some duty answers from ties, or finds a desk by one."""
    duties = [d for d in the_policy(name).pack.duties if d.tell is not None]
    showing = (d for d in duties if d.known_to or d.propose_invitees or not d.relation.startswith(("role:", "desk:")))
    return sorted({d.on for d in showing if d.on is not EventType.query})


def read_by(desk: str, told: Told, *, publisher: bool) -> Mapping[str, Any]:
    """All that a desk is told of an event, word for word, and the lines of its ledger where it is the one that published."""
    mine = [d for d in told.decision.disclosures if d.desk == desk and d.kind == "disclosure"]
    return {
        "told": [(d.id, d.purposes, d.marks, d.ask, d.visible) for d in mine],
        "given": sorted((str(g.section.id), repr(sorted(g.section.body.items()))) for d in mine for g in d.given),
        "lines": {d.desk for d in told.decision.disclosures if d.visible and d.kind is not None} if publisher else set(),
    }


def addressed(event: Arrived, policy: DayPolicy) -> set[str]:
    """The desks that the author names, itself or by a role: each has its line where the agreements give it anything, by all that is so."""
    said = words(event.message).union(*(section.to for section in event.sections))
    return {d.id for d in policy.directory.desks.values() if d.id in said or not said.isdisjoint(r.value for r in d.roles)}


def words(node: object) -> set[str]:
    """All words of a message: more than name a desk, and every one that does."""
    if isinstance(node, Mapping):
        return set().union(*(words(value) for value in node.values()))
    if isinstance(node, list | tuple):
        return set().union(*(words(value) for value in node))
    return {node} if isinstance(node, str) else set()


def counts_for_itself(reader: str, desk: str, relation: str, policy: DayPolicy) -> bool:
    """Whether the relation is a fact about the reader, which it is told for or kept from whatever it may know of the relation.

    Its own agency's relation; the practice that it is a link worker of; and each probation service is given its own adults' part alone.
    """
    directory = policy.directory
    own = directory.desk(reader).agency == directory.desk(desk).agency or reader in directory.desk(desk).links
    return own or (relation == "manages" and not PROBATION.isdisjoint(directory.desk(reader).roles))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(deadline=None, max_examples=examples(20), suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_to_whom_a_relation_is_withheld_from_it_is_as_if_it_were_not_there(name: str, data: st.DataObject) -> None:
    policy = the_policy(name)
    cast = cast_of(policy.directory, policy.today)
    possible = [(p, r, d) for p in FAMILY.children for r, d in cast.child_ties] + [
        (p, r, d) for p in FAMILY.adults for r, d in cast.adult_ties
    ]
    person, relation, desk = data.draw(st.sampled_from(possible))
    stated = tie(person, relation, desk, cast.lead)
    known = [step for step in data.draw(ties(FAMILY, cast)) if step != stated]
    *before, last = arrivals([*known, data.draw(events(FAMILY, kinds=kinds(name), cast=cast))], policy)
    without = decided([*before, last], policy).told[last.envelope.id]
    reader = data.draw(st.sampled_from(sorted({str(last.envelope.source), *without.desks})))
    assume(not counts_for_itself(reader, desk, relation, policy))
    kept_from = data.draw(st.sampled_from([reader, reader.partition(".")[0]]))
    body = {**stated.body, "sharing": {"withhold_from": [kept_from]}}
    (withheld,) = arrivals([Step(stated.source, stated.type, body)], policy)
    having = decided([*before, withheld, last], policy).told[last.envelope.id]
    publisher = reader == last.envelope.source and desk not in addressed(last, policy)
    assert read_by(reader, having, publisher=publisher) == read_by(reader, without, publisher=publisher)
