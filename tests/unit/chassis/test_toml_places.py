"""Where a value stands in a TOML file, and faults that say so."""

import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from frontdoor_chassis.toml_places import Fault, PackError, Place, parse_strictly, read_text, read_toml
from support.packs import PARTNERSHIPS

TEXT = '''# a comment with [brackets] and "quotes"
title = "x # no comment"      # a comment
dotted.key = 1

[one]
two = {three = 3, four = [4, {five = 5}]}
many = [
  "a",     # ]
  ["b",
   "c"],
  {deep = "d"},
]

[one.inner]
value = """
[[not.a.table]]
"""
after = true

[[item]]
name = "first"
[[item.part]]
size = 1
[[item.part]]
size = 2
[item.part.more]
note = 'single "quoted" text'

[[item]]
"quoted name" = "second"
when = 2020-01-01
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("title",), 2),
        (("dotted", "key"), 3),
        (("one",), 5),
        (("one", "two"), 6),
        (("one", "two", "four", 1, "five"), 6),
        (("one", "many", 0), 8),
        (("one", "many", 1, 0), 9),
        (("one", "many", 1, 1), 10),
        (("one", "many", 2, "deep"), 11),
        (("one", "inner", "value"), 15),
        (("one", "inner", "after"), 18),
        (("item",), 20),
        (("item", 0), 20),
        (("item", 0, "name"), 21),
        (("item", 0, "part", 0, "size"), 23),
        (("item", 0, "part", 1), 24),
        (("item", 0, "part", 1, "more", "note"), 27),
        (("item", 1), 29),
        (("item", 1, "quoted name"), 30),
        (("item", 1, "when"), 31),
        (("item", 1, "missing"), 29),
        (("nothing", "of", "the", "kind"), 1),
    ],
)
def test_a_place_has_its_line(place: Place, line: int) -> None:
    assert read_toml("a.toml", TEXT).line(place) == line


def places_in(value: object, place: Place = ()) -> list[Place]:
    inner: list[Place] = []
    if isinstance(value, dict):
        inner = [p for k, v in value.items() for p in places_in(v, (*place, k))]
    elif isinstance(value, list):
        inner = [p for n, v in enumerate(value) for p in places_in(v, (*place, n))]
    return [place, *inner] if place else inner


@pytest.mark.parametrize("path", sorted(PARTNERSHIPS.glob("*/*.toml")), ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_value_of_the_packs_has_a_line_of_its_own_key(path: Path) -> None:
    text = path.read_text()
    document, lines = read_toml(path.name, text), text.splitlines()
    assert document.data == tomllib.loads(text)
    for place in places_in(document.data):
        assert place in document.places
        key = next(step for step in reversed(place) if isinstance(step, str))
        if isinstance(place[-1], str):
            assert key in lines[document.line(place) - 1]


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\nb = \n", 2), ("a = 1\na = 2\n", 2), ("[t]\n[t]\n", 2), ('a = "', 1), ("a = [1,\n2\n", 3)],
)
def test_what_is_no_toml_names_its_line(text: str, line: int) -> None:
    with pytest.raises(PackError) as raised:
        read_toml("a.toml", text)
    (fault,) = raised.value.faults
    assert (fault.file, fault.line) == ("a.toml", line)
    assert "is not TOML" in fault.reason


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    size: int


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    part: tuple[Part, ...]


def test_every_fault_is_told_at_once_in_order_of_lines() -> None:
    document = read_toml("a.toml", 'title = 1\n[[part]]\nsize = "1"\n[[part]]\nsize = 1\ncolour = "red"\n[[part]]\n')
    with pytest.raises(PackError) as raised:
        parse_strictly(Whole, document)
    assert [(f.line, f.reason.split(":")[0]) for f in raised.value.faults] == [
        (1, "title"),
        (3, "part.0.size"),
        (6, "part.1.colour"),
        (7, "part.2.size"),
    ]
    assert str(raised.value).splitlines()[0] == "a.toml:1: title: Input should be a valid string"


def test_a_file_that_is_no_text_names_its_line() -> None:
    with pytest.raises(PackError) as raised:
        read_text(Path("a.toml"), b"a = 1\nb = '\xff'\n")
    assert raised.value.faults == (Fault("a.toml", 2, "is not UTF-8"),)


def test_a_fault_of_a_whole_file_has_no_line() -> None:
    assert str(Fault("a.toml", 0, "cannot be read")) == "a.toml: cannot be read"
