"""Answers a question to the desk that asks: a disclosure like any other, permitted by the agreements, numbered, filed and audited."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from frontdoor_router.core.agreements import CannotDecideError
from frontdoor_router.core.answers import RECIPES, Recipe, name_of
from frontdoor_router.core.asking import About, Asking
from frontdoor_router.core.case import Case
from frontdoor_router.core.decision import AuditEntry, Disclosure, Given, Withheld
from frontdoor_router.core.draft import Basis, Draft
from frontdoor_router.core.facting import DeskFacts, Kinds
from frontdoor_router.core.incidents import incidents
from frontdoor_router.core.lists import Standing
from frontdoor_router.core.pointers import Pointer
from frontdoor_router.core.project import Projection, project
from frontdoor_router.core.sheets import Item, that_fit
from frontdoor_router.core.tasks import cannot_decide
from frontdoor_schemas.envelope import DeliveryKind
from frontdoor_schemas.queries import Reason


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer gives and withholds, and of which earlier events it says something."""

    given: tuple[Given, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    quotes: frozenset[UUID] = frozenset()

    def and_(self, more: "Said") -> "Said":
        """Both."""
        return Said(self.given + more.given, self.withheld + more.withheld, self.quotes | more.quotes)


def answer(draft: Draft, basis: Basis, case: Case, pointers: Iterable[Pointer], standing: Standing | None = None) -> None:
    """Answer a question: with what the agreements permit its desk for that purpose, or that there is nothing to say."""
    asking = Asking(basis, case, pointers, standing)
    try:
        said = _answered(asking)
    except CannotDecideError as error:
        draft.disclosures.append(_disclosure(asking, Said(), "cannot-decide"))
        draft.audit.append(AuditEntry("decision.failed", asking.desk, {"error": type(error).__name__}))
        cannot_decide(draft, basis, event=case.envelope.id, reason="error", start=case.now)
        return
    reason: Reason | None = "not-identified" if asking.vague else None if said.given else "nothing-to-say"
    draft.disclosures.append(_disclosure(asking, said, reason))
    draft.involved += asking.involved
    detail = {"question": asking.question, "reason": reason, "quotes": [str(event) for event in sorted(said.quotes)]}
    if standing is not None:
        detail["list"] = standing.list.id
    draft.audit.append(AuditEntry("query.answered", asking.desk, detail))


def _disclosure(asking: Asking, said: Said, reason: Reason | None) -> Disclosure:
    event = asking.bare.envelope.id
    return Disclosure(
        id=asking.basis.ids("answer", event, asking.desk),
        desk=asking.desk,
        kind=DeliveryKind.answer,
        purposes=asking.candidate.purposes,
        given=said.given,
        withheld=said.withheld,
        reason=reason,
        visible=True,
        quotes=said.quotes,
    )


def _answered(asking: Asking) -> Said:
    recipe = _recipe(asking)
    if recipe is None:
        return _projected(asking, asking.facts(asking.bare), "made", asking.sheet.keyed("made", list(incidents(asking))))
    made = [item for about in asking.people for part in recipe.made for item in part(about)]
    kept = asking.sheet.keyed("made", that_fit(made))
    said = _head(asking)
    seen: list[About] = []
    for about in asking.people:
        mine = [item for item in kept if item.ref == about.ref]
        found = _projected(asking, about.facts, "made", mine, only_with=recipe.only_with)
        if found.given:
            seen.append(about)
            found = replace(found, quotes=found.quotes | about.lives_there_by)
        said = said.and_(found)
    return said.and_(_quoted(asking, recipe, seen))


def _recipe(asking: Asking) -> Recipe | None:
    """What the answer is made of. A list says who is on it."""
    recipe = RECIPES.get(asking.question)
    return replace(recipe, names=True) if recipe and asking.standing else recipe


def _head(asking: Asking) -> Said:
    """Of a list: which, and of which period. It is there on an empty one too, so that the desk knows that it was made."""
    if asking.standing is None:
        return Said()
    period = {"since": asking.standing.since.isoformat(), "until": asking.standing.until.isoformat()}
    head = Item("standing_lists", None, asking.bare.now, {"list": asking.standing.list.id, **period})
    return _projected(asking, asking.facts(asking.bare), "list", asking.sheet.keyed("list", [head]))


def _projected(asking: Asking, facts: DeskFacts, part: str, items: Sequence[Item], *, only_with: str | None = None) -> Said:
    """What the agreements permit of it. Where the list that carries the rest is not permitted, nothing of the rest is given."""
    policy = asking.basis.policy
    role = asking.directory.desk(asking.desk).role
    sections = Kinds.of(asking.sheet.sections(part, items))
    seen = project(sections, purposes=asking.candidate.purposes, role=role, facts=facts, rules=policy.rules)
    if only_with and not any(path.startswith(only_with) for g in seen.given for path in g.section.body):
        return Said((), seen.withheld + tuple(Withheld(g.section.category.value, g.section.subjects, ()) for g in seen.given))
    return Said(tuple(g._replace(made=True) for g in seen.given), seen.withheld, frozenset(_events(items, seen)))


def _events(items: Iterable[Item], seen: Projection) -> Iterator[UUID]:
    given = {(g.section.category, g.section.subjects) for g in seen.given}
    for item in items:
        if item.event and (item.category, (item.ref,) if item.ref else ()) in given:
            yield item.event


def _quoted(asking: Asking, recipe: Recipe, seen: Iterable[About]) -> Said:
    """What earlier events say of those of whom the desk may be told anything: ruled event by event."""
    people = list(seen)
    kept = asking.sheet.keyed("quoted", that_fit([item for about in people for part in recipe.quoted for item in part(about)]))
    ruled = [item for item in kept if item.policies]
    said = Said(tuple(asking.sheet.quoted(ruled)), (), frozenset(item.event for item in ruled if item.event))
    for about in people:
        left_out = [item for item in kept if not item.policies and item.ref == about.ref]
        said = said.and_(_projected(asking, about.facts, "left-out", left_out))
        named = name_of(about) if recipe.names else None
        if named is not None:
            section = asking.sheet.section("names", named.category, about.ref, named.body)
            said = said.and_(Said((Given(section, named.policies, made=True),), (), frozenset({named.event})))
    return said
