"""The kinds of value that fields hold: bounded text, identifiers with their check digits, times, desks and audiences."""

import re
from datetime import UTC, date, datetime
from operator import mul
from typing import Annotated

from nhs_number.validate import is_valid
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from frontdoor_schemas.envelope import DESK_PATTERN, DeskId
from frontdoor_schemas.fields import Structure
from frontdoor_schemas.vocabulary import Category, Role, SubjectRule

MAX_CHILDREN = 20
"""Largest household met in the source documents' figures, with room; keeps one event within a record."""
MAX_ADULTS = 20
MAX_ITEMS = 50
"""Entries of any other list in one event."""
MAX_ENTRIES = 200
"""Entries of a chronology, which may be years long."""

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Outside these, a time zone's offset can carry a moment off the calendar."""

NHS_WEIGHTS = (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
"""With the check digit weighed once, a valid NHS number's sum is a multiple of 11 (of its characters' codes too: 55 × 48 is)."""
LAST_SCOTTISH = "3113"
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
"""Check letters of a unique pupil number: no I, O or S (govtalk Data Standards 2.0)."""


def _no_nul(value: str) -> str:
    # PostgreSQL refuses NUL in text, and one such string would fail its whole batch
    if "\0" in value:
        raise PydanticCustomError("nul", "contains a NUL character")
    return value


def _nhs_number(value: str) -> str:
    # the ten repeated-digit numbers satisfy modulus 11 and were never issued; Scottish numbers begin with a day of birth
    wrong = sum(map(mul, value.encode(), NHS_WEIGHTS)) % 11 or value.count(value[0]) == len(value)
    if wrong or (value < LAST_SCOTTISH and not is_valid(value)):
        raise PydanticCustomError("check_digit", "not a valid NHS number")
    return value


def _upn(value: str) -> str:
    body = value[1:-1] + (value[-1] if value[-1].isdigit() else "")
    weighed = sum(int(d) * (n + 2) for n, d in enumerate(body))
    if not value[-1].isdigit():
        weighed += UPN_LETTERS.index(value[-1]) * (len(value))
    if UPN_LETTERS[weighed % len(UPN_LETTERS)] != value[0]:
        raise PydanticCustomError("check_letter", "not a valid unique pupil number")
    return value


def refused(value: str, rule: str, says: str) -> BeforeValidator:
    """Refuses one value by a rule of its own, where "not one of the values" would leave the sender guessing what to write."""

    def check(stated: object) -> object:
        if stated == value:
            raise PydanticCustomError(rule, says)
        return stated

    return BeforeValidator(check)


Line = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_no_nul)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=8000), AfterValidator(_no_nul)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,39}$")]
LocalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
NhsNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$"), AfterValidator(_nhs_number)]
Upn = Annotated[str, StringConstraints(pattern=r"^[A-HJ-NP-RT-Z][0-9]{11}([0-9]|[A-HJ-NP-RT-Z])$"), AfterValidator(_upn)]
Postcode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$")]
Moment = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]
Day = Annotated[date, Field(ge=EARLIEST.date(), lt=LATEST.date())]
MediaType = Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
WebLink = Annotated[str, StringConstraints(pattern=r"^https://[A-Za-z0-9.-]{1,200}(/[!-~]{0,500})?$")]
Count = Annotated[int, Field(ge=0, le=10_000)]

SenderRef = Annotated[str, StringConstraints(pattern=r"^(child|adult)-[0-9]{1,2}$")]
ChildRef = Annotated[str, StringConstraints(pattern=r"^child-[0-9]{1,2}$")]
AdultRef = Annotated[str, StringConstraints(pattern=r"^adult-[0-9]{1,2}$")]
About = Annotated[tuple[SenderRef, ...], Structure("about"), Field(max_length=MAX_CHILDREN + MAX_ADULTS)]
AboutSomebody = Annotated[tuple[SenderRef, ...], Structure("about"), Field(min_length=1, max_length=MAX_CHILDREN + MAX_ADULTS)]
AboutOneChild = Annotated[tuple[ChildRef, ...], Structure("about"), Field(min_length=1, max_length=1)]
AboutAdults = Annotated[tuple[AdultRef, ...], Structure("about"), Field(min_length=1, max_length=MAX_ADULTS)]
NotForFamily = Annotated[tuple[SenderRef, ...], Structure("not_for_family"), Field(max_length=MAX_ADULTS + MAX_CHILDREN)]

GROUPS = frozenset({"members", "invited", "attended"})
"""Lists of desks that the event itself gives; as an audience such a name stands for everybody on the list."""
_NAMES = GROUPS | {role.value for role in Role}
_is_desk = re.compile(DESK_PATTERN).fullmatch


def _addressed(value: str) -> str:
    # one function and not a union: of all a part of minutes holds, its audience would take longest
    if value not in _NAMES and not _is_desk(value):
        raise PydanticCustomError("unknown_value", "neither a desk, nor a role, nor a list of this event")
    return value


_ADDRESSED_SCHEMA = {"anyOf": [{"type": "string", "pattern": DESK_PATTERN}, {"type": "string", "enum": sorted(_NAMES)}]}
Addressed = Annotated[str, AfterValidator(_addressed), WithJsonSchema(_ADDRESSED_SCHEMA)]
"""Who an author writes for: a desk, all desks of a role, or a list of the event."""
Audience = Annotated[tuple[Addressed, ...], Structure("to"), Field(max_length=MAX_ITEMS)]
Desks = Annotated[tuple[DeskId, ...], Field(max_length=MAX_ITEMS)]
Lines = Annotated[tuple[Line, ...], Field(max_length=MAX_ITEMS)]

OWN, ABOUT, HOUSEHOLD, EVENT = SubjectRule.own, SubjectRule.about, SubjectRule.household, SubjectRule.event
C = Category
