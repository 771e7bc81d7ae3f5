"""Reads unary tests in the words of FEEL (DMN 1.3, 7.3.1 grammar rules 7 to 18): comparisons, intervals, lists, not(…).

Nothing is ever executed: a test becomes a `Region`. What lies beyond that (functions, arithmetic, other inputs) is refused
with the place where it stands.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from onecity.kernel.rules.decisions.region import (
    BEFORE_ALL,
    BEHIND_ALL,
    ORDERED,
    Kind,
    Region,
    Value,
    complement,
    cut,
    everything,
    union,
)

LONGEST = 2_000
TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>"(?:[^"\\]|\\.)*") | (?P<date>date\s*\(\s*"[^"]*"\s*\)|@"[^"]*")
    | (?P<number>-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))
    | (?P<sign><=|>=|!=|\.\.|[<>=\[\]\(\),\-]) | (?P<word>[A-Za-z]+) )""",
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(.)")
WORDS = {"true": True, "false": False}


class FeelError(ValueError):
    """A test that is not understood: `position` is where (from 0), `found` what stands there."""

    def __init__(self, reason: str, position: int, found: str = "") -> None:
        super().__init__(f"{reason} at {position + 1}" + (f": {found}" if found else ""))
        self.reason, self.position, self.found = reason, position, found


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a test: its kind, its text and where it begins."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """The pieces of a text; raises FeelError for what is none."""
    if len(text) > LONGEST:
        raise FeelError("longer than a test may be", LONGEST)
    found, at = [], 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            rest = text[at:].lstrip()
            raise FeelError("not understood", len(text) - len(rest), rest[:20])
        found.append(Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
        at = match.end()
    return found


def parse(text: str, kind: Kind) -> Region:
    """What a unary test accepts of values of this kind; raises FeelError."""
    reader = _Reader(tokens(text), kind, len(text))
    region = reader.tests()
    reader.end()
    return region


def literal(text: str, kind: Kind) -> Value | None:
    """The one value that an output entry writes; None for null or nothing. Raises FeelError."""
    found = tokens(text)
    if not found or (len(found) == 1 and found[0].text == "null"):
        return None
    reader = _Reader(found, kind, len(text))
    value = reader.value()
    reader.end()
    return value


class _Reader:
    """Reads tokens from left to right; the grammar has no nesting, so that its depth is bounded."""

    def __init__(self, found: Sequence[Token], kind: Kind, length: int) -> None:
        self.found, self.kind, self.length, self.at = found, kind, length, 0

    def peek(self) -> Token:
        return self.found[self.at] if self.at < len(self.found) else Token("end", "", self.length)

    def take(self, *texts: str) -> Token:
        token = self.peek()
        if texts and token.text not in texts:
            raise FeelError(f"{' or '.join(texts)} is expected", token.at, token.text)
        self.at += 1
        return token

    def end(self) -> None:
        token = self.peek()
        if token.kind != "end":
            raise FeelError("nothing more is expected", token.at, token.text)

    def tests(self) -> Region:
        token = self.peek()
        if token.kind == "end":
            return everything(self.kind)
        if token.text == "-" and len(self.found) == self.at + 1:
            self.take()
            return everything(self.kind)
        if token.text == "not":
            self.take()
            self.take("(")
            inner, names = self.listed()
            self.take(")")
            return complement(inner, null=names and not inner.null)
        return self.listed()[0]

    def listed(self) -> tuple[Region, bool]:
        """Tests with commas between, and whether all of them name a value."""
        parts, names = [], True
        while True:
            names &= self.peek().text not in {"<", "<=", ">", ">=", "[", "(", "]"}
            parts.append(self.test())
            if self.peek().text != ",":
                return union(self.kind, parts), names
            self.take(",")

    def test(self) -> Region:
        token = self.peek()
        if token.text == "null":
            self.take()
            return Region(self.kind, null=True)
        if token.text in {"[", "(", "]"}:
            return self.interval()
        if token.text in {"<", "<=", ">", ">="}:
            return self.compared(self.take().text)
        if token.text in {"=", "!="}:
            self.take()
            one = self.only(self.value())
            return one if token.text == "=" else complement(one, null=True)
        return self.only(self.value())

    def compared(self, sign: str) -> Region:
        bound = self.ordered()
        side = 1 if sign in {"<=", ">"} else -1
        spans = ((BEFORE_ALL, cut(bound, side)),) if sign.startswith("<") else ((cut(bound, side), BEHIND_ALL),)
        return Region(self.kind, spans)

    def interval(self) -> Region:
        opening = self.take("[", "(", "]")
        low = self.ordered()
        self.take("..")
        high = self.ordered()
        closing = self.take("]", ")", "[")
        span = cut(low, -1 if opening.text == "[" else 1), cut(high, 1 if closing.text == "]" else -1)
        if span[0] >= span[1]:
            raise FeelError("this interval holds nothing", opening.at)
        return Region(self.kind, (span,))

    def only(self, value: Value) -> Region:
        if self.kind in ORDERED:
            return Region(self.kind, ((cut(value, -1), cut(value, 1)),))
        return Region(self.kind, words=frozenset([value]))

    def ordered(self) -> Value:
        token = self.peek()
        if self.kind not in ORDERED:
            raise FeelError("these values have no order", token.at, token.text)
        return self.value()

    def value(self) -> Value:
        token = self.take()
        value = _value(token)
        if _kind_of(value) != self.kind:
            raise FeelError(f"a {self.kind} is expected", token.at, token.text)
        return value


def _value(token: Token) -> Value:
    if token.kind == "string":
        return ESCAPE.sub(r"\1", token.text[1:-1])
    if token.kind == "word" and token.text in WORDS:
        return WORDS[token.text]
    try:
        if token.kind == "number":
            return Decimal(token.text)
        if token.kind == "date":
            return dt.date.fromisoformat(token.text.split('"')[1])
    except (ValueError, InvalidOperation) as error:
        raise FeelError("there is no such value", token.at, token.text) from error
    raise FeelError("a value is expected", token.at, token.text)


def _kind_of(value: Value) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Decimal):
        return "number"
    return "date" if isinstance(value, dt.date) else "string"


def written(value: Value | None) -> str:
    """A value as FEEL writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return f'date("{value.isoformat()}")'
    if isinstance(value, Decimal):
        return format(value, "f")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
