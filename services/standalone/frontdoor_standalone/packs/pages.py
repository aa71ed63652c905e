"""Pages about packs, in Markdown: the rules of one, and the differences between two. The same packs give the same page."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from frontdoor_router.core.adopting import Kind
from frontdoor_router.core.pack import Pack
from frontdoor_standalone.packs.rules import NOTHING, Spoken, rules_of

TITLES: Final[Mapping[Kind, str]] = {
    "duty": "Duties",
    "expects": "What an event should contain",
    "pattern": "Patterns",
    "list": "Standing lists",
    "agreement": "What agreements permit and forbid",
    "deadline": "Deadlines",
    "concern": "Concerns of the shared data set",
    "measure": "Measures of the shared data set",
}
PUBLISHED: Final = "Published tables"
COMPARED: Final = (
    "A rule is compared with the one of the same id. A rule that is not mentioned is the same in both.",
    "Agencies, opening hours and school terms are no rules and are not compared: see `agencies.toml` and `calendar.toml` of each pack.",
)
OWN: Final = "its own"
"""Where a rule stands that no chapter gives."""

TELLS_OR_EXPECTS: Final = "tells, or expects"
_SUMMARY: Final[Mapping[Kind, tuple[str, ...]]] = {
    "duty": ("when", "only where", TELLS_OR_EXPECTS, "by when", "in force"),
    "expects": ("when", "should contain", "help", "by when", "in force"),
    "pattern": ("counts", "if", "in force"),
    "list": ("comes", "to", "of", "says", "in force"),
    "agreement": ("effect", "says", "agreement", "in force"),
    "deadline": ("limit", "source", "in force"),
    "concern": ("title", "when", "in force"),
    "measure": ("title", "counts each", "if", "reached", "in force"),
}
"""Of all that a rule says, what one line can hold."""


def show(pack: Pack) -> str:
    """Every rule that holds: which chapter gives it, what it says in short, and the rows of the register that it serves."""
    rules = rules_of(pack)
    lines = [
        f"# {pack.directory.title}: the rules that hold",
        "",
        f"Pack {pack.directory.name}, number {pack.number}. {_summed(rules)}.",
    ]
    for kind, title in TITLES.items():
        lines += ["", f"## {title}", "", *_listing(kind, [rule for rule in rules if rule.kind == kind])]
    lines += ["", f"## {PUBLISHED}", "", _smallest(pack).capitalize() + "."]
    return "\n".join(lines) + "\n"


def _listing(kind: Kind, rules: Sequence[Spoken]) -> Iterator[str]:
    headings = [heading for heading in _SUMMARY[kind] if any(_in_line(rule, heading) for rule in rules)]
    if not rules:
        yield "None."
        return
    yield from _table(
        ["id", "from", *headings, "rows"],
        ([_code(r.id), r.chapter or OWN, *(_in_line(r, h) for h in headings), ", ".join(r.rows)] for r in rules),
    )


def _in_line(rule: Spoken, heading: str) -> str:
    if heading == TELLS_OR_EXPECTS:
        return rule.says.get("tells") or f"expects {rule.says['expects']}"
    return rule.says.get(heading, "")


def _summed(rules: Sequence[Spoken]) -> str:
    chapters = sorted({rule.chapter for rule in rules if rule.chapter})
    adopted = sum(bool(rule.chapter) for rule in rules)
    return f"{adopted} rules from chapters ({', '.join(chapters) or 'none'}), {len(rules) - adopted} of its own"


def compare(one: Pack, other: Pack) -> str:
    """Rule by rule, what one pack has and the other has not, or has otherwise. Rules are the same if their ids are."""
    names = (one.directory.title, other.directory.title)
    mine, others = rules_of(one), rules_of(other)
    lines = [f"# {names[0]} and {names[1]}: what differs", "", *COMPARED]
    for kind, title in TITLES.items():
        lines += ["", f"## {title}", *_compared(names, _by_id(mine, kind), _by_id(others, kind))]
    lines += ["", f"## {PUBLISHED}", "", *_published(names, _smallest(one), _smallest(other))]
    return "\n".join(lines) + "\n"


def _smallest(pack: Pack) -> str:
    data_set = pack.data_set
    return f"the smallest number printed, besides nought, is {data_set.smallest}" if data_set.measures else "there are none"


def _published(names: tuple[str, str], one: str, other: str) -> Iterator[str]:
    if one == other:
        yield "The same in both."
    else:
        yield from _table(["", *names], [["", one, other]])


def _by_id(rules: Iterable[Spoken], kind: Kind) -> dict[str, Spoken]:
    return {rule.id: rule for rule in sorted(rules, key=lambda r: r.id) if rule.kind == kind}


def _compared(names: tuple[str, str], one: Mapping[str, Spoken], other: Mapping[str, Spoken]) -> Iterator[str]:
    only = [(names[0], [r for i, r in one.items() if i not in other]), (names[1], [r for i, r in other.items() if i not in one])]
    both = [(rule, other[id_]) for id_, rule in one.items() if id_ in other]
    otherwise = [(a, b) for a, b in both if a.says != b.says]
    for name, rules in only:
        if rules:
            yield from ("", f"### Only in {name}", "")
            yield from _table(["id", "what it says", "rows"], ([_code(r.id), _in_short(r), ", ".join(r.rows)] for r in rules))
    for a, b in otherwise:
        yield from ("", f"### {_code(a.id)} is otherwise", "", *_rows_served(a, b))
        yield from _table(["", *names], _differing(a, b))
    same = len(both) - len(otherwise)
    yield from ("", f"The same in both: {same} of {len(one.keys() | other.keys())}." if one or other else "Neither has any.")


def _in_short(rule: Spoken) -> str:
    return "; ".join(text for heading in _SUMMARY[rule.kind] if (text := _in_line(rule, heading)))


def _rows_served(one: Spoken, other: Spoken) -> list[str]:
    rows = dict.fromkeys([*one.rows, *other.rows])
    return [f"Rows {', '.join(rows)}.", ""] if rows else []


def _differing(one: Spoken, other: Spoken) -> Iterator[list[str]]:
    for heading in dict.fromkeys([*one.says, *other.says]):
        texts = [rule.says.get(heading, NOTHING) for rule in (one, other)]
        if texts[0] != texts[1]:
            yield [heading, *texts]


def _code(text: str) -> str:
    return f"`{text}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield from (_row(head), _row(["---"] * len(head)))
    yield from (_row(cells) for cells in rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
