"""What is checked in a pack's `agencies.toml` beyond its shape."""

from collections.abc import Iterable, Iterator, Sequence

from frontdoor_chassis.directory_file import RESERVED_DOMAINS, AgenciesFile, AgencyEntry, DeskEntry, desks_named
from frontdoor_chassis.directory_successors import office_faults, successor_faults
from frontdoor_chassis.toml_places import PackError, Place, TomlFile, parse_strictly
from frontdoor_schemas.topics import FAMILIES
from frontdoor_schemas.vocabulary import EventType

_Faults = Iterator[tuple[Place, str]]


def parse_agencies(document: TomlFile) -> AgenciesFile:
    """The document, checked. Raises `PackError` with every fault."""
    parsed = parse_strictly(AgenciesFile, document)
    faults = [document.fault(place, reason) for place, reason in _faults(parsed)]
    if faults:
        raise PackError(faults)
    return parsed


def _faults(parsed: AgenciesFile) -> _Faults:
    yield from _repeated(parsed)
    yield from _head_faults(parsed)
    yield from _publishing_faults(parsed)
    for number, agency in enumerate(parsed.agency):
        yield from _agency_faults(parsed, number, agency)
    yield from successor_faults(parsed)
    yield from office_faults(parsed)


def _repeated(parsed: AgenciesFile) -> _Faults:
    agencies = [a.id for a in parsed.agency]
    for number in _doubles(agencies):
        yield ("agency", number, "id"), f"agency {agencies[number]} is entered twice"
    for number, agency in enumerate(parsed.agency):
        for place in _doubles([d.id for d in agency.desk]):
            yield ("agency", number, "desk", place, "id"), f"desk {agency.id}.{agency.desk[place].id} is entered twice"
    for key, given in (("adopts", parsed.partnership.adopts), ("without", parsed.partnership.without)):
        for place in _doubles(given):
            yield ("partnership", key, place), f"“{given[place]}” is named twice"


def _doubles(ids: Sequence[str]) -> Iterable[int]:
    return (number for number, id_ in enumerate(ids) if id_ in ids[:number])


def _head_faults(parsed: AgenciesFile) -> _Faults:
    head, desks = parsed.partnership, _ids(parsed)
    if head.lead_agency not in {a.id for a in parsed.agency}:
        yield ("partnership", "lead_agency"), f"no agency {head.lead_agency}"
    if head.cannot_decide not in desks:
        yield ("partnership", "cannot_decide"), f"no desk {head.cannot_decide}"
    if "default" not in head.review:
        yield ("partnership", "review"), "says nobody under default"
    for family, desk in head.review.items():
        if family not in (*FAMILIES, "default"):
            yield ("partnership", "review", family), f"no family {family}; there are {', '.join(FAMILIES)}"
        if desk not in desks:
            yield ("partnership", "review", family), f"no desk {desk}"
    for relation, who in head.registers.items():
        for desk in desks_named(who):
            if desk not in desks:
                yield ("partnership", "registers", relation.value), f"no desk {desk}"


def _publishing_faults(parsed: AgenciesFile) -> _Faults:
    lists, types = parsed.partnership.publishes, frozenset(t.value for t in EventType)
    for name in sorted(lists.keys() & types):
        yield ("partnership", "publishes", name), f"{name} is an event type; a list has a name of its own"
    for number, agency in enumerate(parsed.agency):
        for place, name in enumerate(agency.publishes):
            if name not in lists and name not in types:
                yield ("agency", number, "publishes", place), f"“{name}” is no event type and no list of [partnership.publishes]"


def _ids(parsed: AgenciesFile) -> frozenset[str]:
    return frozenset(f"{a.id}.{d.id}" for a in parsed.agency for d in a.desk)


def _managers(parsed: AgenciesFile) -> frozenset[str]:
    return frozenset(d.manager for a in parsed.agency for d in a.desk if d.manager is not None)


def _agency_faults(parsed: AgenciesFile, number: int, agency: AgencyEntry) -> _Faults:
    if agency.successor is not None and agency.successor not in {a.id for a in parsed.agency}:
        yield ("agency", number, "successor"), f"no agency {agency.successor}"
    if agency.successor is not None and agency.until is None:
        yield ("agency", number, "successor"), f"{agency.id} has a successor and no day on which it ends (until)"
    if agency.id in _chain(parsed, agency):
        yield ("agency", number, "successor"), f"{agency.id} would be its own successor"
    types = (word for name in agency.publishes for word in parsed.partnership.publishes.get(name, (name,)))
    if EventType.query.value in types and parsed.partnership.queries is None and any(d.queries is None for d in agency.desk):
        yield ("agency", number, "publishes"), f"{agency.id} may ask, and neither it nor the partnership says how often: queries.per_hour"
    if not agency.desk:
        yield ("agency", number), f"agency {agency.id} has no desk"
    elif not any(desk.manager is not None or f"{agency.id}.{desk.id}" in _managers(parsed) for desk in agency.desk):
        yield ("agency", number), f"agency {agency.id} has no escalation contact: no desk of it has a manager, or is one"
    for place, desk in enumerate(agency.desk):
        for key, reason in _desk_faults(parsed, agency, desk):
            yield ("agency", number, "desk", place, key), reason


def _chain(parsed: AgenciesFile, agency: AgencyEntry) -> set[str]:
    following, after = {a.id: a.successor for a in parsed.agency}, set[str]()
    step = agency.successor
    while step is not None and step not in after:
        after.add(step)
        step = following.get(step)
    return after


def _desk_faults(parsed: AgenciesFile, agency: AgencyEntry, desk: DeskEntry) -> Iterator[tuple[str, str]]:
    own, desks = f"{agency.id}.{desk.id}", _ids(parsed)
    if parsed.partnership.illustrative and not desk.email.endswith(RESERVED_DOMAINS):
        yield "email", f"{desk.email} is not in a reserved domain ({', '.join(RESERVED_DOMAINS)}), and the pack is illustrative"
    for key, linked in (("deputy", desk.deputy), ("manager", desk.manager), *(("links", link) for link in desk.links)):
        if linked == own:
            yield key, f"{own} cannot be its own {key}"
        elif linked is not None and linked not in desks:
            yield key, f"no desk {linked}"
    if desk.from_ is not None and desk.from_ < agency.from_:
        yield "from", f"{own} would exist before its agency, which begins on {agency.from_}"
    if desk.until is not None and desk.until <= (desk.from_ or agency.from_):
        yield "until", f"{own} would never be in force"
    if desk.until is not None and agency.until is not None and desk.until > agency.until:
        yield "until", f"{own} would outlive its agency, which ends on {agency.until}"
