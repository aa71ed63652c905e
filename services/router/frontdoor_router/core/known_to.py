"""Whether a service works with somebody, answered from what the exchange knows: nobody has to be asked (register A5, A11, H4).

A tie that the service itself has asserted counts as well: it gives that service nothing, and it is its own word on the question. Where
the pack says that a service tells the exchange of everybody, no tie means no; else it means that nobody knows, and the service is asked.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from frontdoor_chassis.directory import Desk, Directory
from frontdoor_chassis.directory_file import Entry as FileEntry
from frontdoor_router.core.case import Case, Subject
from frontdoor_router.core.showing import shown
from frontdoor_router.core.tying import newest_worker
from frontdoor_router.core.world import Tie
from frontdoor_schemas.vocabulary import Answer, Category, Role

OF_WHOM = Literal["each-child", "each-adult"]

JUSTICE = frozenset({Role.youth_justice, Role.nps, Role.crc, Role.probation})
TREATMENT = frozenset({Role.adult_mental_health, Role.substance_misuse})
HEALTH = frozenset({Role.camhs, Role.gp, Role.health_visiting, Role.school_nursing, Role.midwifery, Role.hospital, Role.dentist})


def category_of_work(role: Role) -> Category:
    """What kind of fact it is that a desk of this role works with somebody."""
    if role in JUSTICE:
        return Category.offence_and_court
    if role in TREATMENT:
        return Category.adult_health_and_treatment
    return Category.child_health if role in HEALTH else Category.professional_network


@dataclass(frozen=True, slots=True)
class Service:
    """A service, by its role, of whose work the exchange answers; `complete`: it tells the exchange of everybody whom it works with."""

    service: Role
    of: OF_WHOM
    complete: bool

    def people(self, case: Case) -> list[Subject]:
        """Of whom it is answered."""
        return case.children if self.of == "each-child" else case.adults

    @property
    def field(self) -> str:
        """The computed field that carries the answer: that somebody is known to a service is a fact of that service's kind."""
        return _FIELDS[self.category]

    @property
    def category(self) -> Category:
        """The category of the answer."""
        return category_of_work(self.service)


_FIELDS: Mapping[Category, str] = {
    Category.offence_and_court: "known_to_justice",
    Category.adult_health_and_treatment: "known_to_treatment",
    Category.child_health: "known_to_health",
    Category.professional_network: "known_to",
}
FIELDS = frozenset(_FIELDS.values())


class ServiceEntry(FileEntry):
    """`{service = "youth_justice", of = "each-child", complete = true}`."""

    service: Role
    of: OF_WHOM
    complete: bool = False

    def value(self) -> Service:
        """The service that it writes."""
        return Service(self.service, self.of, self.complete)


@dataclass(frozen=True, slots=True)
class KnownTo:
    """The answer about one person, with the desk that works with her or him."""

    service: Service
    ref: str
    answer: Answer
    ties: tuple[Tie, ...] = ()
    desks: frozenset[str] = frozenset()
    """Who works with the person now: of a desk that has ended, the one that has its work."""
    worker: str | None = None
    contact: str | None = None
    """The worker whom the service named last, and how to reach her or him. A desk that has another's work has workers of its own."""


def answer(case: Case, service: Service, directory: Directory, today: date, *, to: Collection[str]) -> list[KnownTo]:
    """What a desk may be told of a service's work with the people of an event; `to` are its id and those of the desks whose work it has."""
    return [_about(case, service, subject, directory, today, to) for subject in service.people(case)]


def any_unknown(case: Case, services: Sequence[Service], directory: Directory, today: date) -> bool:
    """Whether of anybody in the event no service is known; so it is when the event names nobody of that kind."""
    people = services[0].people(case)
    return not people or any(unknown(case, services, subject, directory, today) for subject in people)


def unknown(case: Case, services: Sequence[Service], subject: Subject, directory: Directory, today: date) -> bool:
    """Whether of none of these services a front door may be told that it works with one person, or that it does not.

    It is for the front door that a service is asked: what is withheld from it does not answer it.
    """
    return any(
        all(_about(case, service, subject, directory, today, to).answer is Answer.unknown for service in services)
        for to in _front_doors(case, directory, today)
    )


def _front_doors(case: Case, directory: Directory, today: date) -> Sequence[Collection[str]]:
    """The desks for which a service is asked. Where nothing is withheld all know the same."""
    doors = directory.desks_of_role(Role.front_door, today) if case.withholds_ties else ()
    return [(door.id, *(d.id for d in directory.predecessors(door.id, today))) for door in doors] or [()]


def _about(case: Case, service: Service, subject: Subject, directory: Directory, today: date, to: Collection[str]) -> KnownTo:
    if subject.person is None:
        return KnownTo(service, subject.ref, Answer.unknown)
    # a service is known by its old name as well
    found = [
        (tie, desk)
        for tie, desk in working(case, subject, directory, today, to)
        if service.service in (*directory.desk(tie.desk).roles, *desk.roles)
    ]
    if found:
        worker, contact = newest_worker(tie for tie, desk in found if tie.desk == desk.id) or (None, None)
        ties, desks = tuple(tie for tie, _ in found), frozenset(desk.id for _, desk in found)
        return KnownTo(service, subject.ref, Answer.yes, ties, desks, worker, contact)
    return KnownTo(service, subject.ref, Answer.no if service.complete else Answer.unknown)


def working(case: Case, subject: Subject, directory: Directory, today: date, to: Collection[str]) -> Iterator[tuple[Tie, Desk]]:
    """Ties to somebody that hold now and that a desk may be shown, with the desk that works on now.

    Those confirmed, and those that the service itself asserted.
    """
    ties = case.world.ties.get(subject.person.id, ()) if subject.person else ()
    for tie in shown(ties, to, directory, today):
        acting = directory.acting(tie.desk, today)
        its_own = tie.asserted_by.partition(".")[0] == tie.desk.partition(".")[0]
        if acting is not None and tie.holds(case.now) and (tie.confirmed_by or its_own):
            yield tie, acting
