"""Reads the text of an agreement into policies, and refuses every form that could let an unknown fact permit something.

Cedar skips a policy that fails while it is evaluated, an absent attribute slips past `has`, and a clock flips a policy
that nobody changed. So the language is a small part of Cedar: a policy compares facts, role and category with written
values, joined by `&&` and `||`. A permit says `when`; a forbid says `unless`, so that what is not known forbids.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import cedarpy
from cedarpy import pst

from frontdoor_chassis.toml_places import Fault
from frontdoor_router.core.facts import NAMES, UNKNOWN, VALUES, cedar_schema

ANNOTATIONS: Final = ("id", "agreement", "legal_basis", "explain")
NOBODY: Final = "(none)"
"""No role, category or purpose: a permit that could hold for it does not say whom, what or why."""

_PARTS = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|\s+|[^\s;"/]+|/', re.DOTALL)
_HEADER = re.compile(r"//\s*([a-z]+)(?::\s*(.*?))?\s*$")
_REFUSED: Final = {
    "not": "! turns an unknown fact into a reason to share: say what has to be so",
    "not_eq": "!= turns an unknown fact into a reason to share: say what has to be so",
}


@dataclass(frozen=True, slots=True)
class Is:
    """A fact, or `principal` or `resource`, has one of these values."""

    name: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple["Test", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """A part holds."""

    parts: tuple["Test", ...]


Test = Is | Every | Some


def could_hold(test: Test, known: Mapping[str, str]) -> bool:
    """Whether a test may hold when these names have these values and all others any. Exact, as nothing is negated."""
    match test:
        case Is(name, values):
            return name not in known or known[name] in values
        case Every(parts):
            return all(could_hold(part, known) for part in parts)
        case Some(parts):
            return any(could_hold(part, known) for part in parts)


def comparisons(test: Test) -> Iterator[Is]:
    """The comparisons that a test is made of."""
    match test:
        case Is():
            yield test
        case Every(parts) | Some(parts):
            for part in parts:
                yield from comparisons(part)


@dataclass(frozen=True, slots=True)
class Policy:
    """One permit or forbid. It bears on a question when `when` holds and, of a forbid, `unless` does not."""

    id: str
    agreement: str
    effect: Literal["permit", "forbid"]
    legal_basis: str
    explain: str
    when: Test
    unless: Test | None
    text: str
    line: int

    @property
    def facts(self) -> frozenset[str]:
        """The facts that it reads."""
        read = (*comparisons(self.when), *(comparisons(self.unless) if self.unless else ()))
        return frozenset(c.name for c in read) - {"principal", "resource"}


@dataclass(frozen=True, slots=True)
class Agreement:
    """One file: who agreed, from when, by which document, and its policies."""

    id: str
    file: str
    from_: date
    until: date | None
    source: str | None
    parties: str
    policies: tuple[Policy, ...]

    def in_force(self, on: date) -> bool:
        """Whether it holds on a local day."""
        return self.from_ <= on and (self.until is None or on < self.until)


class _RefusedError(Exception):
    """A form that the language does not have; `near` is a word by which the line can be found."""

    def __init__(self, reason: str, near: str = "") -> None:
        super().__init__(reason)
        self.near = near


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    line: int

    def line_of(self, near: str) -> int:
        found = self.text.find(near) if near else -1
        return self.line + self.text.count("\n", 0, max(found, 0))


def read_agreement(file: str, text: str, purposes: frozenset[str] | None) -> tuple[Agreement | None, list[Fault]]:
    """An agreement from the text of its file, or what is wrong with it.

    `purposes` are those that duties give; None when the duties cannot be read, and nothing is then said about purposes.
    """
    faults: list[Fault] = []
    header = _header(file, text, faults)
    policies = []
    for statement in _statements(text):
        try:
            policies.append(_policy(statement, header.get("agreement", ""), purposes))
        except _RefusedError as error:
            faults.append(Fault(file, statement.line_of(error.near), str(error)))
    if not policies and not faults:
        faults.append(Fault(file, 1, "has no policy"))
    if faults:
        return None, faults
    return _agreement(file, header, tuple(policies)), []


def _agreement(file: str, header: Mapping[str, str], policies: tuple[Policy, ...]) -> Agreement:
    return Agreement(
        id=header["agreement"],
        file=file,
        from_=date.fromisoformat(header["from"]),
        until=date.fromisoformat(header["until"]) if "until" in header else None,
        source=header.get("source"),
        parties=header["parties"],
        policies=policies,
    )


def _header(file: str, text: str, faults: list[Fault]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("//"):
            break
        entry = _HEADER.fullmatch(line)
        if entry and entry[1] in {"agreement", "from", "until", "source", "own", "parties"}:
            found[entry[1]] = entry[2] or ""
            faults += [Fault(file, number, reason) for reason in _header_faults(entry[1], entry[2] or "")]
    faults += [Fault(file, 1, f"the header lacks “// {key}: …”") for key in ("agreement", "from", "parties") if key not in found]
    if ("source" in found) == ("own" in found):
        faults.append(Fault(file, 1, "the header gives either “// source: …” or “// own”"))
    if not faults and found.get("until", "9999") <= found["from"]:
        faults.append(Fault(file, 1, f"until {found['until']} is not after from {found['from']}"))
    return found


def _header_faults(key: str, value: str) -> Iterator[str]:
    if key in {"from", "until"}:
        try:
            date.fromisoformat(value)
        except ValueError:
            yield f"“{value}” is no date; write 2020-01-01"
    elif key != "own" and not value:
        yield f"“// {key}:” says nothing"


def _statements(text: str) -> Iterator[_Statement]:
    """The text cut at each semicolon that stands in no comment and no string."""
    start: int | None = None
    for part in _PARTS.finditer(text):
        word = part[0]
        if start is None and not word.startswith("//") and not word.isspace():
            start = part.start()
        if word == ";" and start is not None:
            yield _Statement(text[start : part.end()], text.count("\n", 0, start) + 1)
            start = None
    if start is not None:
        yield _Statement(text[start:], text.count("\n", 0, start) + 1)


def _policy(statement: _Statement, agreement: str, purposes: frozenset[str] | None) -> Policy:
    try:
        templates = list(cedarpy.policies_to_pst(statement.text).static_policies.values())
    except ValueError as error:
        raise _RefusedError(f"is not Cedar: {error}") from error
    if len(templates) != 1:
        raise _RefusedError("is no policy that stands by itself")
    (template,) = templates
    when, unless = _tests(template, _Reader({**VALUES, "purpose": None if purposes is None else tuple(sorted(purposes))}))
    _validated(statement)
    notes = _annotations(template.annotations, agreement)
    _check_form(template.effect, when, unless)
    return Policy(
        id=notes["id"],
        agreement=agreement,
        effect=template.effect,
        legal_basis=notes["legal_basis"],
        explain=notes["explain"],
        when=when,
        unless=unless,
        text=statement.text,
        line=statement.line,
    )


def _annotations(given: Mapping[str, str], agreement: str) -> Mapping[str, str]:
    for name in ANNOTATIONS:
        if not given.get(name, "").strip():
            raise _RefusedError(f"lacks @{name}")
    if given["agreement"] != agreement:
        raise _RefusedError(f"names agreement “{given['agreement']}” in the file of “{agreement}”", "@agreement")
    return given


def _validated(statement: _Statement) -> None:
    result = cedarpy.validate_policies(statement.text, cedar_schema())
    if not result.validation_passed:
        raise _RefusedError("; ".join(e.error.replace("for policy `policy0`, ", "") for e in result.errors) or "does not validate")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns Cedar expressions into tests, or refuses them."""

    values: Mapping[str, tuple[str, ...] | None]

    def read(self, expr: pst.Expr) -> Test:
        match expr:
            case pst.BinaryOp(op="and", left=left, right=right):
                return Every((self.read(left), self.read(right)))
            case pst.BinaryOp(op="or", left=left, right=right):
                return Some((self.read(left), self.read(right)))
            case pst.BinaryOp(op="eq", left=pst.GetAttr(base=pst.Var(name="context"), attr=fact), right=pst.StringLit(value=value)):
                return self.fact(fact, [value])
            case pst.BinaryOp(op="contains", left=pst.Set(elements=elements), right=pst.GetAttr(base=pst.Var(name="context"), attr=fact)):
                return self.fact(fact, [_text(e) for e in elements])
            case pst.BinaryOp(op="eq" | "in", left=pst.Var(name="principal" | "resource" as name), right=right):
                return Is(name, frozenset(_entities(right)))
        raise _refusal(expr)

    def fact(self, name: str, values: list[str]) -> Is:
        if name not in NAMES:
            raise _RefusedError(f"there is no fact {name}; there are {', '.join(NAMES)}", f"context.{name}")
        allowed = self.values[name]
        for value in values:
            if value == UNKNOWN:
                raise _RefusedError(f"tests {name} for “unknown”: what is not known permits nothing", f'"{value}"')
            if allowed is not None and value not in allowed:
                raise _RefusedError(f"{name} is never “{value}”; it is one of {', '.join(allowed)}", f'"{value}"')
        return Is(name, frozenset(values))


