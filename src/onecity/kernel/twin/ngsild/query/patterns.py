"""Regular expressions that end: decided in time linear in the text, with the same answer in Python and in PostgreSQL.

A pattern with at most one open repetition runs on `re`; every other on an automaton built on demand, so that no pattern
(such as `(a+)+b`) makes the platform work without end. A text matches when some part of it does, unless `^` and `$` say otherwise.
"""

import re
from functools import cached_property, lru_cache

from onecity.kernel.twin.ngsild.query.automaton import Automaton
from onecity.kernel.twin.ngsild.query.pattern_parsing import (
    ANY,
    Anchor,
    Chars,
    Choice,
    Node,
    PatternParser,
    Repeat,
    Sequence,
)

LONG = 4_096  # characters; on longer texts even one open repetition is left to the automaton
SPECIAL = frozenset("\\^$.|?*+()[]{}-/&~#!\"'%`@:;<>=, ")


class Pattern:
    """A regular expression of the supported subset; `source` is what was written."""

    def __init__(self, source: str, parameter: str = "q") -> None:
        self.source = source
        self.tree = _bare(PatternParser(source, parameter).parse())
        self.automaton = Automaton(self.tree, parameter)

    def __repr__(self) -> str:
        return f"Pattern({self.source!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    @cached_property
    def sql(self) -> str:
        """Return the same pattern as PostgreSQL reads it (advanced regular expression, no flags)."""
        return _write(self.tree, "$")

    @cached_property
    def _quick(self) -> re.Pattern[str] | None:
        return re.compile(_write(self.tree, r"\Z"), re.DOTALL) if _open_repeats(self.tree) <= 1 else None

    def search(self, text: str) -> bool:
        """Tell whether a part of `text` is in the language of the pattern."""
        quick = self._quick
        if quick is not None and len(text) <= LONG:
            return quick.search(text) is not None
        return self.automaton.search(text)


@lru_cache(maxsize=4096)
def pattern(source: str, parameter: str = "q") -> Pattern:
    """Return the pattern for a text, made once."""
    return Pattern(source, parameter)


def _is_any_repeat(node: Node) -> bool:
    return isinstance(node, Repeat) and node.least == 0 and node.most is None and node.node == Chars(ANY)


def _bare(tree: Node) -> Node:
    """Drop `.*` in front and at the end: a search finds the same without."""
    if not isinstance(tree, Sequence):
        return tree
    parts = list(tree.parts)
    while parts and _is_any_repeat(parts[0]):
        parts.pop(0)
    while parts and _is_any_repeat(parts[-1]):
        parts.pop()
    return Sequence(tuple(parts))


def _open_repeats(node: Node, inside: bool = False) -> int:
    """Count what `re` may have to try again; more than one when trying again can multiply."""
    if isinstance(node, Chars | Anchor):
        return 0
    if isinstance(node, Sequence):
        return sum(_open_repeats(part, inside) for part in node.parts)
    if isinstance(node, Choice):
        return 2 if inside else max(_open_repeats(branch, inside) for branch in node.branches)
    if node.least == node.most:
        return _open_repeats(node.node, inside=True)
    if inside or not isinstance(node.node, Chars):
        return 2
    return 1


def _write(node: Node, end: str) -> str:
    """Write the tree so that `re` (with DOTALL) and PostgreSQL read it alike; only the end of the text differs."""
    if isinstance(node, Chars):
        return _chars(node)
    if isinstance(node, Anchor):
        return end if node.end else "^"
    if isinstance(node, Sequence):
        return "".join(
            _write(part, end) if not isinstance(part, Choice) else f"(?:{_write(part, end)})" for part in node.parts
        )
    if isinstance(node, Choice):
        return "|".join(_write(branch, end) for branch in node.branches)
    inner = _write(node.node, end)
    body = inner if isinstance(node.node, Chars) else f"(?:{inner})"
    most = "" if node.most is None else str(node.most)
    return f"{body}{{{node.least}}}" if node.least == node.most else f"{body}{{{node.least},{most}}}"


def _chars(node: Chars) -> str:
    if node.ranges == ANY and not node.negated:
        return "."
    if len(node.ranges) == 1 and not node.negated and node.ranges[0][0] == node.ranges[0][1]:
        return _literal(node.ranges[0][0])
    inner = "".join(_literal(low) if low == high else f"{_literal(low)}-{_literal(high)}" for low, high in node.ranges)
    return f"[{'^' if node.negated else ''}{inner}]"


def _literal(char: str) -> str:
    return f"\\{char}" if char in SPECIAL else char
