"""Agreements: the forms that are refused, rulings, their memory, and anything unclean as no permission."""

from datetime import date
from typing import Any

import cedarpy
import pytest

from frontdoor_router.core.agreements import Agreements, CannotDecideError, Epoch, Ruling
from frontdoor_router.core.facts import NAMES, VALUES, Facts, cedar_schema
from frontdoor_router.core.policies import Agreement, read_agreement
from frontdoor_schemas.vocabulary import RULED, Category, Role
from support.packs import LEAST, facts

PURPOSES = frozenset({"telling", "named-by-author"})
HEADER = "// agreement: made-up\n// from: 2020-01-01\n// own\n// parties: all\n\n"
NOTES = '@id("{id}")\n@agreement("made-up")\n@legal_basis("some law")\n@explain("some words; and a semicolon")\n'
EPOCH = Epoch(1, "0" * 64, ("made-up",), date(2020, 1, 1))

PERMIT = """permit (principal, action, resource)
when { principal in [Role::"gp"] }
when { resource in [Category::"child_identity", Category::"locating"] }
when { context.purpose == "telling" && context.of_subject == "yes" };"""
FORBID = """forbid (principal, action, resource == Category::"locating")
unless { context.protected == "no" || context.listed == "yes" };"""


def written(*policies: str, header: str = HEADER) -> str:
    return header + "\n\n".join(NOTES.replace("{id}", f"p{n}") + policy for n, policy in enumerate(policies))


def agreement(*policies: str) -> Agreement:
    found, faults = read_agreement("made-up.cedar", written(*policies), PURPOSES)
    assert found is not None, faults
    return found


def in_force(*policies: str, **options: Any) -> Agreements:
    return Agreements([agreement(*policies)], EPOCH, purposes=PURPOSES, **options)


def telling(**given: str) -> Facts:
    return facts(purpose="telling", **given)


def test_a_permit_whose_facts_hold_permits_and_is_named() -> None:
    assert in_force(PERMIT).permits("gp", "child_identity", telling(of_subject="yes")) == Ruling(permit=True, policies=("p0",))


@pytest.mark.parametrize(
    ("role", "category", "given"),
    [
        ("school_dsl", "child_identity", {"of_subject": "yes"}),
        ("gp", "narrative", {"of_subject": "yes"}),
        ("gp", "child_identity", {"of_subject": "no"}),
        ("gp", "child_identity", {"of_subject": "unknown"}),
        ("gp", "child_identity", {"of_subject": "yes", "purpose": "named-by-author"}),
    ],
)
def test_whatever_no_permit_covers_is_denied_by_default(role: str, category: str, given: dict[str, str]) -> None:
    ruling = in_force(PERMIT).permits(role, category, facts(**{"purpose": "telling", **given}))
    assert ruling == Ruling(permit=False, policies=())


@pytest.mark.parametrize(
    ("protected", "listed", "permit"), [("no", "no", True), ("yes", "yes", True), ("yes", "no", False), ("unknown", "no", False)]
)
def test_a_forbid_beats_a_permit_and_an_unknown_fact_forbids(protected: str, listed: str, permit: bool) -> None:
    ruling = in_force(PERMIT, FORBID).permits("gp", "locating", telling(of_subject="yes", protected=protected, listed=listed))
    assert ruling == Ruling(permit, ("p0",) if permit else ("p1",))


def test_rulings_come_in_the_order_of_the_questions_and_each_is_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    evaluate = cedarpy.is_authorized_batch

    def counting(requests: list[Any], *rest: Any) -> Any:
        asked.append(len(requests))
        return evaluate(requests, *rest)

    monkeypatch.setattr(cedarpy, "is_authorized_batch", counting)
    rules = in_force(PERMIT)
    yes, no = ("gp", "child_identity", telling(of_subject="yes")), ("gp", "child_identity", telling())
    assert [a.permit for a in rules.permits_all([yes, no, yes]) if isinstance(a, Ruling)] == [True, False, True]
    assert rules.permits(*yes).permit
    assert asked == [2]


