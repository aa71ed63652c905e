"""Who has a desk's work after its end, as `agencies.toml` says it."""

from collections.abc import Iterator, Mapping
from datetime import date

from frontdoor_chassis.directory_file import AgenciesFile, AgencyEntry, DeskEntry
from frontdoor_chassis.toml_places import Place


def successors(parsed: AgenciesFile) -> dict[str, str]:
    """Which desk has the work of which after its end: the one that it names, else the one like it at its agency's successor."""
    return {desk: found[0] for desk, (_, found) in _successors(parsed).items() if len(found) == 1}


def _successors(parsed: AgenciesFile) -> dict[str, tuple[Place, list[str]]]:
    """For each desk that names a successor, or whose agency does: where that stands, and which desks could be meant."""
    found: dict[str, tuple[Place, list[str]]] = {}
    for number, agency in enumerate(parsed.agency):
        for place, desk in enumerate(agency.desk):
            own, ends = f"{agency.id}.{desk.id}", desk.until or agency.until
            if desk.successor is not None:
                found[own] = ("agency", number, "desk", place, "successor"), [desk.successor]
            elif ends is not None and agency.successor in {a.id for a in parsed.agency}:
                found[own] = ("agency", number, "desk", place), _alike(parsed, agency.successor, desk, ends)
    return found


def _alike(parsed: AgenciesFile, agency: str | None, desk: DeskEntry, on: date) -> list[str]:
    """An agency's desks of the role of a desk. Of several those that are addressed by it or not as that one is: a lead, and a deputy."""
    there = [(a, d) for a in parsed.agency if a.id == agency for d in a.desk if d.role is desk.role and _in_force(_life(a, d), on)]
    if len(there) > 1:
        there = [(a, d) for a, d in there if d.by_role == desk.by_role]
    return [f"{a.id}.{d.id}" for a, d in there]


def _life(agency: AgencyEntry, desk: DeskEntry) -> tuple[date, date | None]:
    return desk.from_ or agency.from_, desk.until or agency.until


def _in_force(life: tuple[date, date | None], on: date) -> bool:
    return life[0] <= on and (life[1] is None or on < life[1])


def successor_faults(parsed: AgenciesFile) -> Iterator[tuple[Place, str]]:
    """What is wrong with how desks go on."""
    after, lives = successors(parsed), {f"{a.id}.{d.id}": _life(a, d) for a in parsed.agency for d in a.desk}
    for own, (place, found) in _successors(parsed).items():
        ends = lives[own][1]
        if len(found) != 1:
            those = f"has {', '.join(found)} of that role" if found else "has no desk of that role then"
            yield place, f"{own}: its agency's successor {those}; say with successor which desk has its work"
        elif found[0] not in lives:
            yield place, f"no desk {found[0]}"
        elif ends is None:
            yield place, f"{own} has a successor and no day on which it ends (until)"
        elif _comes_back(own, after):
            yield place, f"{own} would be its own successor"
        elif not _in_force(lives[found[0]], ends):
            yield place, f"{found[0]} is not in force on {ends}, when {own} ends: nobody would have its work"


def office_faults(parsed: AgenciesFile) -> Iterator[tuple[Place, str]]:
    """The partnership's own offices that somebody no longer fills from some day on: work for a person would reach nobody."""
    after, lives = successors(parsed), {f"{a.id}.{d.id}": _life(a, d) for a in parsed.agency for d in a.desk}
    head = parsed.partnership
    offices: list[tuple[Place, str]] = [(("partnership", "cannot_decide"), head.cannot_decide)]
    offices += [(("partnership", "review", family), desk) for family, desk in head.review.items()]
    for place, desk in offices:
        last = desk
        while last in after and not _comes_back(last, after):
            last = after[last]
        ends = lives[last][1] if last in lives else None
        if ends is not None and last not in after:
            yield place, f"{last} ends on {ends} and nobody has its work: what a person has to see to would reach nobody"


def _comes_back(desk: str, after: Mapping[str, str]) -> bool:
    seen, step = set[str](), after.get(desk)
    while step is not None and step not in seen:
        seen.add(step)
        step = after.get(step)
    return desk in seen
