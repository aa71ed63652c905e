"""What a scenario expects: one model for each kind of line."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from frontdoor_schemas.vocabulary import Category, EventType
from frontdoor_standalone.rehearsal.steps import Desk, Desks, Moment, Names, Strict, Yes

DISCLOSURE = "disclosure"
ANSWER = "answer"
NOT_IDENTIFIED: Final = "not-identified"
OVERDUE = "overdue"
REMINDER = "reminder"

Row = Annotated[str, Field(pattern=r"^[A-P][0-9]{1,2}$")]


def _and(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _of(alias: str | None) -> str:
    return f" of {alias}" if alias else ""


class Line(Strict):
    """One expectation. It stands for rows of the register, or for a standard of the partnership's own."""

    negative: ClassVar[bool] = False
    """Whether the line says that something must not happen."""

    rows: tuple[Row, ...] = ()
    standard: Literal["own"] | None = None

    @model_validator(mode="after")
    def _stands_for_something(self) -> "Line":
        if bool(self.rows) == (self.standard is not None):
            raise ValueError("an expectation names its register rows, or says standard: own")
        return self

    def sentence(self) -> str:
        """The expectation in a few words."""
        return type(self).__name__.lower()

    def events(self) -> tuple[str, ...]:
        """The events, or parts of them, that it speaks of; none stands for any."""
        of: Any = getattr(self, "of", None)
        return of if isinstance(of, tuple) else (of,) if of else ()

    def hear(self) -> Iterator[tuple[str, str]]:
        """Desks that this line lets hear something, with the kind of it."""
        return iter(())


class Content(Line):
    """What desks get of this: by then, about these people alone, with these categories and never those."""

    kind: ClassVar[str]
    """The kind of delivery that brings it."""

    of: Names
    by: Moment | None = None
    about_only: Names | None = None
    includes: tuple[Category, ...] = ()
    excludes: tuple[Category, ...] = ()
    never_contains: Names = ()
    says: Mapping[str, str] = Field({}, description="Values that the message gives, by field path; * stands for every item")
    marks: Names = ()
    receipt: str | None = Field(None, description="The level reached, with its time where that matters: opened 07:40")
    once: Yes | None = Field(None, description="By webhook exactly once")

    @property
    @abstractmethod
    def desks(self) -> tuple[str, ...]:
        """Who gets it."""

    def hear(self) -> Iterator[tuple[str, str]]:
        return ((desk, self.kind) for desk in self.desks)


class Told(Content):
    """These desks are told of this event."""

    kind: ClassVar[str] = DISCLOSURE

    told: Desks

    @property
    def desks(self) -> tuple[str, ...]:
        """Who is told."""
        return self.told

    def sentence(self) -> str:
        return f"{_and(self.told)} told of {_and(self.of)}"


class Answered(Content):
    """The desk that asked is answered, with something."""

    kind: ClassVar[str] = ANSWER

    answered: Desks

    @property
    def desks(self) -> tuple[str, ...]:
        """Who is answered."""
        return self.answered

    def sentence(self) -> str:
        return f"{_and(self.answered)} answered {_and(self.of)}"


class NotAnswered(Line):
    """The desk that asked is answered that there is nothing to say, or that nobody can tell about whom."""

    negative: ClassVar[bool] = True

    not_answered: Desks
    of: Names
    because: Literal["nothing-to-say", "not-identified"] = "nothing-to-say"

    def sentence(self) -> str:
        return f"{_and(self.not_answered)} not answered {_and(self.of)}: {self.because}"

    def hear(self) -> Iterator[tuple[str, str]]:
        return ((desk, ANSWER) for desk in self.not_answered)


class Listed(Line):
    """Each of these desks has one standing list of that moment, about these people alone. One that is empty needs no line."""

    listed: Desks
    list: str
    at: Moment
    about_only: Names = ()
    never_contains: Names = ()
    says: Mapping[str, str] = Field({}, description="Values that the list gives, by field path; * stands for every item")

    def sentence(self) -> str:
        return f"{_and(self.listed)} has the list {self.list}"


class Inherited(Content):
    """These desks are told what a desk that has ended was given and had not done: of this, and nothing besides."""

    kind: ClassVar[str] = OVERDUE

    inherited: Desks
    asks: EventType | None = Field(None, description="The answer that is still owed")

    @property
    def desks(self) -> tuple[str, ...]:
        """Who has the work."""
        return self.inherited

    def sentence(self) -> str:
        return f"{_and(self.inherited)} has the work left of {_and(self.of)}"


class NotTold(Line):
    """These desks are told nothing of this, by any channel."""

    negative: ClassVar[bool] = True

    not_told: Desks
    of: Names
    because: Literal["no-duty", "not-involved", "withheld", "protected", "withdrawn", "ended", "not-confirmed", "not-in-force"]

    def sentence(self) -> str:
        return f"{_and(self.not_told)} not told of {_and(self.of)}: {self.because}"


class Overdue(Line):
    """What a desk owes was not done in time, and somebody hears of it."""

    overdue: str = Field(description="A duty of the pack, or its deadline")
    of: str | None = None
    desk: Desk | None = None
    at: Moment
    raised_to: Desks = ()
    reminded: Yes | None = Field(None, description="Whether the desk's people were reminded by e-mail before")

    def sentence(self) -> str:
        return f"{self.overdue}{_of(self.of)} overdue, raised to {_and(self.raised_to) or 'nobody'}"

    def hear(self) -> Iterator[tuple[str, str]]:
        yield from ((desk, OVERDUE) for desk in self.raised_to)
        if self.desk:
            yield self.desk, REMINDER


