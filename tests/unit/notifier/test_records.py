"""Reading the bus: who wrote it, and what it means."""

from datetime import datetime

import orjson
import pytest

from frontdoor_chassis.bus import Received
from frontdoor_chassis.clock import SettableClock
from frontdoor_chassis.signing import Signer, Verifier
from frontdoor_notifier.core.filing import Arrival, Reported
from frontdoor_notifier.core.ledger import Refused
from frontdoor_notifier.core.ports import Contact
from frontdoor_notifier.handlers.records import Reader
from frontdoor_schemas.envelope import Recall, Receipt, Receipts, Remind
from frontdoor_schemas.topics import RECEIPTS
from frontdoor_schemas.vocabulary import Level
from support.builders import SAYS
from support.delivering import Told
from unit.notifier.kit import NOW

KEYS = {name: name.encode() * 4 for name in ("router", "notifier", "g0", "g1")}


class Nobody:
    """Desks `a0.desk` of gateway g0 and `a1.desk` of g1."""

    def contact(self, desk: str, at: datetime) -> Contact | None:  # noqa: ARG002 - the port's signature
        return None

    def gateway_of(self, desk: str) -> str | None:
        return {"a0.desk": "g0", "a1.desk": "g1"}.get(desk)


def reader() -> Reader:
    return Reader(verifier=Verifier(KEYS), contacts=Nobody(), clock=SettableClock(NOW), has_endpoint=lambda desk: desk == "a0.desk")


def received(topic: str, value: bytes, *, writer: str = "router", key: bytes | None = None) -> Received:
    record = Signer(writer, key or KEYS[writer]).record(topic, b"a0.desk", value, SAYS)
    return Received(topic, 0, 7, record.key, record.value, record.headers)


def told() -> Told:
    return Told(SettableClock(NOW))


def test_a_delivery_comes_with_its_message_only_where_it_is_posted() -> None:
    for desk, posted in (("a0.desk", True), ("a1.desk", False)):
        found = reader().read(received("to.g0", told().delivery(desk).model_dump_json().encode()))
        assert isinstance(found, Arrival)
        assert (found.body is not None) is posted


def test_recalls_and_reminders_are_taken_as_they_are() -> None:
    delivery = told().delivery()
    for said in (told().recall(delivery), told().remind(delivery)):
        assert reader().read(received("to.g0", said.model_dump_json().encode())) == said
    assert isinstance(said, Remind | Recall)


def test_ledgers_are_for_gateways() -> None:
    ledger = {
        "record": "ledger",
        "event": "00000000-0000-4000-8000-000000000001",
        "desk": "a0.desk",
        "version": 1,
        "state": "routed",
        "others_close_at": NOW.isoformat(),
    }
    assert reader().read(received("to.g0", orjson.dumps(ledger))) is None


@pytest.mark.parametrize(
    ("value", "writer", "key", "reason"),
    [
        (b"{}", "router", None, "unreadable"),
        (b"not json", "router", None, "unreadable"),
        (b'{"record":"other"}', "router", None, "unreadable"),
        (b"{}", "router", b"another key", "not_signed_by_its_writer"),
        (b"{}", "g0", None, "not_written_by_the_router"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_its_place(value: bytes, writer: str, key: bytes | None, reason: str) -> None:
    assert reader().read(received("to.g0", value, writer=writer, key=key)) == Refused("to.g0", 0, 7, reason, NOW)


@pytest.mark.parametrize("changes", [{"number": 2**63}, {"number": -1}, {"incarnation": 2**31}])
def test_numbers_that_no_table_holds_are_refused(changes: dict[str, int]) -> None:
    said = told().delivery().model_copy(update=changes).model_dump_json().encode()
    assert reader().read(received("to.g0", said)) == Refused("to.g0", 0, 7, "out_of_range", NOW)


def test_a_reason_with_a_nul_is_refused() -> None:
    said = told().remind(None, reason="a\0b").model_dump_json().encode()
    assert reader().read(received("to.g0", said)) == Refused("to.g0", 0, 7, "out_of_range", NOW)


def test_sections_that_cannot_be_put_together_are_refused() -> None:
    delivery = told().delivery()
    broken = delivery.model_dump(mode="json")
    broken["sections"] = [{**broken["sections"][0], "body": {"a": 1, "a/b": 2}}]
    found = reader().read(received("to.g0", orjson.dumps(broken)))
    assert isinstance(found, Refused)


def report(*items: Receipt, by: str = "g0") -> bytes:
    return Receipts(by=by, at=NOW, items=items).model_dump_json().encode()


def receipt(level: Level | None, desk: str = "a0.desk") -> Receipt:
    return Receipt(disclosure=told().delivery().id, desk=desk, level=level, channel="inbox", at=NOW)


def test_of_receipts_only_levels_that_may_settle_something_are_kept() -> None:
    found = reader().read(received(RECEIPTS, report(receipt(Level.filed), receipt(Level.opened), receipt(None)), writer="g0"))
    assert isinstance(found, Reported)
    assert [i.level for i in found.items] == [Level.opened]
    assert reader().read(received(RECEIPTS, report(receipt(Level.filed)), writer="g0")) is None


def test_a_gateway_speaks_for_its_own_desks_in_its_own_name() -> None:
    assert reader().read(received(RECEIPTS, report(receipt(Level.opened, "a1.desk")), writer="g0")) is None
    assert reader().read(received(RECEIPTS, report(receipt(Level.opened, "zz.desk")), writer="g0")) is None
    found = reader().read(received(RECEIPTS, report(receipt(Level.opened), by="g1"), writer="g0"))
    assert found == Refused(RECEIPTS, 0, 7, "in_another_name", NOW)


def test_our_own_receipts_are_no_news() -> None:
    assert reader().read(received(RECEIPTS, b"anything", writer="notifier")) is None


@pytest.mark.parametrize("value", [b"[]", b"{}", b'{"by":"g0","items":[{"level":"opened"}]}', b'{"by":"g0","items":[1]}'])
def test_receipts_that_cannot_be_read_are_refused(value: bytes) -> None:
    found = reader().read(received(RECEIPTS, value, writer="g0"))
    assert isinstance(found, Refused)
    assert found.reason == "unreadable"
