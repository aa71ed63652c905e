"""Made-up questions to the agreements of a pack."""

from collections.abc import Mapping

from hypothesis import strategies as st

from frontdoor_router.core.agreements import Agreements, Question, Ruling
from frontdoor_router.core.facts import NAMES, UNKNOWN, VALUES, Facts
from frontdoor_router.core.pack import Pack
from frontdoor_router.core.policies import Agreement, Every, Is, Some, Test, read_agreement
from frontdoor_schemas.vocabulary import RULED, Role
from support.packs import LEAST

ROLES, CATEGORIES = [r.value for r in Role], [c.value for c in RULED]


def vocabulary(pack: Pack) -> Mapping[str, tuple[str, ...]]:
    """What each fact may say."""
    return {**VALUES, "purpose": tuple(sorted(pack.purposes))}


def satisfying(draw: st.DrawFn, test: Test) -> dict[str, str]:
    """Values under which a test may hold; where parts of it disagree, the last one wins."""
    match test:
        case Is(name, values):
            return {name: draw(st.sampled_from(sorted(values)))}
        case Every(parts):
            return {k: v for part in parts for k, v in satisfying(draw, part).items()}
        case Some(parts):
            return satisfying(draw, draw(st.sampled_from(parts)))


@st.composite
def questions(draw: st.DrawFn, pack: Pack) -> Question:
    """Questions near what the permits of a pack say: at random hardly any question would be permitted."""
    permits = [p for a in pack.agreements for p in a.policies if p.effect == "permit"]
    values: dict[str, str] = {**LEAST, "principal": draw(st.sampled_from(ROLES)), "resource": draw(st.sampled_from(CATEGORIES))}
    values |= satisfying(draw, draw(st.sampled_from(permits)).when)
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=4)):
        values[name] = draw(st.sampled_from(vocabulary(pack)[name]))
    return values.pop("principal"), values.pop("resource"), Facts(**values)


@st.composite
def any_questions(draw: st.DrawFn, pack: Pack) -> list[Question]:
    """Full records of facts, every value as likely as any other."""
    rng, words = draw(st.randoms(use_true_random=False)), vocabulary(pack)
    return [
        (rng.choice(ROLES), rng.choice(CATEGORIES), Facts(**{name: rng.choice(words[name]) for name in NAMES}))
        for _ in range(draw(st.integers(1, 40)))
    ]


FORBID = """// agreement: added
// from: 2019-01-01
// own
// parties: all
@id("added")
@agreement("added")
@legal_basis("none")
@explain("A forbid more")
"""


@st.composite
def forbids(draw: st.DrawFn, pack: Pack) -> Agreement:
    """A forbid that loads: some roles, some categories, unless a fact has some of its values."""
    whom = ", ".join(f'Role::"{r}"' for r in draw(st.lists(st.sampled_from(ROLES), min_size=1, max_size=6)))
    what = ", ".join(f'Category::"{c}"' for c in draw(st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=8)))
    fact = draw(st.sampled_from(NAMES))
    values = draw(st.lists(st.sampled_from([v for v in vocabulary(pack)[fact] if v != UNKNOWN]), min_size=1, max_size=2))
    listed = ", ".join(f'"{v}"' for v in values)
    text = (
        f"{FORBID}forbid (principal, action, resource) when {{ principal in [{whom}] && resource in [{what}] }} "
        f"unless {{ [{listed}].contains(context.{fact}) }};"
    )
    agreement, faults = read_agreement("added.cedar", text, pack.purposes)
    assert agreement is not None, faults
    return agreement


def rulings(rules: Agreements, asked: list[Question]) -> list[Ruling]:
    """The clean answers; there are no others."""
    answers = rules.permits_all(asked)
    assert all(isinstance(a, Ruling) for a in answers)
    return [a for a in answers if isinstance(a, Ruling)]
