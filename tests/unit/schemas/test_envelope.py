"""Records of the bus, and their names."""

from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from frontdoor_schemas.envelope import Recall, Remind, ToGateway, utc
from frontdoor_schemas.topics import CloudEvent, gateway_group, to_gateway, type_name
from frontdoor_schemas.vocabulary import EventType

AT = datetime(2020, 6, 1, 12, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=1)))


def test_times_are_written_in_utc_to_the_millisecond() -> None:
    assert utc(AT) == "2020-06-01T11:00:00.123Z"


def test_a_record_of_a_gateway_s_topic_says_what_it_is() -> None:
    reads = TypeAdapter(ToGateway).validate_json
    for record in (Recall(disclosure=UUID(int=1), desk="a.b", at=AT), Remind(id=UUID(int=1), desk="a.b", reason="overdue", at=AT)):
        assert reads(record.model_dump_json()) == record
    with pytest.raises(ValidationError):
        reads(b'{"record": "other"}')


def test_topics_groups_and_types_are_named_after_what_they_are() -> None:
    assert (to_gateway("police"), gateway_group("police")) == ("to.police", "frontdoor-gateway-police")
    assert type_name(EventType.police_incident) == "frontdoor.police-incident.v1"


def test_a_record_carries_cloud_event_attributes_and_names_a_service_as_its_source() -> None:
    assert dict(CloudEvent("1", "frontdoor.referral.v1", "2020-11-10T21:40:00Z").headers("police")) == {
        "ce_specversion": b"1.0",
        "ce_id": b"1",
        "ce_type": b"frontdoor.referral.v1",
        "ce_source": b"/police",
        "ce_time": b"2020-11-10T21:40:00Z",
        "content-type": b"application/json",
    }
