"""The events of the load: domestic-abuse incidents of everyday size, each about a child with a school, a practice and a front door.

Everybody is made up; NHS numbers are of the range that is never issued. A case is one incident and, for every fourth
case, two more that answer the one before: only a thread with several events can show that order is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, islice
from typing import Any

import orjson

PUBLISHER = "police.pvp"
FRONT_DOOR = "hub.front-door"
SCHOOLS = ("ash-primary.dsl", "beck-academy.dsl", "cedar-school.dsl")
PRACTICES = ("mill-lane.gp", "harbour-road.gp")
ROLL, REGISTRATION = "council.school-roll", "nhs.registration"
SEEDS = (ROLL, REGISTRATION)
"""The registers whose word is confirmed."""
DESKS = (FRONT_DOOR, *SCHOOLS, *PRACTICES)
"""Every desk that is told of something."""
RECIPIENTS = 3
"""Desks told of each incident: the child's school, its practice, the front door."""

MAX_CASES, PEOPLE = 40_000, 3
_WHO = {"ref": "child-1", "given_name": "Robin", "family_name": "Made-Up", "born": "2012-03-04"}
LONG_EVERY, LONG = 4, 3
"""Every fourth case has three events; the others have one."""

CAUSE = "00000000-0000-7000-8000-0000000ca05e"
"""Stands for the event that is answered until its id is known."""
_CHILD, _MOTHER, _PARTNER, _INCIDENT = "@child-number", "@mother-number", "@partner-number", "@incident"


@dataclass(frozen=True, slots=True)
class Case:
    """The n-th case: who it is about and how many events it has."""

    n: int

    @property
    def events(self) -> int:
        """How many events it has."""
        return LONG if self.n % LONG_EVERY == 0 else 1

    @property
    def school(self) -> str:
        """The desk of the child's school."""
        return SCHOOLS[self.n % len(SCHOOLS)]

    @property
    def practice(self) -> str:
        """The desk of the child's practice."""
        return PRACTICES[self.n % len(PRACTICES)]

    def sender_id(self, place: int) -> str:
        """The publisher's own id of one event: what makes posting it again safe."""
        return f"case-{self.n}-{place}"


def cases(first: int, events: int) -> list[Case]:
    """Cases from the n-th on, until together they have so many events."""
    found: list[Case] = []
    total = 0
    for n in count(first):
        if total >= events:
            return found
        found.append(Case(n))
        total += found[-1].events
    raise AssertionError("numbers never end")


def _check_digit(nine: str) -> int:
    return -sum(int(d) * w for d, w in zip(nine, range(10, 1, -1), strict=True)) % 11


def _numbers() -> Iterator[str]:
    for n in range(1_000_000):
        nine = f"999{n:06d}"
        if (digit := _check_digit(nine)) != 10:
            yield f"{nine}{digit}"


@cache
def _made_up() -> Sequence[str]:
    return tuple(islice(_numbers(), PEOPLE * MAX_CASES))


def number(n: int, person: int) -> str:
    """NHS number of a person of the n-th case: 0 the child, 1 its mother, 2 her partner. After `MAX_CASES` the same people come again."""
    return _made_up()[PEOPLE * (n % MAX_CASES) + person]


def seed(case: Case, register: str, occurred_at: str) -> list[bytes]:
    """What a register posts before the load: where the child goes to school, who its practice and its school nurse are.

    The practice is the school nurse as well, so that every duty of the pack finds a desk and there are three of them.
    """
    told = [("school", case.school)] if register == ROLL else [("gp", case.practice), ("school_nursing", case.practice)]
    return [_involvement(case, relation, desk, occurred_at) for relation, desk in told]


def _involvement(case: Case, relation: str, desk: str, occurred_at: str) -> bytes:
    data = {
        "occurred_at": occurred_at,
        "children": [_WHO | {"nhs_number": number(case.n, 0)}],
        "about": ["child-1"],
        "relation": relation,
        "desk": desk,
    }
    return orjson.dumps({"type": "involvement-started", "data": data})


def as_cloud_event(submission: bytes, *, sender_id: str, source: str) -> dict[str, Any]:
    """A submission as a CloudEvent of a batch."""
    said = orjson.loads(submission)
    event = {"specversion": "1.0", "id": sender_id, "source": source, "type": f"frontdoor.{said['type']}.v1", "data": said["data"]}
    return event | ({"inreplyto": said["in_reply_to"]} if said.get("in_reply_to") else {})


class Incidents:
    """Bodies of incidents, made from one text by putting numbers in: the client has better things to do than to write JSON."""

    def __init__(self, occurred_at: str) -> None:
        first = {"type": "police-incident", "data": incident(occurred_at)}
        self._first = orjson.dumps(first)
        self._later = orjson.dumps({"type": "police-incident", "in_reply_to": CAUSE, "data": incident(occurred_at)})

    def body(self, case: Case, place: int, cause: str | None) -> bytes:
        """One event of a case; each after the first answers the one before."""
        text = self._first if cause is None else self._later.replace(CAUSE.encode(), cause.encode())
        return (
            text.replace(_CHILD.encode(), number(case.n, 0).encode())
            .replace(_MOTHER.encode(), number(case.n, 1).encode())
            .replace(_PARTNER.encode(), number(case.n, 2).encode())
            .replace(_INCIDENT.encode(), f"CL-{case.n}-{place}".encode())
        )


