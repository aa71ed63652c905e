"""The packs of this repository, loaded once, and facts that say as little as possible."""

from functools import cache
from pathlib import Path

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.facts import Facts
from frontdoor_router.core.pack import Pack

PARTNERSHIPS = Path(__file__).parents[2] / "deploy" / "partnerships"

LEAST = {
    "event_type": "police-incident",
    "purpose": "named-by-author",
    "source_role": "police_safeguarding",
    "source_agency_is_recipients": "no",
    "subject_role": "child",
    "of_subject": "no",
    "involved_with_subject": "no",
    "plan_group": "no",
    "manages_subject": "no",
    "managed_elsewhere": "no",
    "child_of_managed_adult": "no",
    "adult_of_subject_child": "no",
    "referrer": "no",
    "named_by_author": "no",
    "named_for_subject": "no",
    "audience": "none",
    "withheld": "no",
    "protected": "unknown",
    "protected_case": "no",
    "listed": "no",
    "identity": "confirmed",
    "source_section": "no",
    "consent": "unknown",
}
"""An ordinary, identified child with which the desk has nothing to do; nobody said whether the case is protected."""


@cache
def the_pack(name: str) -> Pack:
    """A pack of `deploy/partnerships`."""
    return load_pack(PARTNERSHIPS / name)


def facts(**given: str) -> Facts:
    """The least facts, with some given."""
    return Facts(**{**LEAST, **given})
