"""The promises while something dies: nothing lost, nothing under two ids, order kept per desk and case. Short forms."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.cases import RECIPIENTS
from faults.scenarios import SCENARIOS, SHORT, Stage, stage
from frontdoor_standalone.servers import ServerError

pytestmark = [pytest.mark.needs_kafka, pytest.mark.needs_postgres, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def exchange() -> Iterator[Stage]:
    """An exchange of processes on servers of its own: they are going to be stopped."""
    folder = Path(tempfile.mkdtemp(prefix="frontdoor-faults-"))
    try:
        with stage(folder) as running:
            yield running
    except ServerError as error:
        pytest.fail(str(error), pytrace=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "nothing broken"])
def test_every_promise_is_kept_while(exchange: Stage, name: str) -> None:
    outcome = exchange.run(name, SHORT)
    counts = outcome.verdict.counts
    assert not outcome.verdict.violations
    assert counts.accepted >= outcome.asked
    assert (counts.held, counts.disclosures) == (0, RECIPIENTS * counts.accepted)