def incident(occurred_at: str) -> dict[str, Any]:
    """What the police say of one evening, as fully as they are asked to."""
    return {
        "occurred_at": occurred_at,
        "incident_id": _INCIDENT,
        "kind": "domestic abuse, verbal argument with damage to property",
        "place": "14 Example Terrace, Stockton-on-Tees",
        "out_of_hours": "yes",
        "circumstances": _CIRCUMSTANCES,
        "offences": ["criminal damage", "common assault"],
        "author": {"name": "PC Example", "role": "response officer", "contact": "101 extension 4417", "office": "Stockton"},
        "children": [_child()],
        "adults": [_mother(), _partner()],
        "concern_types": [
            {"about": ["child-1"], "type": "domestic_abuse", "standing": "primary", "frequency": "third call this year"},
            {"about": ["child-1"], "type": "emotional_abuse", "standing": "secondary"},
        ],
        "danger": {"immediate": "no", "safety_ensured": "yes", "crime_ascertained": "yes", "person_responsible": "adult-2"},
        "domestic_abuse": {
            "risk_grade": "medium",
            "qualifying_markers": ["call_type", "risk_form", "officer_judgement"],
            "risk_form_completed": "yes",
            "triage": {"children_in_household": "yes", "by": "control room supervisor", "at": occurred_at},
            "no_referral_reason": "Support accepted; shared with school and practice, to be looked at again on a further call.",
            "support_offered": ["domestic abuse service", "victim support"],
        },
        "children_at_incident": [{"about": ["child-1"], "in_household": "yes", "present": "yes", "saw_or_heard": "yes"}],
        "concerns": [
            {
                "about": ["child-1"],
                "what": "Was on the stairs throughout and went back to bed only when officers had spoken to her mother.",
                "seen_or_said_at": occurred_at,
                "by_whom": "PC Example",
                "evidence": "first_hand",
                "impact_on_child": "Tearful, asked whether the partner would come back that night.",
            }
        ],
        "systems_checked": [{"system": "Niche", "checked_at": occurred_at}, {"system": "PNC", "checked_at": occurred_at}],
        "risk_assessment": {
            "completed_by": "PC Example",
            "completed_at": occurred_at,
            "risks_identified": ["escalation", "alcohol"],
            "neglect_identified": "no",
            "history_considered": "yes",
            "child_seen": "yes",
            "actions_taken": "Partner taken to another address for the night; safety advice given; a marker placed on the address.",
            "residual_risk": "May come back when sober; mother will call.",
        },
        "tool_results": [{"tool": "DASH", "version": "2009", "result": "medium", "on": occurred_at[:10], "administered_by": "PC Example"}],
        "consent": {"status": "not_needed", "override_reason": "Shared to safeguard a child."},
        "sharing": {"legal_gateway": "Children Act 2004 section 11"},
    }


_CIRCUMSTANCES = (
    "A neighbour called at half past nine because of shouting and the sound of something breaking. Officers found the mother and her "
    "partner in the kitchen, both upset, a plate and a picture frame broken on the floor. Both said that it had begun about money. "
    "The partner had been drinking. He had pushed past her in the hall and she had knocked her elbow against the door frame; no "
    "treatment was wanted. The child came down as officers arrived and was taken back upstairs by her mother. It is the third call to "
    "this address within twelve months, each for an argument; there was no injury before. The partner agreed to stay with his "
    "brother for the night. The mother accepted a call from the domestic abuse service on the following day."
)


def _child() -> dict[str, Any]:
    return {
        **_WHO,
        "sex": "female",
        "nhs_number": _CHILD,
        "characteristics": {"ethnicity": "White British", "language": "English"},
        "address": {"lines": ["14 Example Terrace", "Stockton-on-Tees"], "postcode": "TS18 1AA"},
        "concern": "yes",
        "circumstances": "Awake upstairs when it began, on the stairs when officers came in; not hurt.",
        "impact_on_child": "Frightened and tired; has school in the morning.",
        "voice": {
            "obtained": "yes",
            "child_present": "yes",
            "child_experience": "Heard the shouting from her room and came to the top of the stairs.",
            "words": "I thought the door would break. Mum said it is all right now.",
            "demeanour": "Quiet, held her mother's hand, answered in short sentences.",
            "obtained_by": "PC Example",
            "how": "on her own, in her room",
        },
    }


def _mother() -> dict[str, Any]:
    return {
        "ref": "adult-1",
        "given_name": "Alex",
        "family_name": "Made-Up",
        "born": "1986-07-21",
        "nhs_number": _MOTHER,
        "relationship": "mother",
        "lives_with_child": "yes",
        "parental_responsibility": "yes",
        "safe_to_contact": "yes",
        "telephone": "01632 960000",
    }


def _partner() -> dict[str, Any]:
    return {
        "ref": "adult-2",
        "given_name": "Sam",
        "family_name": "Madeup-Person",
        "born": "1984-11-30",
        "nhs_number": _PARTNER,
        "relationship": "mother's partner",
        "lives_with_child": "yes",
        "parental_responsibility": "no",
        "safe_to_contact": "no",
    }
