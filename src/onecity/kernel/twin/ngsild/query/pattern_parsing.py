"""Reads a regular expression of the subset that every engine understands alike, as a tree.

IEEE 1003.2 extended expressions and the spellings people are used to: alternatives, groups, classes, `\\d \\w \\s` (ASCII),
anchors, quantifiers up to 255, `(?i)` in front. Back-references, look-around and word boundaries are refused: they cannot be
decided in bounded time, or mean different things to different engines.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.query.limits import DEPTH, PATTERN_TEXT
from onecity.kernel.twin.ngsild.query.problems import BadQuery

Ranges = tuple[tuple[str, str], ...]
MAX_COUNT = 255  # PostgreSQL's limit for {m,n}
CLASSES: dict[str, Ranges] = {
    "d": (("0", "9"),),
    "w": (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")),
    "s": ((" ", " "), ("\t", "\r")),
}
POSIX: dict[str, Ranges] = {
    "alpha": (("A", "Z"), ("a", "z")),
    "digit": (("0", "9"),),
    "alnum": (("0", "9"), ("A", "Z"), ("a", "z")),
    "upper": (("A", "Z"),),
    "lower": (("a", "z"),),
    "space": ((" ", " "), ("\t", "\r")),
    "blank": ((" ", " "), ("\t", "\t")),
    "xdigit": (("0", "9"), ("A", "F"), ("a", "f")),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")),
}
CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
ANY: Ranges = (("\x00", "\U0010ffff"),)


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of the ranges, or one of none of them."""

    ranges: Ranges
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Anchor:
    """The beginning or the end of the text."""

    end: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """`node` from `least` to `most` times; None is without end."""

    node: "Node"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after another."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    branches: tuple["Node", ...]


Node = Chars | Anchor | Repeat | Sequence | Choice


