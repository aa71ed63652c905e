"""Made-up people and events, in few words. NHS numbers are of the range that is never issued."""

from typing import Any

from frontdoor_schemas.topics import CloudEvent

SAYS = CloudEvent("made-up", "frontdoor.made-up.v1")
"""What a record says of itself where nobody looks at it."""

NHS = ("9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000069", "9990000077", "9990000085", "9990000093")


def a_child(n: int = 1, **facts: Any) -> dict[str, Any]:
    """The n-th made-up child, with an exact identifier unless told otherwise; a fact given as None is left out."""
    block = {
        "ref": f"child-{n}",
        "given_name": f"Given{n}",
        "family_name": "Made-Up",
        "born": f"20{10 + n:02d}-05-02",
        "nhs_number": NHS[n - 1],
        **facts,
    }
    return {k: v for k, v in block.items() if v is not None}


def an_adult(n: int = 1, **facts: Any) -> dict[str, Any]:
    """The n-th made-up adult."""
    block = {"ref": f"adult-{n}", "given_name": f"Adult{n}", "family_name": "Made-Up", "relationship": "mother", **facts}
    return {k: v for k, v in block.items() if v is not None}


def an_incident(*children: dict[str, Any], adults: tuple[dict[str, Any], ...] = (), **facts: Any) -> dict[str, Any]:
    """A domestic-abuse incident about these children."""
    return {
        "children": list(children),
        "adults": list(adults),
        "domestic_abuse": {"risk_grade": "standard", "qualifying_markers": ["call_type"]},
        **facts,
    }


def an_involvement(person: dict[str, Any], *, desk: str, relation: str) -> dict[str, Any]:
    """A desk's relation to one person."""
    kind = "children" if person["ref"].startswith("child") else "adults"
    return {kind: [person], "about": [person["ref"]], "relation": relation, "desk": desk}
