"""What is said of services that run as processes when something goes wrong."""

import asyncio
from pathlib import Path
from pickle import PicklingError

import pytest

from frontdoor_standalone.deployment import Deployment, pack_folder
from frontdoor_standalone.processes import LINES_SAID, ProcessDiedError, Processes, ServiceProcess

NOBODY_LISTENS = 1


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return Deployment.of(pack_folder("stockton"))


def one(deployment: Deployment, folder: Path) -> Processes:
    router = ServiceProcess("router", "no-such-kind", NOBODY_LISTENS, {}, folder / "router.log")
    return Processes(deployment, {"router": router}, {})


async def test_a_service_that_ended_is_named_with_what_it_said_last(deployment: Deployment, tmp_path: Path) -> None:
    processes = one(deployment, tmp_path)
    router = processes.services["router"]
    await router.start()
    assert router.process
    await asyncio.to_thread(router.process.join)
    with pytest.raises(ProcessDiedError, match=r"router ended by itself with 1;(.|\n)*KeyError: 'no-such-kind'"), processes.accountable():
        raise ConnectionError("nobody answers")


async def test_a_service_that_ended_unnoticed_is_named_in_the_end(deployment: Deployment, tmp_path: Path) -> None:
    processes = one(deployment, tmp_path)
    router = processes.services["router"]
    await router.start()
    assert router.process
    with pytest.raises(ProcessDiedError, match="router"), processes.accountable():
        await asyncio.to_thread(router.process.join)


async def test_a_service_that_could_not_be_started_is_not_stopped(deployment: Deployment, tmp_path: Path) -> None:
    router = one(deployment, tmp_path).services["router"]
    router.environment = {"UNSENDABLE": lambda: None}  # type: ignore[dict-item] # nothing of this kind goes to another process
    with pytest.raises((AttributeError, PicklingError)):
        await router.start()
    await router.stop()
    assert not router.died


async def test_a_service_whose_start_is_given_up_is_stopped_all_the_same(deployment: Deployment, tmp_path: Path) -> None:
    router = one(deployment, tmp_path).services["router"]
    starting = asyncio.create_task(router.start())
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    process = router.process
    assert process
    await router.stop()
    assert not process.is_alive()


async def test_a_failure_has_how_each_log_ends(deployment: Deployment, tmp_path: Path) -> None:
    processes = one(deployment, tmp_path)
    processes.services["router"].log.write_text("\n".join(f"line {n}" for n in range(20)))
    with pytest.raises(ConnectionError) as failed, processes.accountable():
        raise ConnectionError("nobody answers")
    (note,) = failed.value.__notes__
    assert note.splitlines() == ["the log of router ends with:", *(f"line {n}" for n in range(20 - LINES_SAID, 20))]


async def test_a_service_that_said_nothing_is_said_to_have(deployment: Deployment, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError) as failed, one(deployment, tmp_path).accountable():
        raise ConnectionError("nobody answers")
    assert failed.value.__notes__ == ["the log of router ends with:\nnothing"]