def test_the_memory_is_bounded_and_forgetting_changes_no_ruling() -> None:
    rules = in_force(PERMIT, remember=2)
    questions = [("gp", category.value, telling(of_subject="yes")) for category in RULED]
    first = rules.permits_all(questions)
    assert len(rules._known) == 2
    assert rules.permits_all(questions) == first


def test_a_role_of_the_vocabulary_asks_as_its_name_does() -> None:
    assert in_force(PERMIT).permits(Role.gp, Category.child_identity, telling(of_subject="yes")).permit


def test_facts_outside_their_vocabulary_are_never_evaluated() -> None:
    with pytest.raises(CannotDecideError, match="of_subject=perhaps"):
        in_force(PERMIT).permits("gp", "child_identity", telling(of_subject="perhaps"))


def test_a_role_that_does_not_exist_cannot_be_decided() -> None:
    with pytest.raises(CannotDecideError):
        in_force(PERMIT).permits("king", "child_identity", telling(of_subject="yes"))


def test_one_question_that_cannot_be_decided_leaves_the_others_alone() -> None:
    answers = in_force(PERMIT).permits_all([("gp", "child_identity", telling(of_subject=v)) for v in ("yes", "perhaps", "no")])
    assert [type(a) for a in answers] == [Ruling, CannotDecideError, Ruling]


class _Result:
    def __init__(self, decision: cedarpy.Decision, errors: list[str]) -> None:
        self.decision = decision
        self.diagnostics = cedarpy.Diagnostics({"errors": errors, "reason": ["policy0"], "id_annotations_by_reason": {"policy0": "p0"}})


