"""Child protection medicals (I30)."""

from typing import Annotated, Literal

from pydantic import Field

from frontdoor_schemas.body import CaseEvent
from frontdoor_schemas.fields import Block, held
from frontdoor_schemas.values import ABOUT, EVENT, MAX_ITEMS, About, AboutOneChild, Audience, C, Line, Moment, NotForFamily, Text
from frontdoor_schemas.vocabulary import Answer


class Finding(Block):
    """What was found in one child, for the audience that the author names: sharing is restricted (I30)."""

    about: AboutOneChild
    to: Audience = ()
    not_for_family: NotForFamily = ()
    finding: Annotated[Text | None, held(C.child_health, ABOUT, "I30")] = None
    consistent_with_abuse: Annotated[Answer | None, held(C.child_health, ABOUT, "I30")] = None
    consistent_with_neglect: Annotated[Answer | None, held(C.child_health, ABOUT, "I30")] = None


class Medical(CaseEvent):
    """A child protection medical is asked for, or has its result."""

    about: About = ()
    stage: Annotated[Literal["requested", "result"] | None, held(C.child_health, ABOUT, "I30")] = None
    kind: Annotated[Line | None, held(C.child_health, ABOUT, "I30")] = None
    reason: Annotated[Text | None, held(C.child_health, ABOUT, "I30")] = None
    requested_at: Annotated[Moment | None, held(C.child_health, ABOUT, "I30")] = None
    examined_at: Annotated[Moment | None, held(C.child_health, ABOUT, "I30")] = None
    examined_by: Annotated[Line | None, held(C.professional_network, EVENT, "I30")] = None
    findings: Annotated[tuple[Finding, ...], Field(max_length=MAX_ITEMS)] = ()
