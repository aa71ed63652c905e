"""`frontdoor measures` on a router's database: a table for a person, lines for a spreadsheet, and nothing written."""

import asyncio
import csv
import io
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from frontdoor_standalone.__main__ import command_line
from support.builders import a_child
from support.exchange import exchange
from support.routers import rows

MORNING = datetime(2020, 11, 10, 10, 0, tzinfo=UTC)


@pytest.fixture
def kept(database: str) -> str:
    """A database with two referrals, one of them for neglect."""

    async def post() -> None:
        async with exchange(database, starts=MORNING) as running:
            for n, said in ((1, {"concern_types": [{"type": "neglect"}]}), (2, {})):
                await running.post("ash-primary.dsl", "referral", {"children": [a_child(n)], **said})

    asyncio.run(post())
    return database


def asked(*arguments: str) -> str:
    """What the command says."""
    done = CliRunner().invoke(command_line(), ["measures", *arguments], env={"COLUMNS": "220"})
    assert done.exit_code == 0, done.output
    return done.output


def volume(text: str) -> dict[str, str]:
    """The line of all referrals."""
    (line,) = [r for r in csv.DictReader(io.StringIO(text)) if (r["measure"], r["by"]) == ("referral-volume", "all")]
    return line


def test_lines_for_a_spreadsheet(kept: str) -> None:
    whole = volume(asked("2020-11", "--dsn", kept, "--audience", "partnership", "--csv"))
    neglect = volume(asked("2020-11", "--dsn", kept, "--audience", "partnership", "--concern", "neglect", "--csv"))
    before = volume(asked("2020-11", "--dsn", kept, "--audience", "partnership", "--as-at", "2020-11-01", "--csv"))
    agency = volume(asked("2020-11", "--dsn", kept, "--audience", "agency", "--agency", "police", "--csv"))
    assert [line["of"] for line in (whole, neglect, before, agency)] == ["2", "1", "0", "2"]
    assert (whole["month"], whole["whole_month"], before["whole_month"]) == ("2020-11", "yes", "no")


def test_a_table_for_a_person_is_for_everybody_unless_it_is_asked_otherwise(kept: str) -> None:
    said = asked("2020-11", "--dsn", kept)
    assert "Stockton-on-Tees" in said
    assert "Referrals received (I9, J9, K17, C26)" in said
    assert "[c]" in said
    assert "26 %: Wokingham letter" in said


def test_what_could_not_be_decided_and_a_month_that_is_not_over_are_said(kept: str) -> None:
    asyncio.run(rows(kept, "UPDATE event SET state = 'held' RETURNING id"))
    said = asked("2020-11", "--dsn", kept, "--as-at", "2020-11-20", "--audience", "partnership")
    assert "The month was not over." in said
    assert "2 events that nobody could decide are in no figure." in said


def test_drawing_up_a_table_writes_nothing(kept: str) -> None:
    before = asyncio.run(rows(kept, "SELECT count(*) FROM audit"))
    asked("2020-11", "--dsn", kept)
    assert asyncio.run(rows(kept, "SELECT count(*) FROM audit")) == before
