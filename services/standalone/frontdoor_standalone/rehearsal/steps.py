"""What happens in a scenario: people, and the steps that agencies take."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationInfo, model_validator

from frontdoor_schemas.vocabulary import EventType, Level
from frontdoor_standalone.rehearsal.moments import moment

NONE = "none"
"""Written where a person has no such thing, against a made-up one."""


class Strict(BaseModel):
    """A closed block of a scenario."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _moment(value: object, info: ValidationInfo) -> object:
    return moment(str(value), info.context["starts"]) if info.context else value


def _yes(value: object) -> object:
    return {"yes": True, "true": True, "no": False, "false": False}.get(str(value).lower(), value)


Names = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Yes = Annotated[bool, BeforeValidator(_yes)]
Desk = Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
Desks = Annotated[tuple[Desk, ...], BeforeValidator(_one_or_many)]
DeskOrGroup = Annotated[str, Field(pattern=r"^([a-z0-9-]+\.[a-z0-9-]+|members)$")]
"""A desk, or `members`: those whom the meeting of the scenario lists."""


class Person(Strict):
    """Somebody made up. Relations name a desk, or an agency of which one desk has the fitting role."""

    born: str | None = None
    nhs_number: str | None = None
    upn: str | None = None
    named_like: str | None = None
    sibling: str | None = None
    adult: str | None = Field(None, description="What the adult is to the children; without it the person is a child")
    unborn: str | None = Field(None, description="Expected date")
    mother: str | None = None
    school: str | None = None
    not_in_school: Literal["home_educated", "excluded", "none"] | None = None
    setting: str | None = None
    gp: str | None = None
    community_health: str | None = Field(None, description="Health visiting or school nursing; the area's own by age when not said")
    health_visiting: str | None = None
    school_nursing: str | None = None
    midwifery: str | None = None
    dentist: str | None = None
    managed_by: str | None = None
    treated_by: str | None = None
    involved: Names = ()
    plan_group: Names = ()
    protected: Literal["yes", "no", "unknown"] | None = None
    protected_address: str | None = None
    safe_to_contact: Literal["yes", "no", "unknown"] | None = None

    @property
    def desks(self) -> frozenset[str]:
        """Desks or agencies that work with the person."""
        care = (self.school, self.setting, self.gp, self.community_health, self.health_visiting, self.school_nursing, self.midwifery)
        others = (self.dentist, self.managed_by, self.treated_by, *self.involved, *self.plan_group)
        return frozenset(desk for desk in (*care, *others) if desk)

    @model_validator(mode="after")
    def _one_kind(self) -> "Person":
        if self.adult and (self.school or self.setting or self.sibling or self.unborn):
            raise ValueError("an adult has no school, setting or sibling here")
        return self


class Variation(Strict):
    """A person as one event names it: like somebody, but with other identifiers."""

    named_like: str
    nhs_number: str | None = None
    born: str | None = None


About = Annotated[tuple[str | Variation, ...], BeforeValidator(_one_or_many)]


class Part(Strict):
    """A part of minutes with its own subjects and audience."""

    about: Names = ()
    to: Names = ()
    not_for_family: Names = ()
    kind: str | None = None
    text: str | None = None


class Step(Strict):
    """Something that a desk does at a moment."""

    at: Moment
    from_: DeskOrGroup = Field(alias="from")
    except_: Desks = Field((), alias="except", description="Members of the group who do not")


class Post(Step):
    """A desk posts an event. Fields beyond the common ones belong to the type; `with` adds any field of the contract."""

    post: EventType
    as_: str | None = Field(None, alias="as")
    of: str | None = Field(None, description="The event that this one answers, closes, corrects or withdraws")
    about: About = ()
    code: str | None = None
    held_on: Moment | None = None
    members: Desks = ()
    absent: Desks = ()
    sections: Mapping[str, Part] = {}
    accepted: Literal["yes", "no"] | None = None
    route: str | None = None
    reason: str | None = None
    asked: Desks = ()
    withhold_from: Names = ()
    locating_for: Desks = ()
    office: str | None = None
    with_: Mapping[str, Any] = Field({}, alias="with")
    refused: str | None = Field(None, description="The gateway is to refuse it with this HTTP status")

    @property
    def alias(self) -> str:
        """By what name the rest of the scenario speaks of it."""
        return self.as_ or f"{self.post.value} of {self.at:%d %b %H:%M}"


class Acknowledge(Step):
    """People of a desk open what came, act on it, or say that they were told by telephone."""

    open: Names = ()
    receive: Names = ()
    act: Names = ()
    told_by_telephone: Names = ()

    @property
    def what(self) -> tuple[tuple[str, Level | None], ...]:
        """Event and level; no level stands for the telephone."""
        pairs = [(self.receive, Level.received), (self.open, Level.opened), (self.act, Level.acted), (self.told_by_telephone, None)]
        return tuple((name, level) for names, level in pairs for name in names)


class Endpoint(Step):
    """A desk's webhook endpoint stops answering, or answers again."""

    endpoint: Literal["down", "up"]


class Collect(Step):
    """A desk reads its inbox and acknowledges what is new there."""

    collect: Literal["inbox"]


def _step_kind(value: Any) -> str:
    keys = value if isinstance(value, Mapping) else {}
    for key in ("post", "endpoint", "collect"):
        if key in keys:
            return key
    return "acknowledge"


AnyStep = Annotated[
    Annotated[Post, Tag("post")]
    | Annotated[Endpoint, Tag("endpoint")]
    | Annotated[Collect, Tag("collect")]
    | Annotated[Acknowledge, Tag("acknowledge")],
    Discriminator(_step_kind),
]
