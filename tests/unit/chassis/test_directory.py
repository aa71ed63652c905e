"""The directory: who there is on a day, who stands in, who confirms, and what is refused."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from frontdoor_chassis.directory import Directory, UnknownDeskError, load_directory, parse_directory
from frontdoor_chassis.toml_places import PackError, read_toml
from frontdoor_schemas.vocabulary import EventType, Relation, Role
from support.packs import PARTNERSHIPS

NOVEMBER = date(2020, 11, 10)
MERGER = date(2021, 6, 26)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def stockton() -> Directory:
    return load_directory(PARTNERSHIPS / "stockton")


def ids(desks: tuple[object, ...]) -> list[str]:
    return [str(getattr(d, "id", d)) for d in desks]


def test_it_is_read_from_the_folder_or_the_file(stockton: Directory) -> None:
    assert load_directory(PARTNERSHIPS / "stockton" / "agencies.toml") == stockton


def test_the_header_says_what_the_pack_is(stockton: Directory) -> None:
    assert (stockton.name, stockton.number, stockton.time_zone) == ("stockton", 1, "Europe/London")
    assert "Illustrative" in stockton.note
    assert stockton.desk(stockton.cannot_decide).agency == stockton.lead_agency == "hub"


def test_a_desk_is_found_by_its_id(stockton: Directory) -> None:
    desk = stockton.desk("police.pvp")
    assert (desk.agency, desk.role, desk.roles) == ("police", Role.police_safeguarding, (Role.police_safeguarding,))
    assert stockton.agency_of("police.pvp").name == "Cleveland Police"
    assert stockton.find("police.nobody") is None
    with pytest.raises(UnknownDeskError, match=r"police\.nobody"):
        stockton.desk("police.nobody")
    with pytest.raises(UnknownDeskError):
        stockton.agency("nobody")


@pytest.mark.parametrize(
    ("role", "on", "expected"),
    [
        (Role.front_door, NOVEMBER, ["hub.front-door"]),
        (Role.social_care, NOVEMBER, ["social-care.duty"]),
        (Role.conference_service, NOVEMBER, ["social-care.conference"]),  # not addressed by its first role, but by this one
        (Role.school_dsl, NOVEMBER, ["ash-primary.dsl", "beck-academy.dsl", "cedar-school.dsl"]),
        (Role.no_school_lead, NOVEMBER, ["trust.school-nursing"]),
        (Role.nps, MERGER - DAY, ["nps.duty"]),
        (Role.nps, MERGER, []),
        (Role.probation, MERGER - DAY, []),
        (Role.probation, MERGER, ["probation.duty"]),
        (Role.front_door, date(2019, 8, 31), []),
        (Role.hospital, NOVEMBER, ["trust.hospital"]),
        (Role.early_help, NOVEMBER, ["early-help.team"]),
    ],
)
def test_a_role_is_filled_by_desks_in_force_that_are_addressed_by_it(
    stockton: Directory, role: Role, on: date, expected: list[str]
) -> None:
    assert ids(stockton.desks_of_role(role, on)) == expected


def test_nps_and_crc_are_two_agencies_until_probation_is_one(stockton: Directory) -> None:
    assert stockton.desk("nps.duty").agency != stockton.desk("crc.duty").agency
    for agency in ("nps", "crc"):
        assert stockton.successor(agency, MERGER - DAY) is None
        after = stockton.successor(agency, MERGER)
        assert after is not None
        assert after.id == "probation"
        assert not stockton.in_force(f"{agency}.duty", MERGER)
        for desk in ("duty", "manager"):
            before, later = stockton.acting(f"{agency}.{desk}", MERGER - DAY), stockton.acting(f"{agency}.{desk}", MERGER)
            assert (before and before.id, later and later.id) == (f"{agency}.{desk}", f"probation.{desk}")
    assert not stockton.in_force("nobody.at-all", NOVEMBER)


def test_gateways(stockton: Directory) -> None:
    assert stockton.gateways() == ("hub", "police", "schools")
    assert {stockton.gateway_of(d) for d in ("mill-lane.gp", "little-oaks.lead", "high-street.dentist")} == {"schools"}
    assert ids(stockton.desks_of_gateway("police")) == [
        "police.control-room",
        "police.encompass",
        "police.pvp",
        "police.supervisor",
        "police.vemt",
    ]
    assert "nps.duty" in ids(stockton.desks_of_gateway("hub"))
    assert ids(stockton.desks_of_agency("nps", MERGER)) == []


@pytest.mark.parametrize(
    ("agency", "event_type", "on", "expected"),
    [
        ("police", EventType.police_incident, NOVEMBER, True),
        ("police", EventType.referral_outcome, NOVEMBER, False),
        ("ash-primary", EventType.referral, NOVEMBER, True),
        ("ash-primary", EventType.police_incident, NOVEMBER, False),
        ("social-care", EventType.conference_minutes, NOVEMBER, True),
        ("nps", EventType.referral, MERGER - DAY, True),
        ("nps", EventType.referral, MERGER, False),
        ("lscb", EventType.referral, NOVEMBER, False),
        ("nobody", EventType.referral, NOVEMBER, False),
    ],
)
def test_an_agency_in_force_may_publish_what_is_listed(
    stockton: Directory, agency: str, event_type: EventType, on: date, expected: bool
) -> None:
    assert stockton.may_publish(agency, event_type, on) is expected


def test_deputy_and_manager(stockton: Directory) -> None:
    deputy, manager = stockton.deputy("ash-primary.dsl", NOVEMBER), stockton.manager("nps.duty", NOVEMBER)
    assert deputy is not None
    assert manager is not None
    assert (deputy.id, manager.id) == ("ash-primary.deputy", "nps.manager")
    assert stockton.deputy("police.pvp", NOVEMBER) is None
    after = stockton.manager("nps.duty", MERGER)
    assert after is not None
    assert after.id == "probation.manager"


def test_who_finds_out_which_person_is_meant(stockton: Directory) -> None:
    assert stockton.reviewer("meetings").id == "social-care.review"
    assert stockton.reviewer("police-incidents").id == "hub.review"


@pytest.mark.parametrize(
    ("desk", "relation", "expected"),
    [
        ("council.school-roll", Relation.school, True),
        ("council.school-roll", Relation.gp, False),
        ("nhs.registration", Relation.gp, True),
        ("hub.front-door", Relation.manages, True),
        ("social-care.conference", Relation.plan_group, True),
        ("ash-primary.dsl", Relation.school, False),
        ("nps.duty", Relation.manages, False),
        ("camhs.duty", Relation.involved, False),
    ],
)
def test_nobody_confirms_himself(stockton: Directory, desk: str, relation: Relation, expected: bool) -> None:
    assert stockton.confirms(desk, relation) is expected


def test_local_names_are_for_people(stockton: Directory) -> None:
    assert stockton.local_name(Role.front_door) == "children's hub"
    assert stockton.local_name(Role.dentist) == "dentist"


MADE_UP = """
[partnership]
name = "made-up"
title = "Made up"
note = "Invented."
number = 1
time_zone = "Europe/London"
lead_agency = "hub"
cannot_decide = "hub.door"
[partnership.review]
default = "hub.door"
[partnership.registers]
school = ["hub.door"]
[partnership.publishes]
answers = ["information-response", "correction"]

