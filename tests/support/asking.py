"""Asks questions in memory: what the router's tables would give them is worked out from what was decided before."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from frontdoor_router.core.decision import Disclosure
from frontdoor_router.core.identify import Key
from frontdoor_router.core.pointers import ADDRESS
from frontdoor_router.core.recollection import Content, Held, Recollection
from frontdoor_schemas.sections import join
from support.builders import NHS, a_child, an_adult, an_incident
from support.deciding import Deciding, Told

PURPOSE = "A made-up reason for asking"


MOTHER = an_adult(1, nhs_number=NHS[8], born="1990-01-01")
HOME = {"lines": ["1, Marker Lane"], "postcode": "ZZ99 3VZ"}


@dataclass
class Answered:
    """What a desk is answered."""

    told: Told
    disclosure: Disclosure

    @property
    def message(self) -> dict[str, Any]:
        """What it reads."""
        return join([g.section for g in self.disclosure.given])

    def list(self, name: str, *facts: str) -> list[Any]:
        """One fact, or several, of each entry of a list."""
        items = self.message.get(name, [])
        return [item.get(facts[0]) if len(facts) == 1 else tuple(item.get(f) for f in facts) for item in items]

    @property
    def text(self) -> str:
        """All of it, to be searched."""
        return str(self.message)


@dataclass
class Asking(Deciding):
    """A decider that remembers what it decided, and is asked about it."""

    decided: list[Told] = field(default_factory=list)

    def post(self, source: str, event_type: str, data: Mapping[str, Any], **links: UUID) -> Told:
        told = super().post(source, event_type, data, **links)
        self.decided.append(told)
        return told

    def ask(self, desk: str, question: str, *people: dict[str, Any], **facts: Any) -> Answered:
        """Ask, and have it answered."""
        self.world.recollection = self.recollection()
        about: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for person in people:
            about["children" if person["ref"].startswith("child") else "adults"].append(person)
        told = super().post(desk, "query", {**about, "question": question, "purpose": PURPOSE, **facts})
        return Answered(told, told.to(desk, "answer"))

    def recollection(self) -> Recollection:
        """As the tables would give it, without their limits."""
        found = Recollection()
        events: dict[Key, list[UUID]] = defaultdict(list)
        for told in self._standing():
            case = told.case
            mentioned = {i.ref: i.person for i in told.decision.involved}
            found.contents[told.event] = Content(case.envelope, case.type, case.source.desk, case.sections, mentioned, case.protected)
            found.held[told.event] = list(self._held(told))
            found.told_at |= {d.id: case.now for d in told.decision.disclosures if d.kind == "disclosure"}
            for kept in (k for k in told.decision.pointers if k.key.kind != ADDRESS):
                events[kept.key].append(told.event)
        found.people = self._homes()
        found.events = {key: tuple(ids) for key, ids in events.items()}
        return found

    def _standing(self) -> list[Told]:
        return [t for t in self.decided if not self.world.events[t.event].withdrawn]

    def _held(self, told: Told) -> Iterator[Held]:
        for number, d in enumerate(told.decision.disclosures, start=1):
            if d.kind == "disclosure":
                yield Held(d.id, d.desk, number, told.case.now, frozenset(str(g.section.id) for g in d.given))

    def _homes(self) -> dict[Key, dict[UUID, tuple[UUID, ...]]]:
        """Where everybody lives, by what was last said, with the events that say so."""
        forgotten = {key: n for n, t in enumerate(self.decided) for key in t.decision.forgotten}
        at: dict[UUID, tuple[Key, tuple[UUID, ...]]] = {}
        for t in sorted(self._standing(), key=lambda t: (t.case.happened_at, t.event)):
            for kept in t.decision.pointers:
                if kept.person and self.decided.index(t) > forgotten.get(kept.key, -1):
                    key, events = at.get(kept.person, (kept.key, ()))
                    at[kept.person] = (kept.key, (*events, t.event) if key == kept.key else (t.event,))
        found: dict[Key, dict[UUID, tuple[UUID, ...]]] = defaultdict(dict)
        for person, (key, events) in at.items():
            found[key][person] = events
        return found


def oak_and_elm() -> Asking:
    """A child at Oak, its brother at Elm."""
    made = Asking()
    made.tie(a_child(1), "oak.dsl", "school")
    made.tie(a_child(2), "elm.dsl", "school")
    return made


def plan(asking: Asking, status: str, *children: dict[str, Any], kind: str = "child_protection", **facts: Any) -> UUID:
    """A plan begins, changes or ends."""
    about = list(children) or [a_child(1)]
    data = {"children": about, "about": [c["ref"] for c in about], "plan_type": kind, "to_status": status, **facts}
    return asking.post("care.duty", "plan-status", data).event


def incident(asking: Asking, *children: dict[str, Any], **facts: Any) -> UUID:
    """A domestic-abuse incident with a concern of its own for each child."""
    about = list(children) or [a_child(1)]
    seen = [{"about": [c["ref"]], "what": f"Seen of {c['given_name']}", "impact_on_child": f"Did to {c['given_name']}"} for c in about]
    kinds = [{"about": [c["ref"]], "type": "neglect"} for c in about]
    return asking.post("police.pvp", "police-incident", an_incident(*about, **{"concerns": seen, "concern_types": kinds, **facts})).event


def said_nothing(answered: Answered) -> bool:
    """Whether the answer gives nothing away: neither content nor reason of its own."""
    d = answered.disclosure
    return (d.given, d.reason, d.marks, d.quotes) == ((), "nothing-to-say", (), frozenset())
