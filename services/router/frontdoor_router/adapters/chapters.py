"""The folders from which a pack's rules come: the chapters of common procedures that it adopts, and its own."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel

from frontdoor_chassis.directory import AGENCIES_FILE
from frontdoor_chassis.directory_file import AdoptionEntry, adoption
from frontdoor_chassis.toml_places import Fault, TomlFile, read_text, read_toml
from frontdoor_router.adapters.pack_reading import Reading
from frontdoor_router.core.adopting import Given, Kind, R_co, Rule, given_twice, that_hold
from frontdoor_router.core.pack_checks import Wrong

DUTIES_FILE, COMPLETENESS_FILE, DEADLINES_FILE = "duties.toml", "completeness.toml", "deadlines.toml"
PATTERNS_FILE = "patterns.toml"
LISTS_FILE = "lists.toml"
MEASURES_FILE = "measures.toml"
AGREEMENTS = "agreements"
CHAPTER_FILES = (DUTIES_FILE, COMPLETENESS_FILE, DEADLINES_FILE, PATTERNS_FILE, LISTS_FILE, MEASURES_FILE, AGREEMENTS)
"""A chapter has any of them and nothing else: a misspelt name would be rules that nobody reads."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Part(Generic[R_co]):
    """What one folder has of one kind of rule, in the order of its file."""

    folder: Reading
    document: TomlFile
    table: str
    rules: tuple[R_co, ...]

    @classmethod
    def read(
        cls, folder: Reading, name: str, model: type[Model], rules: Callable[[Model], Sequence[R_co]], table: str
    ) -> Iterator["Part[R_co]"]:
        """One, or none: a chapter may lack the file, and what cannot be read is among the faults."""
        found = folder.model(model, name) if folder.has(name) or not folder.chapter else None
        if found is not None:
            parsed, document = found
            yield cls(folder, document, table, tuple(rules(parsed)))

    def given(self) -> Iterator[Given[R_co]]:
        """Each with its place."""
        for number, rule in enumerate(self.rules):
            line = self.document.line((self.table, number, "id"))
            yield Given(rule, self.folder.chapter, self.document.name, line)

    def held(self, rules: "Rules[R_co]") -> frozenset[str]:
        """Ids of those that hold."""
        return frozenset(g.rule.id for g in rules.held if g.chapter == self.folder.chapter)


@dataclass(frozen=True, slots=True)
class Rules(Generic[R_co]):
    """The rules of one kind: all that any folder gives, and those of them that hold in the pack."""

    kind: Kind
    given: tuple[Given[R_co], ...]
    held: tuple[Given[R_co], ...]


@dataclass(frozen=True, slots=True)
class RuleFolders:
    """Chapters in the order of adoption, the pack itself last."""

    own: Reading
    agencies: TomlFile | None
    adopted: AdoptionEntry | None
    """None when it cannot be read."""
    chapters: tuple[Reading, ...]

    @classmethod
    def of(cls, pack: Reading) -> "RuleFolders":
        """Those that a pack names. What is wrong with how it names them is noted."""
        document = pack.toml(AGENCIES_FILE)
        adopted = adoption(document) if document else None
        return cls(pack, document, adopted, tuple(_chapters(pack, document, adopted)) if document and adopted else ())

    @property
    def all(self) -> tuple[Reading, ...]:
        """Every folder."""
        return (*self.chapters, self.own)

    def known(self, *files: str) -> bool:
        """Whether every folder that the pack names is there and has these files in readable form, or not at all."""
        named = None if self.adopted is None else {*self.adopted.adopts}
        return named == {c.chapter for c in self.chapters} and not any(folder.unreadable & {*files} for folder in self.all)

    def rules(self, kind: Kind, given: Iterable[Given[R_co]]) -> Rules[R_co]:
        """Which of the rules of a kind hold. What two chapters give is noted."""
        given = tuple(given)
        self.own.faults += given_twice(kind, given)
        return Rules(kind, given, that_hold(given, self.adopted.without if self.adopted else ()))

    def note_idle(self, rules: Iterable[Rules[Rule]]) -> None:
        """Note ids that the pack does without and that no adopted rule has."""
        ids = {g.rule.id for kind in rules for g in kind.given if g.chapter}
        without = self.adopted.without if self.adopted else ()
        wrong = [(("partnership", "without", n), f"no adopted chapter has “{id_}”") for n, id_ in enumerate(without) if id_ not in ids]
        self.own.note(self.agencies, wrong)


def rule_folders(pack: Path) -> tuple[Path, ...]:
    """The folders with a pack's rules: of each chapter in the order of adoption, its own last. Raises `PackError`."""
    file = pack / AGENCIES_FILE
    adopted = adoption(read_toml(str(file), read_text(file, file.read_bytes()))) or AdoptionEntry()
    return (*(procedures_of(pack, adopted) / name for name in adopted.adopts), pack)


def procedures_of(pack: Path, adopted: AdoptionEntry) -> Path:
    """Where the chapters of a pack lie."""
    return (pack / (adopted.procedures or "")).resolve()


def _chapters(pack: Reading, document: TomlFile, adopted: AdoptionEntry) -> Iterator[Reading]:
    folder = procedures_of(pack.folder, adopted)
    if not folder.is_dir():
        pack.note(document, [(("partnership", "procedures"), f"no folder {folder}")])
        return
    pack.note(document, _unknown(folder, adopted))
    for name in dict.fromkeys(adopted.adopts):
        if (folder / name).is_dir():
            pack.faults += _strange(folder / name)
            yield Reading(folder / name, name, pack.faults)


def _unknown(folder: Path, adopted: AdoptionEntry) -> Iterator[Wrong]:
    for number, name in enumerate(adopted.adopts):
        if not (folder / name).is_dir():
            there = ", ".join(sorted(p.name for p in folder.iterdir() if p.is_dir()))
            yield ("partnership", "adopts", number), f"no chapter {name}; there are {there}"


def _strange(chapter: Path) -> Iterator[Fault]:
    there = [p for p in sorted(chapter.iterdir()) if not p.name.startswith(".")]
    yield from (Fault(str(p), 0, f"is none of {', '.join(CHAPTER_FILES)}") for p in there if p.name not in CHAPTER_FILES)
    if not there:
        yield Fault(str(chapter), 0, f"is empty; a chapter has any of {', '.join(CHAPTER_FILES)}")
