"""Says where in a TOML file a value stands, so that a pack that is wrong names file, line and reason.

`tomllib` keeps no positions. It has the word on what the text means; the scanner here only counts lines.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]
"""Where a value stands in a document: `("duty", 3, "deadline")`."""

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<newline>\n)|(?P<space>[ \t\r]+)
      |(?P<text>\"\"\"(?:\\.|[^\\])*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
      |(?P<mark>[\[\]{},=.])|(?P<bare>[^\s\[\]{},=.#"']+)""",
    re.VERBOSE | re.DOTALL,
)
_ERROR_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong in one file of a pack. Line 0: the file or folder as a whole."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}" if self.line else f"{self.file}: {self.reason}"


class PackError(Exception):
    """A pack is not fit for use. Carries every fault that was found, in order of file and line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for found in _TOKEN.finditer(text):
        if found.lastgroup not in {"comment", "space"}:
            yield _Token(str(found.lastgroup), found[0], line)
        line += found[0].count("\n")
    yield _Token("end", "", line)


@dataclass(slots=True)
class _Scanner:
    """Reads text that `tomllib` has accepted; on any other its answers mean nothing."""

    tokens: list[_Token]
    at: int = 0
    places: dict[Place, int] = field(default_factory=dict)
    table: Place = ()
    counts: dict[Place, int] = field(default_factory=dict)

    def scan(self) -> dict[Place, int]:
        while self._peek().kind != "end":
            if self._peek().kind == "newline":
                self.at += 1
            elif self._peek().text == "[":
                self._header()
            else:
                self._pair(self.table)
        return self.places

    def _peek(self) -> _Token:
        return self.tokens[self.at]

    def _next(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _skip_newlines(self) -> None:
        while self._peek().kind == "newline":
            self.at += 1

    def _key(self, stop: str) -> list[str]:
        parts = []
        while (token := self._next()).text != stop and token.kind != "end":
            if token.text != ".":
                parts.append(token.text.strip("\"'"))
        return parts

    def _resolve(self, names: Sequence[str]) -> Place:
        """A name of an array of tables means its last item."""
        place: Place = ()
        for name in names:
            place = (*place, name)
            if place in self.counts:
                place = (*place, self.counts[place])
        return place

    def _header(self) -> None:
        line = self._next().line
        many = self._peek().text == "["
        if many:
            self.at += 1
        names = self._key("]")
        if many:
            self.at += 1
            place = (*self._resolve(names[:-1]), names[-1])
            self.counts[place] = self.counts.get(place, -1) + 1
            self._note(place, line)
        self.table = self._resolve(names)
        self._note(self.table, line)

    def _pair(self, table: Place) -> None:
        line = self._peek().line
        place = (*table, *self._key("="))
        self._note(place, line)
        self._value(place)

    def _note(self, place: Place, line: int) -> None:
        """Of what holds it too, when nothing else says where that begins."""
        for length in range(1, len(place) + 1):
            self.places.setdefault(place[:length], line)

    def _value(self, place: Place) -> None:
        if self._peek().text == "[":
            self._array(place)
        elif self._peek().text == "{":
            self._inline_table(place)
        else:
            while self._peek().kind not in {"newline", "end"} and self._peek().text not in {",", "]", "}"}:
                self.at += 1

    def _array(self, place: Place) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip_newlines()
            token = self._peek()
            if token.kind == "end" or token.text == "]":
                break
            if token.text == ",":
                self.at += 1
                continue
            self.places.setdefault((*place, index), token.line)
            self._value((*place, index))
            index += 1
        self.at += 1

    def _inline_table(self, place: Place) -> None:
        self.at += 1
        while self._peek().kind != "end" and self._peek().text != "}":
            if self._peek().text == "," or self._peek().kind == "newline":
                self.at += 1
                continue
            self._pair(place)
        self.at += 1


@dataclass(frozen=True, slots=True)
class TomlFile:
    """A TOML document with the lines of its values."""

    name: str
    data: Mapping[str, Any]
    places: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """Line of a value; where it is missing or stands inside something smaller than a line, of what holds it."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.places:
                return self.places[place[:length]]
        return 1

    def fault(self, place: Place, reason: str) -> Fault:
        """A fault at a place of this file."""
        return Fault(self.name, self.line(place), reason)

    def faults(self, error: ValidationError) -> list[Fault]:
        """What pydantic found wrong, each at its line."""
        return [self.fault(_real(e["loc"], self.data), _reason(e["loc"], e["msg"])) for e in error.errors(include_url=False)]


def read_toml(name: str, text: str) -> TomlFile:
    """Read a document. Raises `PackError` when it is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _ERROR_LINE.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        raise PackError([Fault(name, line, "is not TOML: " + _ERROR_LINE.sub("", str(error)))]) from error
    return TomlFile(name, data, _Scanner(list(_tokens(text.replace("\r\n", "\n")))).scan())


def parse_strictly(model: type[Model], document: TomlFile) -> Model:
    """The document as a strict model: text is text, a number a number. Raises `PackError` with every fault."""
    try:
        return model.model_validate_json(to_json(document.data), strict=True)
    except ValidationError as error:
        raise PackError(document.faults(error)) from error


def read_text(path: PurePath, text: bytes) -> str:
    """Decode a file of a pack. Raises `PackError` when it is not UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise PackError([Fault(str(path), text[: error.start].count(b"\n") + 1, "is not UTF-8")]) from error


def _real(loc: Place, data: Any) -> Place:
    """The part of a pydantic location that is in the document: pydantic puts names of union members between."""
    place: list[str | int] = []
    for step in loc:
        if isinstance(data, Mapping) and step in data:
            data = data[str(step)]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            continue
        place.append(step)
    return tuple(place)


def _reason(loc: Place, message: str) -> str:
    where = ".".join(str(step) for step in loc if not str(step).startswith("function-"))
    return f"{where}: {message.removeprefix('Value error, ')}" if where else message.removeprefix("Value error, ")
