"""A standing list as the question that it is: an event of the type `query` that the router makes for the desk."""

from datetime import datetime
from typing import Any
from uuid import UUID

from frontdoor_chassis.directory import Directory
from frontdoor_router.core.arriving import Arrived
from frontdoor_router.core.decision import IdMaker
from frontdoor_router.core.lists import Standing
from frontdoor_schemas.envelope import Envelope, Section
from frontdoor_schemas.sections import join
from frontdoor_schemas.vocabulary import Category, EventType


def event_of(standing: Standing, ids: IdMaker) -> UUID:
    """The id of the event that a list is."""
    return ids("list", standing.list.id, standing.desk, standing.until.isoformat())


def standing_question(standing: Standing, directory: Directory, ids: IdMaker, now: datetime) -> Arrived:
    """The question as if it had come off the bus. No agency can post one: what it asks for stands in no message."""
    event = event_of(standing, ids)
    envelope = Envelope(id=event, type=EventType.query, thread=event, occurred_at=standing.until, received_at=now, source=standing.desk)
    said = {"question": standing.list.asks, "purpose": f"list {standing.list.id}"}
    desk = directory.desk(standing.desk)
    author = {"source/desk": desk.id, "source/agency": desk.agency, "source/role": desk.role.value}
    sections = [
        _section(ids, envelope, Category.decision_and_status, said),
        _section(ids, envelope, Category.professional_network, author),
    ]
    return Arrived(envelope, sections, join(sections), (), directory.gateway_of(desk.id), standing=standing)


def _section(ids: IdMaker, envelope: Envelope, category: Category, body: dict[str, Any]) -> Section:
    return Section(id=ids("list-part", envelope.id, category.value), category=category, subjects=(), body=body)
