"""What writers of all types work on: the step, the people that it names, and days counted from its moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from frontdoor_standalone.rehearsal.people import Blocks, Individual
from frontdoor_standalone.rehearsal.steps import Part, Post

MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Event:
    """One step that posts, with its people."""

    post: Post
    people: Blocks
    individuals: Mapping[str, Individual]

    def refs(self, keys: tuple[str, ...]) -> list[str]:
        """By which refs the event names these people."""
        return [self.people.refs[key] for key in keys]

    @property
    def everybody(self) -> list[str]:
        """All refs, the children's first."""
        return list(self.people.refs.values())

    @property
    def children(self) -> list[str]:
        """Refs of the children."""
        return [ref for ref in self.everybody if ref.startswith("child-")]

    @property
    def adults(self) -> list[str]:
        """Refs of the adults."""
        return [ref for ref in self.everybody if ref.startswith("adult-")]

    @property
    def now(self) -> str:
        """The moment of the step."""
        return utc(self.post.at)

    def at(self, *, days: int = 0, hours: int = 0) -> str:
        """A moment so long after the step, or before it."""
        return utc(self.post.at + timedelta(days=days, hours=hours))

    def day(self, days: int = 0) -> str:
        """A day so long after the step's, or before it."""
        return (self.post.at + timedelta(days=days)).date().isoformat()

    def names(self) -> str:
        """Everybody's given name."""
        return ", ".join(self.individuals[key].given_name for key in self.people.everybody)

    def local_id(self, prefix: str, alias: str | None = None) -> str:
        """An identifier of the sender's own, from the name that the scenario gives the step or another."""
        return f"{prefix}-{alias or self.post.alias}".replace(" ", "-").replace(":", "")

    def worker(self, role: str) -> dict[str, Any]:
        """A worker of the posting desk."""
        return {"desk": self.post.from_, "name": "Wren Worker", "role": role, "contact": "0100 000001", "since": self.day()}


Writer = Callable[[Event], dict[str, Any]]
"""Gives the fields of one type; those of people and author are written for all types alike."""


def utc(when: datetime) -> str:
    """A moment as events write it."""
    return when.astimezone(UTC).isoformat()


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty or not given."""
    return {name: value for name, value in fields.items() if value not in (None, [], "")}


def part_text(name: str, part: Part) -> str:
    """What a part of minutes says: no two parts say the same, so that each can be found again."""
    return part.text or f"What was said under {name}"
