"""Identifiers with check digits, bounded text, times."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nhs_number.validate import is_valid
from pydantic import TypeAdapter, ValidationError

from frontdoor_schemas.envelope import AgencyId, DeskId
from frontdoor_schemas.values import Audience, Code, Day, Line, LocalId, Moment, NhsNumber, Postcode, Text, Upn


def _accepts(kind: Any, value: str) -> bool:
    try:
        TypeAdapter(kind).validate_python(value, strict=False)
    except ValidationError:
        return False
    return True


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
def test_the_nhs_number_check_agrees_with_an_independent_one(number: str) -> None:
    assert _accepts(NhsNumber, number) == (is_valid(number) and len(set(number)) > 1)


@pytest.mark.parametrize("number", ["9434765919", "9990000018", "9990000026"])
def test_good_nhs_numbers(number: str) -> None:
    assert _accepts(NhsNumber, number)


@pytest.mark.parametrize(
    "number", ["9434765918", "943476591", "94347659190", "9434 765 919", "٩٩٩٠٠٠٠٠١٨", "", *(f"{d}" * 10 for d in range(10))]
)
def test_bad_nhs_numbers(number: str) -> None:
    assert not _accepts(NhsNumber, number)


@pytest.mark.parametrize("upn", ["B801200005001", "A80120000501A"])
def test_good_upns_permanent_and_temporary(upn: str) -> None:
    assert _accepts(Upn, upn)


@pytest.mark.parametrize(
    "upn", ["C801200005001", "A80120000501B", "B80120000500", "b801200005001", "I801200005001", "B8012000050011", "A80120000501S"]
)
def test_bad_upns(upn: str) -> None:
    assert not _accepts(Upn, upn)


def test_a_upn_of_an_authority_created_since_2019_is_good() -> None:
    body = "838200005001"
    letter = "ABCDEFGHJKLMNPQRTUVWXYZ"[sum(int(d) * (n + 2) for n, d in enumerate(body)) % 23]
    assert _accepts(Upn, letter + body)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Postcode, ["TS1 1AA", "SW18 2PU", "W1A 1AA", "ZZ99 3VZ"], ["TS11AA", "ts1 1aa", "TS1  1AA", "1AA TS1"]),
        (Code, ["QL23", "a b", "9/1"], ["", " a", "a" * 41, "a\0"]),
        (LocalId, ["N-2020/1"], ["", "-1", "a b", "a" * 65]),
        (DeskId, ["police.pvp", "a.b"], ["police", "Police.pvp", "a.b.c", ".a", "a."]),
        (AgencyId, ["police"], ["police.pvp", "", "-a"]),
        (Line, ["a", "é", "x" * 200], ["", "x" * 201, "a\0b"]),
        (Text, ["a", "line\nline"], ["", "x" * 8001, "\0"]),
        (
            Moment,
            ["2020-11-10T21:40:00Z", "2020-11-10T21:40:00+01:00"],
            ["2020-11-10T21:40:00", "1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z"],
        ),
        (Day, ["2020-11-10"], ["1899-12-31", "2200-01-01", "10/11/2020"]),
    ],
)
def test_forms_and_bounds(kind: Any, good: list[str], bad: list[str]) -> None:
    assert [v for v in good if not _accepts(kind, v)] == []
    assert [v for v in bad if _accepts(kind, v)] == []


def test_an_audience_names_desks_roles_or_lists_of_the_event() -> None:
    reads = TypeAdapter(Audience).validate_json
    assert reads(b'["police.pvp", "nps", "members"]') == ("police.pvp", "nps", "members")
    for wrong in (b'["everybody"]', b'["Police.pvp"]', b'[""]', b"[1]"):
        with pytest.raises(ValidationError):
            reads(wrong)
