"""What the exchange keeps itself is found where the contract says: in a ledger, an answer, another event, a figure, the audit."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from frontdoor_schemas.events import MODELS
from frontdoor_schemas.fields import Block, Nest, leaves
from frontdoor_schemas.vocabulary import EventType

ROOT = Path(__file__).parents[2]
CHAPTERS = ROOT / "deploy" / "procedures"
ROUTER = ROOT / "services" / "router" / "frontdoor_router"


def _blocks(model: type[Block]) -> Iterator[type[Block]]:
    yield model
    for shape in model.plan.fields.values():
        if isinstance(shape, Nest):
            for plan in shape.plans.values():
                yield from _blocks(plan.model)


KEPT = sorted(
    {
        (event_type, name, place)
        for event_type, model in MODELS.items()
        if event_type is not EventType.correction  # its event is any of the others
        for block in _blocks(model)
        for name, places in block.ledger.items()
        for place in places or ("nowhere",)
    }
)


@cache
def _chapters(file: str, table: str) -> tuple[dict[str, Any], ...]:
    return tuple(entry for path in sorted(CHAPTERS.glob(f"*/{file}.toml")) for entry in tomllib.loads(path.read_text())[table])


@cache
def _audited() -> frozenset[str]:
    return frozenset(found for file in ROUTER.rglob("*.py") for found in re.findall(r'AuditEntry\("([a-z_.]+)"', file.read_text()))


def _on_the_ledger(event_type: EventType) -> bool:
    """Whether the publisher's ledger may name desks that a duty tells: because the duty says so, or because they are the front door."""
    told = [d for d in _chapters("duties", "duty") if d["on"] == event_type.value and "tell" in d]
    return any(d.get("shown_to_publisher") or d["tell"]["relation"] == "role:front_door" for d in told)


def _is_counted(measure: str, event_type: EventType) -> bool:
    """Whether a measure counts events of a type. A measure of plans names no type, and reads their status."""
    found = [m for m in _chapters("measures", "measure") if m["id"] == measure]
    return any(event_type.value in m.get("on", ["plan-status"]) for m in found)


def _is_found(event_type: EventType, place: str) -> bool:
    kind, _, rest = place.partition(" ")
    match kind:
        case "line":
            return _on_the_ledger(event_type)
        case "event":
            return MODELS[EventType(rest)].must_reply
        case "field":
            other, _, path = rest.partition(" ")
            return path in dict(leaves(MODELS[EventType(other)].plan))
        case "measure":
            return _is_counted(rest, event_type)
        case "audit":
            return rest in _audited()
        case _:
            return kind == "delivery"


@pytest.mark.parametrize(("event_type", "name", "place"), KEPT, ids=[f"{t.value}: {name}: {place}" for t, name, place in KEPT])
def test_a_fact_that_the_exchange_keeps_is_found_where_the_contract_says(event_type: EventType, name: str, place: str) -> None:
    assert _is_found(event_type, place), f"{name} is not found there"


@pytest.mark.parametrize(
    "place", ["nowhere", "line", "event referral", "measure none", "measure invitations-answered", "field referral none", "audit none"]
)
def test_a_place_where_nothing_is_found_is_noticed(place: str) -> None:
    assert not _is_found(EventType.involvement_ended, place)
