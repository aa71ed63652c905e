"""Which ties a desk may be shown. A tie withheld from a desk still counts for who must be told; to that desk it is as if it were not there.

Whose word holds: of each author the last one while the relation runs, as the wish is the author's own to take back. And beside it the
last word of the service itself on its own work: whoever confirms a relation need not know from whom the service keeps it.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.case import Case, keeps_from
from frontdoor_router.core.world import Tie
from frontdoor_schemas.vocabulary import Relation

NOBODY: frozenset[str] = frozenset()
THROUGH_OTHERS = frozenset({"told_of_thread", "referral_parties"})
"""Relations of a duty by which a desk is found because it was told before: perhaps through any of its ties."""


def shown(ties: Sequence[Tie], to: Collection[str], directory: Directory, today: date) -> Sequence[Tie]:
    """Of all ties of one person, those that a desk may be shown; `to` are its id and the ids of the desks whose work it has."""
    if not any(tie.withheld_from for tie in ties):
        return ties
    return [tie for tie in ties if not _kept(_withheld_from(tie, ties, directory, today), to)]


def hidden_from(case: Case, relation: str, ref: str | None, desks: Collection[str], directory: Directory, today: date) -> frozenset[str]:
    """From whom it is kept that a duty finds a desk by a relation to somebody, or to the event: nobody, where any tie is for all to see.

    `desks` are the id of the desk and the ids of those whose work it has.
    """
    if not case.withholds_ties:
        return NOBODY
    refs = case.subjects if ref is None else (ref,)
    wishes = [wish for one in refs for wish in _wishes(case, relation, one, desks, directory, today)]
    return NOBODY.union(*wishes) if all(wishes) else NOBODY


def hides(hidden: Collection[str], desks: Collection[str]) -> bool:
    """Whether it is kept from a desk; `desks` are its id and the ids of those whose work it has."""
    return bool(hidden) and _kept(hidden, desks)


def _wishes(case: Case, relation: str, ref: str, desks: Collection[str], directory: Directory, today: date) -> Iterator[frozenset[str]]:
    """From whom each of the ties is withheld by which a duty of this relation finds a desk."""
    person = case.subjects[ref].person
    stated = relation == "no_school_lead" and case.blocks[ref].get("not_in_school")  # its author knows it anyhow
    ties = case.world.ties.get(person.id, ()) if person and not stated else ()
    for tie in ties:
        if tie.confirmed_by and case.in_force(tie) and _finds(tie, relation, desks, directory, today):
            yield _withheld_from(tie, ties, directory, today)


def _finds(tie: Tie, relation: str, desks: Collection[str], directory: Directory, today: date) -> bool:
    match relation:
        case "practice_links":
            practice = directory.acting(tie.desk, today) if tie.relation is Relation.gp else None
            return practice is not None and not set(practice.links).isdisjoint(desks)
        case "no_school_lead":
            return tie.relation is Relation.no_school
        case _:
            return tie.desk in desks and (tie.relation.value == relation or relation in THROUGH_OTHERS)


def _withheld_from(tie: Tie, ties: Sequence[Tie], directory: Directory, today: date) -> frozenset[str]:
    """From whom a tie is withheld by its author and by the service itself; `ties` are the person's, in the order of being stated."""

    def agency(desk: str) -> str:
        acting = directory.acting(desk, today)
        return (acting.id if acting else desk).partition(".")[0]

    def work(one: Tie) -> tuple[str, Relation, str | None]:
        acting = directory.acting(one.desk, today)
        return acting.id if acting else one.desk, one.relation, one.plan

    same = [one for one in ties if one is tie or (work(one) == work(tie) and _overlap(one, tie))]
    authors = {agency(tie.asserted_by), agency(tie.desk)}
    return NOBODY.union(*(_last_word([one for one in same if agency(one.asserted_by) == author]) for author in authors))


def _last_word(said: Sequence[Tie]) -> frozenset[str]:
    """The last that runs holds: one that was taken back does not. Where all have ended nobody is left to take a wish back."""
    running = [tie for tie in said if tie.until is None]
    return running[-1].withheld_from if running else NOBODY.union(*(tie.withheld_from for tie in said))


def _overlap(one: Tie, other: Tie) -> bool:
    return (other.until is None or one.since < other.until) and (one.until is None or other.since < one.until)


def _kept(withheld_from: Collection[str], desks: Collection[str]) -> bool:
    return any(keeps_from(withheld_from, desk) for desk in desks)