class Held(Line):
    """It is not certain who is meant: a named desk has to find out, and only these are told meanwhile."""

    held: str = Field(description="An event, or a part of one")
    because: str
    owner: Desk
    told_only: Desks | None = None

    def sentence(self) -> str:
        return f"{self.held} held for {self.owner}: {self.because}"

    def events(self) -> tuple[str, ...]:
        return (self.held,)

    def hear(self) -> Iterator[tuple[str, str]]:
        yield self.owner, "held"


class Carries(Line):
    """Whoever receives this part of the minutes receives its restriction with it."""

    section: str
    of: str | None = None
    carries: str

    def sentence(self) -> str:
        return f"{self.section} carries: {self.carries}"


class Measured(Line):
    """A time that the partnership wants known."""

    measured: Literal["meeting-to-delivery"]
    of: str | None = None
    desk: Desk | None = Field(None, description="In whose hands; everybody's when not said")
    working_days: int

    def sentence(self) -> str:
        return f"{self.measured}: {self.working_days} working days"


class Withdrawn(Line):
    """What was withdrawn is gone: without trace of content where nobody had read it, with a notice where somebody had."""

    withdrawn: str
    desk: Desks
    leaves: Literal["tombstone", "notice"]
    by: Moment | None = None

    def sentence(self) -> str:
        return f"{self.withdrawn} withdrawn from {_and(self.desk)}, leaves a {self.leaves}"

    def events(self) -> tuple[str, ...]:
        return (self.withdrawn,)

    def hear(self) -> Iterator[tuple[str, str]]:
        return ((desk, kind) for desk in self.desk for kind in ("withdrawn", DISCLOSURE))


class InOrder(Line):
    """A desk has all of this, in this order, each once."""

    in_order: Names
    desk: Desk
    by: Moment | None = None

    def sentence(self) -> str:
        return f"{self.desk} has {_and(self.in_order)} in order, each once"

    def events(self) -> tuple[str, ...]:
        return self.in_order


class Owed(Line):
    """The sender's own event lacks something, and its desk is told so."""

    owed: Names = Field(description="Field paths")
    of: str
    desk: Desk

    def sentence(self) -> str:
        return f"{self.desk} told that {self.of} lacks {_and(self.owed)}"

    def hear(self) -> Iterator[tuple[str, str]]:
        yield self.desk, "owed"


class Asked(Line):
    """A desk is asked for an answer of this type."""

    asked: Desks
    of: str
    reply: EventType
    due: Moment | None = None

    def sentence(self) -> str:
        return f"{_and(self.asked)} asked for a {self.reply.value}"

    def hear(self) -> Iterator[tuple[str, str]]:
        return ((desk, DISCLOSURE) for desk in self.asked)


class Reminded(Line):
    """The people of a desk are reminded by e-mail, which names nobody."""

    reminded: Desks
    of: str | None = None
    after: Moment | None = None
    by: Moment | None = None

    def sentence(self) -> str:
        return f"{_and(self.reminded)} reminded"

    def hear(self) -> Iterator[tuple[str, str]]:
        return ((desk, REMINDER) for desk in self.reminded)


class Closed(Line):
    """What was owed was done; nothing of it is left open."""

    closed: str = Field(description="A duty of the pack, or its deadline")
    of: str
    desk: Desks = ()
    by: Moment | None = None

    def sentence(self) -> str:
        return f"{self.closed}{_of(self.of)} closed"


class Task(Line):
    """A piece of work for a person is open or closed."""

    task: str
    of: str | None = None
    owner: Desk
    state: Literal["open", "closed"] = "open"

    def sentence(self) -> str:
        return f"{self.owner} has the task {self.task}, {self.state}"


KINDS: Mapping[str, type[Line]] = {
    "told": Told,
    "inherited": Inherited,
    "not_told": NotTold,
    "answered": Answered,
    "not_answered": NotAnswered,
    "listed": Listed,
    "overdue": Overdue,
    "held": Held,
    "section": Carries,
    "measured": Measured,
    "withdrawn": Withdrawn,
    "in_order": InOrder,
    "owed": Owed,
    "asked": Asked,
    "reminded": Reminded,
    "closed": Closed,
    "task": Task,
}
"""By the key that makes a line what it is. `told` stands before keys that another kind has as well."""


def _kind(value: Any) -> str | None:
    keys = value if isinstance(value, Mapping) else {}
    return next((kind for kind in KINDS if kind in keys), None)


AnyLine = Annotated[
    Annotated[Told, Tag("told")]
    | Annotated[Inherited, Tag("inherited")]
    | Annotated[NotTold, Tag("not_told")]
    | Annotated[Answered, Tag("answered")]
    | Annotated[NotAnswered, Tag("not_answered")]
    | Annotated[Listed, Tag("listed")]
    | Annotated[Overdue, Tag("overdue")]
    | Annotated[Held, Tag("held")]
    | Annotated[Carries, Tag("section")]
    | Annotated[Measured, Tag("measured")]
    | Annotated[Withdrawn, Tag("withdrawn")]
    | Annotated[InOrder, Tag("in_order")]
    | Annotated[Owed, Tag("owed")]
    | Annotated[Asked, Tag("asked")]
    | Annotated[Reminded, Tag("reminded")]
    | Annotated[Closed, Tag("closed")]
    | Annotated[Task, Tag("task")],
    Discriminator(_kind, custom_error_type="unknown_line", custom_error_message="an expectation says one of: " + ", ".join(KINDS)),
]
