"""Reads a pack's folder and the chapters that it adopts, and checks them as a whole: what one file names, another has to have."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from frontdoor_chassis.directory import AGENCIES_FILE, Directory, parse_directory
from frontdoor_chassis.toml_places import Fault, PackError, TomlFile
from frontdoor_router.adapters.chapters import (
    AGREEMENTS,
    CHAPTER_FILES,
    COMPLETENESS_FILE,
    DEADLINES_FILE,
    DUTIES_FILE,
    LISTS_FILE,
    PATTERNS_FILE,
    Part,
    RuleFolders,
    Rules,
)
from frontdoor_router.adapters.measure_files import read_measures
from frontdoor_router.adapters.pack_reading import Reading
from frontdoor_router.core.adopting import Given
from frontdoor_router.core.calendar import Calendar
from frontdoor_router.core.calendar_file import CalendarFile, build
from frontdoor_router.core.deadlines import Deadlines
from frontdoor_router.core.deadlines_file import AnyDeadline, DeadlinesFile, deadline_of, strange_hours
from frontdoor_router.core.duties_file import CompletenessFile, DutiesFile, DutyEntry, ExpectsEntry
from frontdoor_router.core.lists import ListEntry, ListsFile
from frontdoor_router.core.pack import Pack, duties_without_agreement, purposes_of, roles_told
from frontdoor_router.core.pack_checks import (
    Known,
    agencies_faults,
    agreement_faults,
    calendar_faults,
    duty_faults,
    expects_faults,
    list_faults,
    missing_stand_ins,
    mute,
    pattern_faults,
)
from frontdoor_router.core.patterns import PatternEntry, PatternsFile
from frontdoor_router.core.policies import Agreement, read_agreement
from frontdoor_schemas.events import MODELS

CALENDAR_FILE = "calendar.toml"


def load_pack(folder: Path) -> Pack:
    """Read and check a pack. Raises `PackError` with every fault of every file, each naming file, line and reason."""
    folders = RuleFolders.of(Reading(folder, "", []))
    days = _calendar(folders.own)
    directory = _directory(folders, days)
    deadlines = _deadlines(folders, days)
    patterns = _patterns(folders)
    known = Known(
        directory,
        _as_deadlines(deadlines) if days and folders.known(DEADLINES_FILE) else None,
        MODELS,
        [g.rule for g in patterns.held] if folders.known(PATTERNS_FILE) else None,
    )
    duties = _duties(folders, known)
    lists = _lists(folders, known)
    expects = _expects(folders, known)
    agreements = _agreements(folders, duties, lists)
    measures = read_measures(folders, known.deadlines)
    kinds = (deadlines, patterns, lists, duties, expects, agreements, measures.concerns, measures.measures)
    if folders.known(*CHAPTER_FILES):
        folders.note_idle(kinds)
    if folders.own.faults or directory is None or days is None:
        raise PackError(folders.own.faults)
    permitting = tuple(g.rule for g in agreements.held)
    return Pack(
        directory=directory,
        duties=tuple(g.rule.duty() for g in duties.held),
        expects=tuple(g.rule.expects() for g in expects.held),
        patterns=tuple(g.rule.pattern() for g in patterns.held),
        lists=tuple(g.rule.list() for g in lists.held),
        agreements=permitting,
        calendar=days.calendar,
        deadlines=_as_deadlines(deadlines),
        hash=_hash(folders),
        data_set=measures.data_set(),
        warnings=(*_warnings(duties.held, permitting, directory), *measures.warnings([g.rule.id for g in duties.held])),
        chapters={(rules.kind, g.rule.id): g.chapter for rules in kinds for g in rules.held if g.chapter},
    )


@dataclass(frozen=True, slots=True)
class _Days:
    """The pack's own calendar, with the document that says it."""

    file: CalendarFile
    document: TomlFile
    calendar: Calendar


def _calendar(own: Reading) -> _Days | None:
    document = own.toml(CALENDAR_FILE)
    if document is None:
        return None
    try:
        parsed = CalendarFile.model_validate(document.data)
    except ValidationError as error:
        own.give_up(CALENDAR_FILE, document.faults(error))
        return None
    return _Days(parsed, document, build(parsed)[0])


def _directory(folders: RuleFolders, days: _Days | None) -> Directory | None:
    if folders.agencies is None:
        return None
    try:
        directory = parse_directory(folders.agencies)
    except PackError as error:
        folders.own.faults += error.faults
        return None
    if days is not None:
        folders.own.note(folders.agencies, agencies_faults(folders.agencies.data, directory, days.calendar))
    return directory


def _deadlines(folders: RuleFolders, days: _Days | None) -> Rules[AnyDeadline]:
    """Those of the chapters, and of the pack's own calendar."""
    own = folders.own
    if own.has(DEADLINES_FILE):
        own.faults.append(Fault(str(own.folder / DEADLINES_FILE), 0, f"is for chapters: a pack's own deadlines stand in {CALENDAR_FILE}"))
    parts = [p for f in folders.chapters for p in Part.read(f, DEADLINES_FILE, DeadlinesFile, lambda file: file.deadline, "deadline")]
    if days is None:
        return folders.rules("deadline", (g for part in parts for g in part.given()))
    mine: Part[AnyDeadline] = Part(own, days.document, "deadline", tuple(days.file.deadline))
    rules = folders.rules("deadline", (g for part in (*parts, mine) for g in part.given()))
    for part in parts:
        odd = strange_hours(part.rules, days.file.hours)
        here = part.held(rules)
        part.folder.note(part.document, [(("deadline", n, "open"), reason) for n, reason in odd if part.rules[n].id in here])
    if folders.known(DEADLINES_FILE):
        own.note(days.document, calendar_faults(_as_deadlines(rules)))
    return rules