[[agency]]
id = "hub"
name = "Hub"
gateway = "hub"
from = 2020-01-01
own = true
publishes = ["referral", "answers"]

[[agency.desk]]
id = "door"
role = "front_door"
name = "Door"
email = "door@hub.example"
hours = "office"

[[agency]]
id = "old"
name = "Old"
gateway = "hub"
from = 2020-01-01
until = 2021-01-01
successor = "hub"
own = true

[[agency.desk]]
id = "desk"
role = "nps"
name = "Desk"
email = "desk@old.example"
manager = "hub.door"
hours = "office"
successor = "hub.door"
"""


def replaced(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new, 1)


def swapped_last(old: str, new: str) -> Callable[[str], str]:
    return lambda text: new.join(text.rsplit(old, 1))


FAULTS: list[tuple[Callable[[str], str], int, str]] = [
    (replaced('lead_agency = "hub"', 'lead_agency = "mash"'), 8, "no agency mash"),
    (replaced('cannot_decide = "hub.door"', 'cannot_decide = "hub.window"'), 9, "no desk hub.window"),
    (replaced('default = "hub.door"', 'meetings = "hub.door"'), 10, "nobody under default"),
    (replaced('default = "hub.door"', 'default = "hub.window"'), 11, "no desk hub.window"),
    (replaced('default = "hub.door"', 'default = "hub.door"\nparties = "hub.door"'), 12, "no family parties"),
    (replaced('school = ["hub.door"]', 'school = ["hub.door", "hub.roll"]'), 13, "no desk hub.roll"),
    (replaced('school = ["hub.door"]', 'shoe_shop = "hub.door"'), 13, "shoe_shop"),
    (replaced('"Europe/London"', '"Europe/Stockton"'), 7, "no time zone"),
    (replaced("number = 1", 'number = "1"'), 6, "number"),
    (replaced('title = "Made up"', 'titel = "Made up"'), 4, "titel"),
    (replaced("own = true", 'source = "a letter"\nown = true'), 17, "either a source, or own = true"),
    (replaced("own = true", ""), 17, "either a source, or own = true"),
    (replaced("from = 2020-01-01", 'from = "soon"'), 21, "from"),
    (replaced("until = 2021-01-01", "until = 2020-01-01"), 32, "never be in force"),
    (replaced("until = 2021-01-01", ""), 38, "no day on which it ends"),
    (replaced('successor = "hub"', 'successor = "new"'), 38, "no agency new"),
    (replaced('successor = "hub"', 'successor = "old"'), 38, "its own successor"),
    (replaced('publishes = ["referral", "answers"]', 'publishes = ["referral", "gossip"]'), 23, "“gossip” is no event type and no"),
    (replaced('publishes = ["referral", "answers"]', 'publishes = ["query"]'), 23, "hub may ask, and neither it nor the partnership says"),
    (replaced('answers = ["information-response"', 'answers = ["query"'), 23, "hub may ask, and neither it nor the partnership says"),
    (replaced('hours = "office"', 'hours = "office"\nqueries = {per_hour = 0, own = true}'), 31, "queries.per_hour"),
    (replaced('hours = "office"', 'hours = "office"\nqueries = {per_hour = 5}'), 31, "either a source, or own = true"),
    (replaced('answers = ["information-response"', 'answers = ["gossip"'), 15, "publishes.answers.0"),
    (replaced("answers =", "referral ="), 15, "referral is an event type"),
    (replaced('role = "front_door"', 'role = "king"'), 27, "role"),
    (replaced('email = "door@hub.example"', 'email = "door@hub.gov.uk"'), 29, "not in a reserved domain"),
    (replaced('email = "door@hub.example"', 'email = "door"'), 29, "email"),
    (replaced('id = "door"', 'id = "The Door"'), 26, "id"),
    (replaced('manager = "hub.door"', 'manager = "hub.boss"'), 46, "no desk hub.boss"),
    (replaced('manager = "hub.door"', 'deputy = "old.desk"'), 46, "its own deputy"),
    (replaced('manager = "hub.door"', 'manager = "hub.door"\nlinks = ["old.desk"]'), 47, "its own links"),
    (replaced('manager = "hub.door"', 'manager = "hub.door"\nlinks = ["hub.door", "hub.window"]'), 47, "no desk hub.window"),
    (replaced('manager = "hub.door"', ""), 32, "agency old has no escalation contact"),
    (replaced('id = "old"', 'id = "hub"'), 33, "agency hub is entered twice"),
    (swapped_last('hours = "office"', 'hours = "office"\nfrom = 2019-01-01'), 48, "before its agency"),
    (swapped_last('hours = "office"', 'hours = "office"\nuntil = 2022-01-01'), 48, "outlive its agency"),
    (swapped_last('hours = "office"', 'hours = "office"\nuntil = 2020-01-01'), 48, "never be in force"),
    (swapped_last('hours = "office"', 'hours = "office"\ncolour = "red"'), 48, "colour"),
    (swapped_last('successor = "hub.door"', 'successor = "hub.window"'), 48, "no desk hub.window"),
    (swapped_last('successor = "hub.door"', 'successor = "old.desk"'), 48, "old.desk would be its own successor"),
    (swapped_last('successor = "hub.door"', ""), 41, "old.desk: its agency's successor has no desk of that role"),
    (replaced("until = 2021-01-01\nsuccessor", "successor"), 47, "old.desk has a successor and no day on which it ends"),
    (replaced("from = 2020-01-01\nown", "from = 2021-02-01\nown"), 48, "hub.door is not in force on 2021-01-01, when old.desk ends"),
]


def test_the_made_up_directory_is_sound() -> None:
    directory = parse_directory(read_toml("agencies.toml", MADE_UP))
    assert directory.name == "made-up"
    assert directory.agency("hub").publishes == {EventType.referral, EventType.information_response, EventType.correction}
    assert directory.agency("old").publishes == frozenset()


@pytest.mark.parametrize(("change", "line", "reason"), FAULTS, ids=[f"{n}: {reason}" for n, (_, _, reason) in enumerate(FAULTS)])
def test_a_fault_names_file_line_and_reason(change: Callable[[str], str], line: int, reason: str) -> None:
    changed = change(MADE_UP)
    assert changed != MADE_UP
    with pytest.raises(PackError) as raised:
        parse_directory(read_toml("agencies.toml", changed))
    assert any(f.file == "agencies.toml" and f.line == line and reason in f.reason for f in raised.value.faults), raised.value


def test_a_partnership_of_its_own_has_addresses_of_its_own() -> None:
    real = MADE_UP.replace("number = 1", "number = 1\nillustrative = false", 1).replace("door@hub.example", "door@hub.gov.uk")
    assert parse_directory(read_toml("agencies.toml", real)).desk("hub.door").email == "door@hub.gov.uk"


def test_a_desk_asks_as_often_as_it_says_or_else_as_the_partnership_does() -> None:
    quota = "[partnership.queries]\nper_hour = 60\nown = true\n[partnership.review]"
    own = 'hours = "office"\nqueries = {per_hour = 5, own = true}'
    asking = MADE_UP.replace("[partnership.review]", quota, 1).replace('hours = "office"', own, 1)
    directory = parse_directory(read_toml("agencies.toml", asking.replace('"referral", "answers"', '"query"')))
    assert [directory.desk(d).queries_per_hour for d in ("hub.door", "old.desk")] == [5, 60]
    assert parse_directory(read_toml("agencies.toml", MADE_UP)).desk("hub.door").queries_per_hour == 0


def test_a_desk_entered_twice_is_a_fault() -> None:
    twice = MADE_UP + '\n[[agency.desk]]\nid = "desk"\nrole = "crc"\nname = "Desk"\nemail = "desk@old.example"\nhours = "office"\n'
    with pytest.raises(PackError, match=r"old\.desk is entered twice"):
        parse_directory(read_toml("agencies.toml", twice))


MERGING = """
[[agency]]
id = "north"
name = "North"
gateway = "schools"
from = 2020-01-01
until = 2021-06-01
successor = "one"
own = true
{north}

