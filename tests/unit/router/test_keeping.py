"""What is made again from what is kept, what leaves the router, and what comes in."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import orjson
import pytest

from frontdoor_router.core.arriving import arrived_again, envelope_of, made_up_envelope, reader, serves
from frontdoor_router.core.decision import Disclosure, Given, Obligation
from frontdoor_router.core.identify import KeyMaker
from frontdoor_router.core.keeping import Kept, Unfiled, again
from frontdoor_router.core.outgoing import Numbered, delivery, outward
from frontdoor_schemas.envelope import DeliveryKind, Envelope, Mark, Section
from frontdoor_schemas.vocabulary import Category, EventType, Level
from support.builders import a_child, an_incident
from support.deciding import NIGHT, SECRET, Deciding, test_pack

EVENT, CAUSE = uuid4(), uuid4()
ENVELOPE = Envelope(
    id=EVENT,
    type=EventType.police_incident,
    thread=uuid4(),
    cause=CAUSE,
    after=uuid4(),
    occurred_at=NIGHT,
    received_at=NIGHT,
    source="police.pvp",
)
GIVEN, OTHER, MADE = (
    Section(id=uuid4(), category=c, body={"fact": 1}) for c in (Category.child_voice, Category.narrative, Category.history_summary)
)
KEPT = Kept(ENVELOPE, "police.pvp", (GIVEN, OTHER))
UNFILED = Unfiled(
    id=uuid4(),
    desk="oak.dsl",
    kind=DeliveryKind.disclosure,
    incarnation=1,
    number=7,
    at=NIGHT,
    given=(str(GIVEN.id), str(MADE.id)),
    made=(MADE,),
    marks=(Mark.incomplete,),
    reason=None,
    refers_to=None,
    cause=CAUSE,
    withdrawn_at=None,
    event=EVENT,
)


def owed(*satisfied_by: str, duty: str = "incident-school") -> Obligation:
    """An obligation as it is kept."""
    return Obligation(uuid4(), duty, "oak.dsl", None, UNFILED.id, satisfied_by, NIGHT + timedelta(hours=1), ())


def test_an_event_that_was_decided_as_protected_arrives_again_as_protected() -> None:
    kept = replace(KEPT, sections=())
    assert [arrived_again(replace(kept, protected=known), KeyMaker(SECRET)).was_protected for known in (True, False)] == [True, False]


def test_a_delivery_that_is_sent_again_is_the_one_that_was_sent() -> None:
    given = (Given(GIVEN, ("p",)), Given(MADE, ("p",), made=True))
    ask = again(UNFILED, KEPT, [owed("opened")]).ask
    first = delivery(
        Numbered(
            Disclosure(UNFILED.id, "oak.dsl", DeliveryKind.disclosure, ("notice",), given, marks=(Mark.incomplete,), ask=ask, cause=CAUSE),
            ENVELOPE,
        ),
        number=7,
        incarnation=1,
        at=NIGHT,
    )
    assert again(UNFILED, KEPT, [owed("opened")]) == first
    assert first.event.cause == CAUSE
    assert ask is not None
    assert ask.level is Level.opened


def test_what_was_withdrawn_since_keeps_its_number_and_loses_its_content() -> None:
    sent = again(replace(UNFILED, withdrawn_at=NIGHT), KEPT, [])
    assert (sent.number, sent.sections) == (7, ())


def test_what_is_merely_to_be_collected_asks_for_nothing() -> None:
    assert again(UNFILED, KEPT, [owed("received", duty="collect")]).ask is None


def test_a_notice_of_what_is_owed_says_again_what_is_missing() -> None:
    notice = replace(UNFILED, kind=DeliveryKind.owed, reason="reason_not_accepted", given=(), made=())
    sent = again(notice, KEPT, [owed("reply:correction")])
    assert (sent.missing, sent.reason, sent.ask) == (("reason_not_accepted",), "reason_not_accepted", None)


def test_a_recipient_reads_nothing_of_the_order_of_the_sender_nor_who_that_was() -> None:
    seen = outward(ENVELOPE, None)
    assert (seen.source, seen.after, seen.cause, seen.id) == (None, None, None, EVENT)


def test_who_is_not_told_gets_no_delivery() -> None:
    with pytest.raises(ValueError, match="not told"):
        delivery(Numbered(Disclosure(uuid4(), "oak.dsl", None, ()), ENVELOPE), number=1, incarnation=1, at=NIGHT)


def test_whom_the_author_withholds_an_event_from_is_read_from_what_is_kept() -> None:
    sharing = Section(id=uuid4(), category=Category.professional_network, body={"sharing/withhold_from": ["oak", "mill.gp"]})
    kept = replace(KEPT, sections=(GIVEN, sharing))
    assert [kept.withholds_from(d) for d in ("oak.deputy", "mill.gp", "elm.dsl")] == [True, True, False]


# ---------------------------------------------------------------- arriving


def test_an_event_is_read_with_its_message_and_its_people() -> None:
    deciding = Deciding()
    made = deciding.arrived("police.pvp", "police-incident", an_incident(a_child(1)))
    record = orjson.dumps(
        {"envelope": made.envelope.model_dump(mode="json"), "sections": [s.model_dump(mode="json") for s in made.sections]}
    )
    read = reader(deciding.keys)(record, "police")
    assert (read.envelope, read.mentions, read.gateway) == (made.envelope, made.mentions, "police")
    assert read.message["domestic_abuse"] == made.message["domestic_abuse"]


def test_an_event_that_names_no_source_is_not_read() -> None:
    nameless = ENVELOPE.model_copy(update={"source": None})
    record = orjson.dumps({"envelope": nameless.model_dump(mode="json"), "sections": []})
    with pytest.raises(ValueError, match="names no source"):
        reader(Deciding().keys)(record, "police")


def test_a_gateway_speaks_for_its_own_desks() -> None:
    directory = test_pack().directory
    assert serves(directory, "schools", "oak.dsl")
    assert not serves(directory, "police", "oak.dsl")
    assert not serves(directory, "police", "gone.desk")


def test_the_envelope_of_what_cannot_be_read_whole_is_kept_if_it_can_be_read_itself() -> None:
    record = orjson.dumps({"envelope": ENVELOPE.model_dump(mode="json"), "sections": "none"})
    assert envelope_of(record, topic="police-incidents", stand_in=uuid4(), now=NIGHT) == ENVELOPE


@pytest.mark.parametrize("record", [b"\xff", b"{}", b"[]", b'{"envelope": {}}', b'{"envelope": null}'])
def test_what_cannot_be_read_at_all_gets_an_envelope_that_is_made_up(record: bytes) -> None:
    stand_in = uuid4()
    found = envelope_of(record, topic="outcomes", stand_in=stand_in, now=NIGHT)
    assert found == made_up_envelope(EventType.referral_outcome, stand_in, NIGHT)


def test_what_is_on_no_topic_of_events_is_no_event() -> None:
    assert envelope_of(b"{}", topic="receipts", stand_in=uuid4(), now=NIGHT) is None
