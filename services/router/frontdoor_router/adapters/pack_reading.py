"""Reads the files of one folder of a pack, its own or a chapter's, and remembers all that is wrong in them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from frontdoor_chassis.toml_places import Fault, PackError, TomlFile, parse_strictly, read_text, read_toml
from frontdoor_router.core.pack_checks import Wrong

Model = TypeVar("Model", bound=BaseModel)


@dataclass(slots=True)
class Reading:
    """One folder. The faults are those of the whole pack so far."""

    folder: Path
    chapter: str
    """Empty: the pack itself."""
    faults: list[Fault]
    unreadable: set[str] = field(default_factory=set)
    """Files whose rules are not known, so that nothing can be said about what refers to them."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return (self.folder / name).is_file()

    def text(self, name: str) -> str | None:
        """None when it cannot be read, which is then among the faults."""
        path = self.folder / name
        try:
            return read_text(path, path.read_bytes())
        except OSError as error:
            self.give_up(name, [Fault(str(path), 0, f"cannot be read: {error.strerror}")])
        except PackError as error:
            self.give_up(name, error.faults)
        return None

    def toml(self, name: str) -> TomlFile | None:
        """None when it is no TOML, which is then among the faults."""
        text = self.text(name)
        try:
            return None if text is None else read_toml(str(self.folder / name), text)
        except PackError as error:
            self.give_up(name, error.faults)
            return None

    def model(self, model: type[Model], name: str) -> tuple[Model, TomlFile] | None:
        """None when it is not of that shape, which is then among the faults."""
        document = self.toml(name)
        try:
            return None if document is None else (parse_strictly(model, document), document)
        except PackError as error:
            self.give_up(name, error.faults)
            return None

    def give_up(self, name: str, faults: Iterable[Fault]) -> None:
        """A file cannot be used."""
        self.unreadable.add(name)
        self.faults += faults

    def note(self, document: TomlFile | None, wrong: Iterable[Wrong]) -> None:
        """Add what is wrong at places of a document."""
        if document is not None:
            self.faults += [document.fault(place, reason) for place, reason in wrong]