class PatternParser:
    """Recursive descent over the text of one pattern."""

    def __init__(self, text: str, parameter: str) -> None:
        self.ignore_case = text.startswith("(?i)")
        self.text = text
        self.parameter = parameter
        self.at = 4 if self.ignore_case else 0
        self.depth = 0
        if len(text) > PATTERN_TEXT:
            self.fail(_("A regular expression may have {limit} characters at most.", limit=PATTERN_TEXT))
        if "\x00" in text:
            self.fail(_("A regular expression may not hold the character NUL."))

    def fail(self, reason: Text) -> NoReturn:
        """Raise BadRequestData with the place."""
        raise BadQuery(self.parameter, reason, self.at, self.text)

    def parse(self) -> Node:
        """Return the tree of the whole text."""
        node = self.choice()
        if self.at < len(self.text):
            self.fail(_("A “)” has no “(”."))
        return node

    def choice(self) -> Node:
        """Read alternatives."""
        branches = [self.sequence()]
        while self.take("|"):
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def sequence(self) -> Node:
        """Read pieces until a branch ends."""
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self.piece())
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def piece(self) -> Node:
        """Read an atom and how often it stands."""
        bare_anchor = self.text[self.at] in "^$"
        node = self.atom()
        counted = self.count()
        if counted is None:
            return node
        if bare_anchor:
            self.fail(_("An anchor cannot be repeated."))
        self.take("?")  # the shortest match or the longest: whether there is one stays the same
        if self.text[self.at : self.at + 1] in {"*", "+", "?", "{"} - {""}:
            self.fail(_("A quantifier follows another; put what is repeated in parentheses."))
        return Repeat(node, *counted)

    def take(self, token: str) -> bool:
        """Pass over `token` if it stands here."""
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def count(self) -> tuple[int, int | None] | None:
        """Read a quantifier."""
        for token, counted in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self.take(token):
                return counted
        if not self.take("{"):
            return None
        closing = self.text.find("}", self.at)
        least, comma, most = self.text[self.at : max(closing, self.at)].partition(",")
        if not (least.isdecimal() and least.isascii() and (not most or (most.isdecimal() and most.isascii()))):
            self.fail(_("A repetition is written {{2}}, {{2,}} or {{2,5}}."))
        low, high = int(least), int(most) if most else (None if comma else int(least))
        if max(low, high or 0) > MAX_COUNT or (high is not None and high < low):
            self.fail(_("A repetition counts from the smaller to the larger number, {limit} at most.", limit=MAX_COUNT))
        self.at = closing + 1
        return low, high

    def atom(self) -> Node:
        """Read a group, a class, an anchor or a character."""
        char = self.text[self.at]
        self.at += 1
        if char == "(":
            return self.group()
        if char == "[":
            return self.bracket()
        if char in "^$":
            return Anchor(end=char == "$")
        if char == ".":
            return Chars(ANY)
        if char == "\\":
            ranges, negated = self.escape()
            return Chars(self.cased(ranges), negated)
        if char in "*+?{":
            self.at -= 1
            self.fail(_("There is nothing to repeat here."))
        return Chars(self.cased(((char, char),)))

    def group(self) -> Node:
        """Read what stands in parentheses."""
        self.depth += 1
        if self.depth > DEPTH:
            self.fail(_("Brackets may be {limit} deep at most.", limit=DEPTH))
        if self.take("?") and not self.take(":"):
            self.fail(_("Look-around, named groups and flags inside are not supported."))
        node = self.choice()
        if not self.take(")"):
            self.fail(_("A “(” is not closed."))
        self.depth -= 1
        return node

    def escape(self) -> tuple[Ranges, bool]:
        """Read what follows a backslash."""
        char = self.text[self.at : self.at + 1]
        if char in CLASSES:
            ranges, negated = CLASSES[char], False
        elif char.lower() in CLASSES:
            ranges, negated = CLASSES[char.lower()], True
        elif char in CONTROL:
            ranges, negated = ((CONTROL[char], CONTROL[char]),), False
        elif char and not char.isalnum():
            ranges, negated = ((char, char),), False
        else:
            self.fail(_("“\\{char}” is not supported; use classes, groups and quantifiers.", char=char))
        self.at += 1
        return ranges, negated

    def bracket(self) -> Node:
        """Read a class in square brackets."""
        negated = self.take("^")
        ranges: list[tuple[str, str]] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            if self.at >= len(self.text):
                self.fail(_("A “[” is not closed."))
            ranges += self.bracket_item()
            first = False
        self.at += 1
        return Chars(self.cased(tuple(ranges)), negated)

    def bracket_item(self) -> Ranges:
        """Read one character, range or named class inside square brackets."""
        if self.take("[:"):
            closing = self.text.find(":]", self.at)
            name = self.text[self.at : max(closing, self.at)]
            if name not in POSIX:
                self.fail(_("There is no class of characters named “{name}”.", name=name))
            self.at = closing + 2
            return POSIX[name]
        low = self.bracket_char()
        following = self.text[self.at + 1 : self.at + 2]
        if len(low) > 1 or low[0][0] != low[0][1] or self.text[self.at : self.at + 1] != "-" or following in {"]", ""}:
            return low
        self.at += 1
        high = self.bracket_char()
        if len(high) > 1 or high[0][0] != high[0][1] or high[0][0] < low[0][0]:
            self.fail(_("A range of characters goes from the smaller to the larger one."))
        return ((low[0][0], high[0][0]),)

    def bracket_char(self) -> Ranges:
        """Read one character inside square brackets, or what an escape stands for."""
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if char != "\\":
            if not char:
                self.fail(_("A “[” is not closed."))
            return ((char, char),)
        ranges, negated = self.escape()
        if negated:
            self.fail(_("\\D, \\W and \\S cannot stand inside square brackets."))
        return ranges

    def cased(self, ranges: Ranges) -> Ranges:
        """Add the other case of each letter when `(?i)` asks for it."""
        if not self.ignore_case:
            return ranges
        added: list[tuple[str, str]] = []
        for low, high in ranges:
            if low == high:
                added += [(other, other) for other in {low.lower(), low.upper()} - {low} if len(other) == 1]
            else:
                added += _other_case(low, high, "a", "z", str.upper) + _other_case(low, high, "A", "Z", str.lower)
        return ranges + tuple(sorted(added))


def _other_case(low: str, high: str, first: str, last: str, change: Callable[[str], str]) -> list[tuple[str, str]]:
    start, end = max(low, first), min(high, last)
    return [(change(start), change(end))] if start <= end else []