def _as_deadlines(rules: Rules[AnyDeadline]) -> Deadlines:
    return tuple(deadline_of(g.rule) for g in rules.held)


def _patterns(folders: RuleFolders) -> Rules[PatternEntry]:
    """A pack without the file counts nothing of its own."""
    with_file = [f for f in folders.all if f.has(PATTERNS_FILE)]
    parts = [p for f in with_file for p in Part.read(f, PATTERNS_FILE, PatternsFile, lambda file: file.pattern, "pattern")]
    for part in parts:
        part.folder.note(part.document, pattern_faults(part.rules))
    return folders.rules("pattern", (g for part in parts for g in part.given()))


def _lists(folders: RuleFolders, known: Known) -> Rules[ListEntry]:
    """A pack without the file has no standing list of its own."""
    with_file = [f for f in folders.all if f.has(LISTS_FILE)]
    parts = [p for f in with_file for p in Part.read(f, LISTS_FILE, ListsFile, lambda file: file.list, "list")]
    rules = folders.rules("list", (g for part in parts for g in part.given()))
    for part in parts:
        part.folder.note(part.document, list_faults(part.rules, known, part.held(rules)))
    return rules


def _duties(folders: RuleFolders, known: Known) -> Rules[DutyEntry]:
    parts = [p for f in folders.all for p in Part.read(f, DUTIES_FILE, DutiesFile, lambda file: file.duty, "duty")]
    rules = folders.rules("duty", (g for part in parts for g in part.given()))
    for part in parts:
        part.folder.note(part.document, duty_faults(part.rules, known, part.held(rules)))
    if not rules.held and folders.known(DUTIES_FILE):
        folders.own.faults.append(
            Fault(str(folders.own.folder / DUTIES_FILE), 0, "there is no duty: nobody would have to be told anything")
        )
    return rules


def _expects(folders: RuleFolders, known: Known) -> Rules[ExpectsEntry]:
    parts = [p for f in folders.all for p in Part.read(f, COMPLETENESS_FILE, CompletenessFile, lambda file: file.expects, "expects")]
    rules = folders.rules("expects", (g for part in parts for g in part.given()))
    for part in parts:
        part.folder.note(part.document, expects_faults(part.rules, known, part.held(rules)))
    return rules


def _agreements(folders: RuleFolders, duties: Rules[DutyEntry], lists: Rules[ListEntry]) -> Rules[Agreement]:
    """An adopted agreement may speak of purposes of every duty and list in the chapters; the pack's own, of those that hold."""
    given: list[Given[Agreement]] = []
    of_chapters = purposes_of([g.rule.duty() for g in duties.given], [g.rule.list() for g in lists.given])
    of_pack = purposes_of([g.rule.duty() for g in duties.held], [g.rule.list() for g in lists.held])
    for folder in folders.all:
        purposes = of_chapters if folder.chapter else of_pack
        given += _agreements_in(folder, purposes if folders.known(DUTIES_FILE, LISTS_FILE) else None)
    rules = folders.rules("agreement", given)
    if not given and folders.known(AGREEMENTS):
        folders.own.faults.append(Fault(str(folders.own.folder / AGREEMENTS), 0, "has no agreement: nobody would be told anything"))
    folders.own.faults += agreement_faults([g.rule for g in rules.held])
    return rules


def _agreements_in(folder: Reading, purposes: frozenset[str] | None) -> Iterator[Given[Agreement]]:
    for file in sorted((folder.folder / AGREEMENTS).glob("*.cedar")):
        text = folder.text(f"{AGREEMENTS}/{file.name}")
        agreement, faults = read_agreement(str(file), text, purposes) if text is not None else (None, [])
        if agreement is None:
            folder.give_up(AGREEMENTS, faults)
        else:
            yield Given(agreement, folder.chapter, agreement.file, 1)


def _warnings(duties: Iterable[Given[DutyEntry]], agreements: tuple[Agreement, ...], directory: Directory) -> Iterator[str]:
    for given in duties:
        duty = given.rule.duty()
        roles = roles_told(duty, directory)
        where = f"{given.chapter}/{DUTIES_FILE}" if given.chapter else DUTIES_FILE
        for reason in (
            *duties_without_agreement([duty], agreements, directory),
            *missing_stand_ins(given.rule.escalate, directory, roles),
            *mute(duty.ask, directory, roles),
        ):
            yield f"{where}: duty {duty.id} {reason}"


def _hash(folders: RuleFolders) -> str:
    """Over names and contents of all that decides; rehearsals and measures only watch."""
    digest = hashlib.sha256()
    own = folders.own.folder
    _add(digest, own, own, [AGENCIES_FILE, CALENDAR_FILE, COMPLETENESS_FILE, DUTIES_FILE, LISTS_FILE, PATTERNS_FILE])
    for chapter in folders.chapters:
        _add(digest, chapter.folder, chapter.folder.parent, [COMPLETENESS_FILE, DEADLINES_FILE, DUTIES_FILE, LISTS_FILE, PATTERNS_FILE])
    return digest.hexdigest()


def _add(digest: "hashlib._Hash", folder: Path, root: Path, names: Iterable[str]) -> None:
    files = [path for path in (folder / name for name in names) if path.is_file()]
    for path in [*files, *sorted((folder / AGREEMENTS).glob("*.cedar"))]:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
