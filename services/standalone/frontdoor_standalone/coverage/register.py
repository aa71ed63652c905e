"""The rows of the requirements register, as `deploy/register/rows.toml` has them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from frontdoor_chassis.toml_places import Fault, PackError, Place, parse_strictly, read_text, read_toml
from frontdoor_standalone.rehearsal.lines import Row
from frontdoor_standalone.servers import deploy_folder

Text = Annotated[str, Field(min_length=1)]


class Closed(BaseModel):
    """A block of the file that has these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(Closed):
    """One row: what it is about, in a few words of our own, and which document it is from."""

    name: Text
    area: str
    figure: bool = False
    """It asks for figures or lists: a measure of the data set alone serves it. Otherwise somebody has to be told as well."""
    test: tuple[Annotated[str, Field(pattern=r"^tests/[\w/]+\.py::test_\w+$")], ...] = ()
    """Tests outside the rehearsals that prove the row: `tests/…/test_x.py::test_y`."""
    reason: Text | None = None
    """Why no message, query, list or measure can serve it."""

    @model_validator(mode="after")
    def _either(self) -> "Entry":
        if self.test and self.reason:
            raise ValueError("a test proves it, and nothing can serve it: one of them is wrong")
        return self


class Group(Closed):
    """Rows that belong together. A row may be in several groups."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    title: Text
    rows: tuple[Row, ...] = Field(min_length=1)


class Register(Closed):
    """The whole file."""

    areas: Mapping[str, Text]
    group: tuple[Group, ...]
    rows: Mapping[Row, Entry]


def register_file() -> Path:
    """Where the rows stand in a checkout, or in an installation."""
    return deploy_folder("register") / "rows.toml"


def load_register(path: Path) -> Register:
    """Read and check the file. Raises `PackError` with every fault, each with its line."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PackError([Fault(str(path), 0, f"cannot be read: {error.strerror}")]) from error
    document = read_toml(str(path), read_text(path, content))
    register = parse_strictly(Register, document)
    if wrong := list(_wrong(register)):
        raise PackError([document.fault(place, reason) for place, reason in wrong])
    return register


def _wrong(register: Register) -> Iterator[tuple[Place, str]]:
    grouped = {row for group in register.group for row in group.rows}
    for row, entry in register.rows.items():
        if entry.area not in register.areas:
            yield ("rows", row, "area"), f"row {row}: no area {entry.area}"
        if row not in grouped:
            yield ("rows", row), f"row {row} is in no group"
    for group_id, times in Counter(g.id for g in register.group).items():
        if times > 1:
            yield ("group",), f"group {group_id} is there twice"
    for n, group in enumerate(register.group):
        yield from ((("group", n, "rows"), f"group {group.id}: {reason}") for reason in _wrong_rows(group, register))


def _wrong_rows(group: Group, register: Register) -> Iterator[str]:
    for row, times in Counter(group.rows).items():
        if row not in register.rows:
            yield f"no row {row}"
        if times > 1:
            yield f"row {row} stands there twice"
