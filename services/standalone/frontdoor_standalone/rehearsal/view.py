"""What judging needs besides the observations: who is who, which duty has which deadline, what a word stands for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from frontdoor_schemas.fields import Plan
from frontdoor_schemas.vocabulary import Category, EventType
from frontdoor_standalone.rehearsal.lines import ANSWER
from frontdoor_standalone.rehearsal.observed import Heard, Observations, categories, people_in, refs_in
from frontdoor_standalone.rehearsal.people import Individual


@dataclass(frozen=True, slots=True)
class Rules:
    """What a pack says, as far as an expectation can name it."""

    deadlines_of: Mapping[str, frozenset[str]]
    """Deadlines by duty or completeness entry: later versions of one may have others."""
    working_days: Callable[[datetime, datetime], int]
    plan_of: Callable[[EventType], Plan]


@dataclass(frozen=True, slots=True)
class View:
    """One run, ready to be judged."""

    seen: Observations
    rules: Rules
    people: Mapping[str, Individual]
    starts: datetime
    zone: ZoneInfo

    def event_id(self, alias: str) -> str:
        """The id under which an event was accepted."""
        posted = self.seen.posted.get(alias)
        return posted.id if posted else f"never accepted: {alias}"

    def speaks_of(self, heard: Heard) -> str | None:
        """The event that a delivery is about: a notice of withdrawal is about what was withdrawn, not about who said so."""
        for alias, ledger in self.seen.ledgers.items():
            if heard.refers_to and any(d.id == heard.refers_to for d in ledger.disclosures):
                return alias
        return self.seen.name_of(heard.event)

    def behind(self, alias: str, message: Heard | None = None) -> dict[str, str]:
        """Whose opaque ref is whose, in one event or in one message about it.

        An answer may be about people whom its question does not name; one that names nobody is about the one person asked about.
        """
        if message is None or message.kind != ANSWER:
            return {ref: person.key for ref, person in self.seen.people_behind(alias).items()}
        named = {ref: person.key for ref, person in people_in(message, self.people.values()).items()}
        asked, unnamed = self.seen.posted[alias].people, refs_in(message.data) - named.keys()
        return named | ({unnamed.pop(): asked[0].key} if len(asked) == len(unnamed) == 1 and not named else {})

    def categories(self, alias: str, message: Heard) -> set[Category]:
        """The categories that a message holds."""
        posted = self.seen.posted[alias]
        return categories(message.data, self.rules.plan_of(posted.corrects or posted.type))

    def words_of(self, word: str) -> tuple[str, ...]:
        """What a forbidden word stands for: a person's name stands for her or his number as well."""
        for person in self.people.values():
            if word in (person.key, person.given_name):
                return tuple(w for w in (person.given_name, person.nhs_number) if w)
        return (word,)

    def names_duty(self, written: str, duty: str) -> bool:
        """Whether a scenario means this duty: by its own name, or by that of its deadline."""
        return written == duty or written in self.rules.deadlines_of.get(duty, ())
