"""Whether a service works with somebody, answered from what the exchange knows: nobody has to be asked (register A5, A11, H4).

A tie that the service itself has asserted counts as well: it gives that service nothing, and it is its own word on the question. Where
the pack says that a service tells the exchange of everybody, no tie means no; else it means that nobody knows, and the service is asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from frontdoor_chassis.directory import Directory
from frontdoor_chassis.directory_file import Entry as FileEntry
from frontdoor_router.core.case import Case, Subject
from frontdoor_router.core.world import Tie
from frontdoor_schemas.vocabulary import Answer, Category, Role

OF_WHOM = Literal["each-child", "each-adult"]

JUSTICE = frozenset({Role.youth_justice, Role.nps, Role.crc, Role.probation})
TREATMENT = frozenset({Role.adult_mental_health, Role.substance_misuse})
HEALTH = frozenset({Role.camhs, Role.gp, Role.health_visiting, Role.school_nursing, Role.midwifery, Role.hospital, Role.dentist})


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
        if self.service in JUSTICE:
            return Category.offence_and_court
        if self.service in TREATMENT:
            return Category.adult_health_and_treatment
        return Category.child_health if self.service in HEALTH else Category.professional_network


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


def answer(case: Case, service: Service, directory: Directory) -> list[KnownTo]:
    """What the exchange knows of a service's work with the people of an event."""
    return [_about(case, service, subject, directory) for subject in service.people(case)]


def any_unknown(case: Case, service: Service, directory: Directory) -> bool:
    """Whether of anybody in the event it is not known; so it is when the event names nobody of that kind."""
    found = answer(case, service, directory)
    return not found or any(one.answer is Answer.unknown for one in found)


def _about(case: Case, service: Service, subject: Subject, directory: Directory) -> KnownTo:
    if subject.person is None:
        return KnownTo(service, subject.ref, Answer.unknown)
    ties = tuple(_working(case.world.ties.get(subject.person.id, ()), case, service, directory))
    if ties:
        return KnownTo(service, subject.ref, Answer.yes, ties)
    return KnownTo(service, subject.ref, Answer.no if service.complete else Answer.unknown)


def _working(ties: Iterable[Tie], case: Case, service: Service, directory: Directory) -> Iterable[Tie]:
    for tie in ties:
        desk = directory.find(tie.desk)
        its_own = tie.asserted_by.partition(".")[0] == tie.desk.partition(".")[0]
        if desk is not None and service.service in desk.roles and tie.holds(case.now) and (tie.confirmed_by or its_own):
            yield tie
