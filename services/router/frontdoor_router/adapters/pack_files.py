"""Reads a pack's folder and checks it as a whole: what one file names, another has to have."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from frontdoor_chassis.directory import AGENCIES_FILE, Directory, parse_directory
from frontdoor_chassis.toml_places import Fault, PackError, TomlFile, parse_strictly, read_text, read_toml
from frontdoor_router.core.calendar import Calendar
from frontdoor_router.core.calendar_file import CalendarFile, build
from frontdoor_router.core.deadlines import Deadlines
from frontdoor_router.core.duties import CompletenessFile, DutiesFile, DutyEntry, Expects, ExpectsEntry
from frontdoor_router.core.pack import Pack, duties_without_agreement, purposes_of, roles_told
from frontdoor_router.core.pack_checks import (
    Known,
    Wrong,
    agencies_faults,
    agreement_faults,
    calendar_faults,
    duty_faults,
    expects_faults,
    missing_stand_ins,
    mute,
    pattern_faults,
)
from frontdoor_router.core.patterns import PatternEntry, PatternsFile
from frontdoor_router.core.policies import Agreement, read_agreement
from frontdoor_schemas.events import MODELS

DUTIES_FILE, COMPLETENESS_FILE, CALENDAR_FILE = "duties.toml", "completeness.toml", "calendar.toml"
PATTERNS_FILE = "patterns.toml"
AGREEMENTS = "agreements"

Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class _Reading:
    """One folder, and all that was found wrong in it so far."""

    folder: Path
    faults: list[Fault] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        """None when it cannot be read, which is then among the faults."""
        path = self.folder / name
        try:
            return read_text(path, path.read_bytes())
        except OSError as error:
            self.faults.append(Fault(str(path), 0, f"cannot be read: {error.strerror}"))
        except PackError as error:
            self.faults += error.faults
        return None

    def toml(self, name: str) -> TomlFile | None:
        """None when it is no TOML, which is then among the faults."""
        text = self.text(name)
        try:
            return None if text is None else read_toml(str(self.folder / name), text)
        except PackError as error:
            self.faults += error.faults
            return None

    def model(self, model: type[Model], document: TomlFile | None) -> Model | None:
        """None when it is not of that shape, which is then among the faults."""
        try:
            return None if document is None else parse_strictly(model, document)
        except PackError as error:
            self.faults += error.faults
            return None

    def note(self, document: TomlFile | None, wrong: Iterable[Wrong]) -> None:
        """Add what is wrong at places of a document."""
        if document is not None:
            self.faults += [document.fault(place, reason) for place, reason in wrong]


def load_pack(folder: Path) -> Pack:
    """Read and check a pack. Raises `PackError` with every fault of every file, each naming file, line and reason."""
    reading = _Reading(folder)
    days = _calendar(reading)
    directory = _directory(reading, days[0] if days else None)
    patterns = _patterns(reading)
    known = Known(directory, days[1] if days else None, MODELS, patterns)
    duties = _duties(reading, known)
    expects = _expects(reading, known)
    agreements = _agreements(reading, None if duties is None else purposes_of([d.duty() for d in duties]))
    if reading.faults or directory is None or days is None or duties is None:
        raise PackError(reading.faults)
    return Pack(
        directory=directory,
        duties=tuple(d.duty() for d in duties),
        expects=expects,
        patterns=tuple(p.pattern() for p in patterns or ()),
        agreements=agreements,
        calendar=days[0],
        deadlines=days[1],
        hash=_hash(folder),
        warnings=tuple(_warnings(duties, agreements, directory)),
    )


def _directory(reading: _Reading, calendar: Calendar | None) -> Directory | None:
    document = reading.toml(AGENCIES_FILE)
    if document is None:
        return None
    try:
        directory = parse_directory(document)
    except PackError as error:
        reading.faults += error.faults
        return None
    if calendar is not None:
        reading.note(document, agencies_faults(document.data, directory, calendar))
    return directory


def _calendar(reading: _Reading) -> tuple[Calendar, Deadlines] | None:
    document = reading.toml(CALENDAR_FILE)
    if document is None:
        return None
    try:
        calendar, deadlines = build(CalendarFile.model_validate(document.data))
    except ValidationError as error:
        reading.faults += document.faults(error)
        return None
    reading.note(document, calendar_faults(deadlines))
    return calendar, deadlines


def _duties(reading: _Reading, known: Known) -> tuple[DutyEntry, ...] | None:
    document = reading.toml(DUTIES_FILE)
    parsed = reading.model(DutiesFile, document)
    if parsed is None:
        return None
    reading.note(document, duty_faults(parsed.duty, known))
    return parsed.duty


def _expects(reading: _Reading, known: Known) -> tuple[Expects, ...]:
    document = reading.toml(COMPLETENESS_FILE)
    parsed = reading.model(CompletenessFile, document)
    entries: tuple[ExpectsEntry, ...] = parsed.expects if parsed else ()
    reading.note(document, expects_faults(entries, known))
    return tuple(e.expects() for e in entries)


def _patterns(reading: _Reading) -> tuple[PatternEntry, ...] | None:
    """A pack without the file counts nothing."""
    if not (reading.folder / PATTERNS_FILE).exists():
        return ()
    document = reading.toml(PATTERNS_FILE)
    parsed = reading.model(PatternsFile, document)
    if parsed is None:
        return None
    reading.note(document, pattern_faults(parsed.pattern))
    return parsed.pattern


def _agreements(reading: _Reading, purposes: frozenset[str] | None) -> tuple[Agreement, ...]:
    found = []
    files = sorted((reading.folder / AGREEMENTS).glob("*.cedar"))
    for file in files:
        name = f"{AGREEMENTS}/{file.name}"
        text = reading.text(name)
        if text is None:
            continue
        agreement, faults = read_agreement(str(file), text, purposes)
        reading.faults += faults
        if agreement is not None:
            found.append(agreement)
    if not files:
        reading.faults.append(Fault(str(reading.folder / AGREEMENTS), 0, "has no agreement: nobody would be told anything"))
    reading.faults += agreement_faults(found)
    return tuple(found)


def _warnings(entries: Iterable[DutyEntry], agreements: tuple[Agreement, ...], directory: Directory) -> Iterator[str]:
    for entry in entries:
        duty = entry.duty()
        roles = roles_told(duty, directory)
        for reason in (
            *duties_without_agreement([duty], agreements, directory),
            *missing_stand_ins(entry.escalate, directory, roles),
            *mute(duty.ask, directory, roles),
        ):
            yield f"{DUTIES_FILE}: duty {duty.id} {reason}"


def _hash(folder: Path) -> str:
    """Over names and contents of all that decides; rehearsals only watch."""
    digest = hashlib.sha256()
    names = [AGENCIES_FILE, CALENDAR_FILE, COMPLETENESS_FILE, DUTIES_FILE, *((PATTERNS_FILE,) if (folder / PATTERNS_FILE).exists() else ())]
    for path in [*(folder / n for n in names), *sorted((folder / AGREEMENTS).glob("*.cedar"))]:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