[[agency]]
id = "south"
name = "South"
gateway = "schools"
from = 2020-01-01
until = 2021-01-01
successor = "north"
own = true
{south}

[[agency]]
id = "one"
name = "One"
gateway = "one"
from = 2021-06-01
own = true
{one}
"""


def a_desk(id_: str, **facts: object) -> str:
    usual = {"role": '"school_dsl"', "name": '"Desk"', "email": '"d@x.example"', "manager": '"hub.door"', "hours": '"always"'}
    said = {"id": f'"{id_}"', **usual, **facts}
    return "\n[[agency.desk]]\n" + "".join(f"{key} = {value}\n" for key, value in said.items())


def merging(north: str, south: str, one: str) -> Directory:
    """Three agencies of one kind: the second goes into the first, that into the third."""
    return parse_directory(read_toml("agencies.toml", MADE_UP + MERGING.format(north=north, south=south, one=one)))


def acting(directory: Directory, desk: str, *days: date) -> list[str | None]:
    return [found.id if (found := directory.acting(desk, day)) else None for day in days]


def test_a_desk_has_its_own_work_and_after_its_end_the_chain_of_its_successors_has_it() -> None:
    lead, deputy = a_desk("lead"), a_desk("deputy", by_role="false")
    found = merging(lead + deputy, lead + deputy, lead + deputy)
    days = (date(2019, 12, 31), date(2020, 12, 31), date(2021, 1, 1), date(2021, 5, 31), date(2021, 6, 1))
    assert acting(found, "south.lead", *days) == [None, "south.lead", "north.lead", "north.lead", "one.lead"]
    assert acting(found, "south.deputy", *days) == [None, "south.deputy", "north.deputy", "north.deputy", "one.deputy"]
    assert acting(found, "nobody.at-all", *days) == [None] * 5
    assert ids(found.predecessors("north.lead", date(2021, 1, 1))) == ["south.lead"]
    assert ids(found.predecessors("north.lead", date(2021, 6, 1))) == []
    assert ids(found.predecessors("one.lead", date(2021, 6, 1))) == ["north.lead", "south.lead"]
    assert ids(found.predecessors("one.lead", date(2021, 5, 31))) == []
    assert ids(found.ended(date(2021, 1, 1))) == ["old.desk", "south.deputy", "south.lead"]
    assert found.speaks_for("north", "south.lead", date(2021, 1, 1))
    assert found.speaks_for("south", "south.lead", date(2021, 1, 1))
    assert not found.speaks_for("north", "south.lead", date(2020, 12, 31))
    assert not found.speaks_for("hub", "south.lead", date(2021, 1, 1))


def test_one_of_two_desks_alike_is_not_chosen_for_it() -> None:
    lead = a_desk("lead")
    with pytest.raises(PackError, match=r"north\.lead: its agency's successor has one\.lead, one\.second of that role"):
        merging(lead, lead, lead + a_desk("second"))
    found = merging(a_desk("lead", successor='"one.second"'), lead, lead + a_desk("second"))
    assert acting(found, "north.lead", date(2021, 6, 1)) == ["one.second"]


def test_a_desk_may_end_before_its_agency_and_go_on_within_it() -> None:
    closing = a_desk("annex", until="2020-07-01", successor='"north.lead"')
    found = merging(a_desk("lead") + closing, a_desk("lead"), a_desk("lead"))
    assert acting(found, "north.annex", date(2020, 6, 30), date(2020, 7, 1)) == ["north.annex", "north.lead"]


def test_a_chain_that_comes_back_is_a_fault() -> None:
    one = a_desk("lead", until="2021-07-01", successor='"south.lead"')
    with pytest.raises(PackError, match=r"one\.lead would be its own successor"):
        merging(a_desk("lead"), a_desk("lead"), one)


def test_the_offices_of_the_partnership_go_on_with_those_who_have_their_work() -> None:
    text = MADE_UP.replace('lead_agency = "hub"', 'lead_agency = "old"', 1).replace('"hub.door"', '"old.desk"', 3)
    found = parse_directory(read_toml("agencies.toml", text))
    before, after = found.on(date(2020, 12, 31)), found.on(date(2021, 1, 1))
    assert (before.cannot_decide, before.reviewer("meetings").id) == ("old.desk", "old.desk")
    assert (after.cannot_decide, after.reviewer("meetings").id) == ("hub.door", "hub.door")
    assert [(d.is_lead("hub.door"), d.is_lead("old.desk")) for d in (before, after)] == [(False, True), (True, True)]
    assert [d.confirms("hub.door", Relation.school) for d in (before, after)] == [False, True]


@pytest.mark.parametrize("office", ["cannot_decide", "review.default"])
def test_an_office_of_the_partnership_that_ends_without_a_successor_is_a_fault(office: str) -> None:
    text = MADE_UP + MERGING.format(north=a_desk("lead"), south=a_desk("lead"), one=a_desk("lead"))
    text = text.replace("from = 2021-06-01\n", "from = 2021-06-01\nuntil = 2022-01-01\n")
    key = "cannot_decide = " if office == "cannot_decide" else "default = "
    assert f'{key}"hub.door"' in text
    with pytest.raises(PackError, match=r"one\.lead ends on 2022-01-01 and nobody has its work"):
        parse_directory(read_toml("agencies.toml", text.replace(f'{key}"hub.door"', f'{key}"south.lead"', 1)))


def test_a_folder_without_the_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"agencies\.toml: cannot be read"):
        load_directory(tmp_path)