def _text(expr: pst.Expr) -> str:
    if isinstance(expr, pst.StringLit):
        return expr.value
    raise _refusal(expr)


def _entities(expr: pst.Expr) -> list[str]:
    elements = expr.elements if isinstance(expr, pst.Set) else (expr,)
    return [_entity(element) for element in elements]


def _entity(expr: pst.Expr) -> str:
    match expr:
        case pst.EntityLit(value=pst.EntityUid(id=name)):
            return name
    raise _refusal(expr)


def _refusal(expr: pst.Expr) -> _RefusedError:
    if isinstance(expr, pst.HasAttr):
        return _RefusedError("has: every fact is always there, and an absent one would slip past a forbid", " has ")
    if isinstance(expr, pst.Like):
        return _RefusedError("like: facts are compared whole", " like ")
    op = expr.op if isinstance(expr, pst.UnaryOp | pst.BinaryOp) else ""
    if op in _REFUSED:
        return _RefusedError(_REFUSED[op], "!")
    what = op or type(expr).__name__
    return _RefusedError(f"{what} is not in the language: compare facts with written values, joined by && and ||")


def _tests(template: pst.Template, reader: _Reader) -> tuple[Test, Test | None]:
    whens = [*_scope("principal", template.principal), *_scope("resource", template.resource)]
    unlesses: list[Test] = []
    for clause in template.clauses:
        (whens if isinstance(clause, pst.When) else unlesses).append(reader.read(clause.expr))
    if len(unlesses) > 1:
        raise _RefusedError("has more than one unless: join them with ||", "unless")
    return Every(tuple(whens)), unlesses[0] if unlesses else None


def _scope(name: str, scope: pst.PrincipalOrResourceConstraint) -> Iterable[Test]:
    match scope:
        case pst.ScopeAny():
            return ()
        case pst.ScopeEq(entity=pst.EntityUid(id=value)):
            return (Is(name, frozenset({value})),)
    raise _RefusedError(f"{name} is == one, or is left open and named in a when")


def _check_form(effect: str, when: Test, unless: Test | None) -> None:
    if effect == "forbid":
        loose = sorted(c.name for c in comparisons(when) if UNKNOWN in VALUES.get(c.name, ()))
        if loose:
            raise _RefusedError(f"forbids when {', '.join(loose)} is known: write unless, so that unknown forbids", "when")
        return
    if unless is not None:
        raise _RefusedError("permits unless something is so: write when, so that unknown permits nothing", "unless")
    for name, what in (("principal", "roles"), ("resource", "categories"), ("purpose", "purpose")):
        if could_hold(when, {name: NOBODY}):
            raise _RefusedError(f"permits whatever the {what}: name the {what}")