@pytest.mark.parametrize(
    "result",
    [
        _Result(cedarpy.Decision.Allow, ["error while evaluating policy `policy1`"]),
        _Result(cedarpy.Decision.Deny, ["error while evaluating policy `policy1`"]),
        _Result(cedarpy.Decision.NoDecision, []),
    ],
)
def test_an_allow_with_any_error_beside_it_is_no_permission_and_is_not_remembered(result: _Result, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = in_force(PERMIT)
    monkeypatch.setattr(cedarpy, "is_authorized_batch", lambda *_: [result])
    with pytest.raises(CannotDecideError):
        rules.permits("gp", "child_identity", telling(of_subject="yes"))
    monkeypatch.undo()
    assert rules.permits("gp", "child_identity", telling(of_subject="yes")).permit


def test_when_cedar_itself_fails_nothing_of_the_batch_is_permitted(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> Any:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(cedarpy, "is_authorized_batch", failing)
    answers = in_force(PERMIT).permits_all([("gp", "child_identity", telling(of_subject="yes")), ("gp", "locating", telling())])
    assert all(isinstance(a, CannotDecideError) for a in answers)


NARRATIVE = 'resource == Category::"narrative"'
TELLING = 'when { context.purpose == "telling" }'
WHEN = 'permit (principal == Role::"gp", action, resource == Category::"narrative")\nwhen {{ context.purpose == "telling" && {0} }};'
REFUSED = [
    (WHEN.format("context has of_subject"), "has:"),
    (WHEN.format('context.of_subject like "y*"'), "like:"),
    (WHEN.format('context.of_subject != "no"'), "!= turns"),
    (WHEN.format('!(context.of_subject == "no")'), "! turns"),
    (WHEN.format('context.of_subject == "unknown"'), "what is not known permits nothing"),
    (WHEN.format('context.of_subject == "perhaps"'), "of_subject is never “perhaps”"),
    (WHEN.format('context.shoe_size == "yes"'), "there is no fact shoe_size"),
    (WHEN.format('context.source_role == "king"'), "source_role is never “king”"),
    (WHEN.format('(if context.of_subject == "yes" then true else false)'), "not in the language"),
    (WHEN.format("true"), "not in the language"),
    (WHEN.format('datetime("2025-01-01") < datetime("2026-01-01")'), "not in the language"),
    (WHEN.format("resource == principal"), "not in the language"),
    (f'permit (principal == Role::"king", action, {NARRATIVE}) {TELLING};', "king"),
    (f'permit (principal == User::"me", action, {NARRATIVE}) {TELLING};', "User"),
    (f"permit (principal, action, {NARRATIVE}) {TELLING};", "name the roles"),
    (f'permit (principal == Role::"gp", action, resource) {TELLING};', "name the categories"),
    (f'permit (principal == Role::"gp", action, {NARRATIVE}) when {{ context.of_subject == "yes" }};', "name the purpose"),
    (
        f'permit (principal == Role::"gp", action, {NARRATIVE})\nwhen {{ context.purpose == "telling" || context.of_subject == "yes" }};',
        "name the purpose",
    ),
    (f'permit (principal == Role::"gp", action, {NARRATIVE}) when {{ context.purpose == "selling" }};', "purpose is never"),
    (f'permit (principal == Role::"gp", action, {NARRATIVE}) {TELLING}\nunless {{ context.withheld == "yes" }};', "permits unless"),
    ('forbid (principal, action, resource) when { context.protected == "yes" };', "write unless, so that unknown forbids"),
    ('forbid (principal, action, resource) unless { context.protected != "yes" };', "!= turns"),
    (
        'forbid (principal, action, resource) unless { context.listed == "yes" } unless { context.protected == "no" };',
        "more than one unless",
    ),
    ("permit (principal == ?principal, action, resource);", "stands by itself"),
    (f"permit (principal is Role, action, {NARRATIVE}) {TELLING};", "principal is == one"),
    ("permit (principal, action, resource", "is not Cedar"),
    ("allow everything;", "is not Cedar"),
]


@pytest.mark.parametrize(("policy", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_a_form_that_could_let_the_unknown_permit_does_not_load(policy: str, reason: str) -> None:
    found, faults = read_agreement("made-up.cedar", written(PERMIT, policy), PURPOSES)
    assert found is None
    assert len(faults) == 1
    assert reason in faults[0].reason
    assert faults[0].file == "made-up.cedar"
    assert faults[0].line >= written(PERMIT).count("\n") + 2


@pytest.mark.parametrize("note", ["id", "agreement", "legal_basis", "explain"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_every_policy_says_what_it_is_on_which_basis_and_why(note: str, how: str) -> None:
    text = "\n".join(
        (f'@{note}("")' if how == "empty" else "") if line.startswith(f"@{note}") else line for line in written(PERMIT).splitlines()
    )
    found, faults = read_agreement("made-up.cedar", text, PURPOSES)
    assert found is None
    assert [f.reason for f in faults] == [f"lacks @{note}"]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("// from: 2020-01-01\n// own\n// parties: all\n", "“// agreement: …”"),
        ("// agreement: made-up\n// own\n// parties: all\n", "“// from: …”"),
        ("// agreement: made-up\n// from: 2020-01-01\n// own\n", "“// parties: …”"),
        ("// agreement: made-up\n// from: 2020-01-01\n// parties: all\n", "either"),
        ("// agreement: made-up\n// from: 2020-01-01\n// own\n// source: both\n// parties: all\n", "either"),
        ("// agreement: made-up\n// from: soon\n// own\n// parties: all\n", "“soon” is no date"),
        ("// agreement: made-up\n// from: 2020-01-01\n// until: 2020-01-01\n// own\n// parties: all\n", "not after"),
        ("// agreement: made-up\n// from: 2020-01-01\n// source:\n// parties: all\n", "says nothing"),
        ("// agreement: another\n// from: 2020-01-01\n// own\n// parties: all\n", "in the file of “another”"),
    ],
)
def test_the_header_says_who_agreed_from_when_and_by_what(header: str, reason: str) -> None:
    _, faults = read_agreement("made-up.cedar", written(PERMIT, header=header), PURPOSES)
    assert any(reason in f.reason for f in faults)


def test_a_file_without_a_policy_is_a_fault() -> None:
    _, faults = read_agreement("made-up.cedar", HEADER, PURPOSES)
    assert [f.reason for f in faults] == ["has no policy"]


def test_the_facts_are_the_whole_context_and_each_has_a_vocabulary() -> None:
    schema = cedar_schema()
    assert all(f'"{name}": String' in schema for name in NAMES)
    assert set(VALUES) == set(NAMES) == set(LEAST)
