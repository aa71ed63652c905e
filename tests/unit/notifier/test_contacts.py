"""To whom a reminder goes."""

from datetime import UTC, datetime
from pathlib import Path

from frontdoor_chassis.directory import load_directory
from frontdoor_notifier.adapters.contacts import DirectoryContacts
from frontdoor_notifier.core.ports import Contact
from support.delivering import write_directory

DESK = """
[[agency.desk]]
id = "closing"
role = "school_dsl"
name = "Closing desk"
email = "closing@a0.example"
hours = "always"
until = 2020-06-01
deputy = "a1.desk"
"""


def contacts(tmp_path: Path) -> DirectoryContacts:
    file = write_directory(tmp_path, desks=2)
    head, agency, rest = file.read_text().partition('\n[[agency]]\nid = "a1"')
    file.write_text(head + DESK + agency + rest)
    return DirectoryContacts(load_directory(file))


def test_a_desk_is_written_to_at_its_own_address(tmp_path: Path) -> None:
    found = contacts(tmp_path).contact("a0.closing", datetime(2020, 5, 31, 12, tzinfo=UTC))
    assert found == Contact("Closing desk", "closing@a0.example")


def test_after_its_end_the_deputy_is_written_to_about_it(tmp_path: Path) -> None:
    last_evening_utc = datetime(2020, 5, 31, 23, 30, tzinfo=UTC)  # half past midnight, local time
    assert contacts(tmp_path).contact("a0.closing", last_evening_utc) == Contact("Closing desk", "desk@a1.example")


def test_nobody_is_written_to_about_a_desk_that_is_not_there(tmp_path: Path) -> None:
    assert contacts(tmp_path).contact("zz.desk", datetime(2020, 5, 31, tzinfo=UTC)) is None
    assert contacts(tmp_path).gateway_of("zz.desk") is None
    assert contacts(tmp_path).gateway_of("a1.desk") == "g1"
