"""Every failure that a service answers is of a type in the catalogue: integrators write against that list."""

import importlib
import pkgutil
from collections.abc import Iterator

import frontdoor_chassis
import frontdoor_gateway
import frontdoor_notifier
import frontdoor_router
from frontdoor_chassis.problems import ProblemError
from frontdoor_schemas.problems import PROBLEMS

SERVICES = (frontdoor_chassis, frontdoor_gateway, frontdoor_router, frontdoor_notifier)


def _failures(base: type[ProblemError] = ProblemError) -> Iterator[type[ProblemError]]:
    for failure in base.__subclasses__():
        yield failure
        yield from _failures(failure)


def test_every_failure_is_of_a_type_that_the_contract_knows() -> None:
    for service in SERVICES:
        for module in pkgutil.walk_packages(service.__path__, f"{service.__name__}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)
    found = {failure.__name__: failure.kind for failure in _failures()}
    assert {name for name, kind in found.items() if PROBLEMS.get(kind.code) is not kind} == set()
    assert {kind.code for kind in found.values()} | {"internal-error"} == PROBLEMS.keys()
