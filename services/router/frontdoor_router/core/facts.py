"""The closed record of all that the agreements ever hear about one desk, one section and one subject of it.

It *is* the whole context that Cedar receives: so a ruling may be remembered under role, category and facts, and a policy
that names anything else does not load. docs/pack.md says what each fact means.
"""

from types import MappingProxyType
from typing import Final, NamedTuple

from frontdoor_schemas.queries import QUESTIONS
from frontdoor_schemas.vocabulary import RULED, EventType, Role

NAMED_BY_AUTHOR: Final = "named-by-author"
IDENTITY_REVIEW: Final = "identity-review"
QUERY_PURPOSES: Final = MappingProxyType({question: f"query-{question.replace('_', '-')}" for question in QUESTIONS})
"""The purpose under which each kind of question is answered."""
BUILT_IN_PURPOSES: Final = frozenset({NAMED_BY_AUTHOR, IDENTITY_REVIEW, *QUERY_PURPOSES.values()})
"""Purposes that no duty gives: the author named the desk; the front door sees who is not identified; a desk asks."""

_YES_NO: Final = ("yes", "no")
_ANSWER: Final = ("yes", "no", "unknown")
UNKNOWN: Final = "unknown"
ANY: Final[tuple[str, ...]] = ()


class Facts(NamedTuple):
    """All facts, all text, all required. `VALUES` has what each may say. A tuple, because rulings are looked up under it."""

    event_type: str
    purpose: str
    source_role: str
    source_agency_is_recipients: str
    subject_role: str
    of_subject: str
    involved_with_subject: str
    plan_group: str
    manages_subject: str
    managed_elsewhere: str
    child_of_managed_adult: str
    adult_of_subject_child: str
    referrer: str
    named_by_author: str
    named_for_subject: str
    audience: str
    withheld: str
    protected: str
    protected_case: str
    listed: str
    identity: str
    source_section: str
    consent: str


VALUES: Final = MappingProxyType(
    {
        "event_type": tuple(e.value for e in EventType),
        "purpose": ANY,  # closed by each pack: what its duties give in `because`, and the built-in ones
        "source_role": tuple(r.value for r in Role),
        "source_agency_is_recipients": _YES_NO,
        "subject_role": ("child", "adult", "event"),
        "of_subject": _ANSWER,
        "involved_with_subject": _ANSWER,
        "plan_group": _ANSWER,
        "manages_subject": _ANSWER,
        "managed_elsewhere": _ANSWER,
        "child_of_managed_adult": _ANSWER,
        "adult_of_subject_child": _ANSWER,
        "referrer": _YES_NO,
        "named_by_author": _YES_NO,
        "named_for_subject": _YES_NO,
        "audience": ("named", "not_named", "none"),
        "withheld": _YES_NO,
        "protected": _ANSWER,
        "protected_case": _YES_NO,
        "listed": _YES_NO,
        "identity": ("confirmed", "unconfirmed"),
        "source_section": ("yes", "author", "no"),
        "consent": ("given", "refused", "not_sought", "not_needed", "override", UNKNOWN),
    }
)
"""What each fact may say. A fact that may be `unknown` is the only kind of which a value can be missing."""

NAMES: Final = Facts._fields


def strays(facts: Facts, purposes: frozenset[str]) -> list[str]:
    """The facts whose value is none that they may have, as `name=value`."""
    allowed = {**VALUES, "purpose": tuple(purposes)}
    return [f"{name}={getattr(facts, name)}" for name in NAMES if getattr(facts, name) not in allowed[name]]


def cedar_schema() -> str:
    """The Cedar schema that every policy has to satisfy: two closed kinds of entity, one action, these facts."""
    roles = ", ".join(f'"{r.value}"' for r in Role)
    categories = ", ".join(f'"{c.value}"' for c in RULED)
    context = ", ".join(f'"{name}": String' for name in NAMES)
    return (
        f"entity Role enum [{roles}];\n"
        f"entity Category enum [{categories}];\n"
        f"action disclose appliesTo {{ principal: Role, resource: Category, context: {{ {context} }} }};\n"
    )
