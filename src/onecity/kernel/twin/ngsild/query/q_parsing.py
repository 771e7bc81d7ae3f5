"""Reads the query language of 4.9 (parameter `q`, and `csf`) by recursive descent."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.query.language import (
    ENTITY_MEMBERS,
    MEMBERS,
    TEMPORAL_MEMBERS,
    Absent,
    Comparison,
    Either,
    Every,
    Link,
    Names,
    Path,
    Q,
    Range,
    Term,
    Value,
)
from onecity.kernel.twin.ngsild.query.limits import LINKS, PATH, PATTERN_TEXT, TERMS, VALUES
from onecity.kernel.twin.ngsild.query.literals import plain_value, temporal_value, word_value
from onecity.kernel.twin.ngsild.query.patterns import Pattern, pattern
from onecity.kernel.twin.ngsild.query.scanner import Scanner

COMPARISONS: tuple[tuple[str, Comparison], ...] = (
    ("!~=", "!~="),
    ("~=", "~="),
    ("==", "=="),
    ("!=", "!="),
    (">=", ">="),
    ("<=", "<="),
    (">", ">"),
    ("<", "<"),
)
ORDERED_KINDS = frozenset({"number", "string", "datetime", "date", "time"})
ENDS = ";|),"


@dataclass(frozen=True, slots=True)
class Reading:
    """How names and values are read: the @context, and the attributes that `expandValues` names (as they were written)."""

    names: Names
    expand_values: frozenset[str] = frozenset()


class QParser:
    """Recursive descent over one `q`; parentheses, terms and path lengths are bounded."""

    def __init__(self, text: str, reading: Reading, parameter: str = "q") -> None:
        self.scanner = Scanner(text, parameter)
        self.reading = reading
        self.terms = 0

    def parse(self) -> Q:
        """Return the whole query."""
        if self.scanner.ended():
            self.scanner.fail(_("The query is empty."))
        query = self.either()
        self.scanner.finish()
        return query

    def either(self) -> Q:
        """Read parts joined by `|`, the weaker operator."""
        parts = [self.every()]
        while self.scanner.accept("|"):
            parts.append(self.every())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def every(self) -> Q:
        """Read parts joined by `;`."""
        parts = [self.part()]
        while self.scanner.accept(";"):
            parts.append(self.part())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def part(self) -> Q:
        """Read one condition or an association in parentheses."""
        if self.scanner.accept("("):
            self.scanner.open()
            inner = self.either()
            self.scanner.expect(")")
            self.scanner.close()
            return inner
        self.terms += 1
        if self.terms > TERMS:
            self.scanner.fail(_("A query may have {limit} conditions at most.", limit=TERMS))
        if self.scanner.accept("!"):
            return Absent(self.path()[0])
        return self.term()

    def term(self) -> Term:
        """Read one condition."""
        path, written = self.path()
        token = self.scanner.accept(*(text for text, _comparison in COMPARISONS))
        if not token:
            return Term(path)
        comparison = dict(COMPARISONS)[token]
        if comparison in {"~=", "!~="}:
            return Term(path, comparison, self.regular())
        expanded = written in self.reading.expand_values
        start = self.scanner.at
        operand = self.values(expanded, path)
        self.check(comparison, operand, start)
        return Term(path, comparison, operand)

    def check(self, comparison: Comparison, operand: tuple[Value, ...] | Range, start: int) -> None:
        """Refuse lists, ranges and values without an order where an order is asked for."""
        if comparison in {"==", "!="}:
            return
        if isinstance(operand, Range) or len(operand) != 1:
            self.scanner.fail(_("A list or a range can only stand after == or !=."), start)
        if operand[0].kind not in ORDERED_KINDS:
            self.scanner.fail(
                _("After {comparison} stands a number, a text in quotes, a date or a time.", comparison=comparison),
                start,
            )

    # attribute paths

    def path(self) -> tuple[Path, str]:
        """Read an attribute path; also return its first name as it was written."""
        written = self.scanner.name()
        links: list[Link] = []
        first = written
        while self.scanner.accept("{"):
            self.scanner.open()
            types, following = self.hint()
            links.append(Link(self.expand(first), types))
            first = following
            if len(links) > LINKS:
                self.scanner.fail(_("At most {limit} relationships are followed.", limit=LINKS))
        path = replace(self.value_path(first), links=tuple(links))
        for _link in links:
            self.scanner.expect("}")
            self.scanner.close()
        return path, written

    def hint(self) -> tuple[tuple[str, ...], str]:
        """Read the types in front of a linked attribute, if any, and the attribute's name."""
        names = [self.scanner.name(prefixed=False)]
        while self.scanner.accept(","):
            names.append(self.scanner.name(prefixed=False))
        if self.scanner.accept(":"):
            return tuple(self.expand(name) for name in names), self.scanner.name(prefixed=False)
        if len(names) > 1:
            self.scanner.fail(_("“:” and an attribute are expected after the types."))
        return (), names[0]

    def value_path(self, first: str) -> Path:
        """Read the rest of a dotted path, whose first name is read, and the trailing path in square brackets."""
        names = [first]
        while (
            self.scanner.text[self.scanner.at : self.scanner.at + 1] == "."
            and self.scanner.text[self.scanner.at + 1 :][:1] != "."
        ):
            self.scanner.expect(".")
            names.append(self.scanner.name())
            if len(names) > PATH:
                self.scanner.fail(_("A path may have {limit} names at most.", limit=PATH))
        member = ""
        if names[-1] in (MEMBERS if len(names) > 1 else ENTITY_MEMBERS):
            member = names.pop()
        trailing = self.trailing() if self.scanner.accept("[") else ()
        return Path(tuple(self.expand(name) for name in names), member, trailing)

    def trailing(self) -> tuple[str, ...]:
        """Read the path inside square brackets: members of a value, a language or `*`."""
        start = self.scanner.at
        end = self.scanner.text.find("]", start)
        if end < 0:
            self.scanner.fail(_("A “[” is not closed."))
        inner = self.scanner.text[start:end].strip()
        members = tuple(part.strip() for part in inner.split("."))
        if not all(members) or len(members) > PATH or any(char in inner for char in '[{}()"'):
            self.scanner.fail(_("Inside square brackets stands a path such as [city] or [address.city], or [*]."))
        if "*" in members and members != ("*",):
            self.scanner.fail(_("“*” stands alone inside square brackets."))
        self.scanner.at = end + 1
        return members

    def expand(self, name: str) -> str:
        """Return the stored name of an attribute or type."""
        return self.reading.names.expand(name)

    # values

    def values(self, expanded: bool, path: Path) -> tuple[Value, ...] | Range:
        """Read one value, a list or a range."""
        self.scanner.skip()
        start = self.scanner.at
        first = self.value(expanded, path)
        if isinstance(first, Range):
            return first
        if self.scanner.accept(".."):
            return self.range(first, self.value(expanded, path), start)
        found = [first]
        while self.scanner.accept(","):
            following = self.value(expanded, path)
            if isinstance(following, Range):
                self.scanner.fail(_("A range cannot stand in a list."))
            found.append(following)
            if len(found) > VALUES:
                self.scanner.fail(_("A list may have {limit} values at most.", limit=VALUES))
        return tuple(found)

    def value(self, expanded: bool, path: Path) -> Value | Range:
        """Read one value; unquoted text may turn out to be a range."""
        if self.scanner.peek() == '"':
            text = self.quoted()
            moment = temporal_value(text) if path.member in TEMPORAL_MEMBERS else None
            return moment or word_value(text, "string", self.reading.names, expanded=expanded)
        start = self.scanner.at
        end = start
        while end < len(self.scanner.text) and self.scanner.text[end] not in ENDS:
            end += 1
        text = self.scanner.text[start:end].strip()
        self.scanner.at = end
        if not text or any(char in '"<>{}[] ' or (char in "=~" and ":" not in text) for char in text):
            self.scanner.at = start
            self.scanner.fail(
                _("A value is expected here: a number, a text in double quotes, a date, a time, true, false or a URI.")
            )
        low, dots, high = text.partition("..")
        if dots:
            lower, upper = plain_value(low.strip()), plain_value(high.strip())
            if lower is not None and upper is not None:
                return self.range(lower, upper, start)
        return plain_value(text) or word_value(text, "word", self.reading.names, expanded=expanded)

    def range(self, low: Value, high: Value | Range, start: int) -> Range:
        """Return the range between two values of one data type."""
        if isinstance(high, Range) or low.kind != high.kind or low.kind not in ORDERED_KINDS:
            self.scanner.fail(_("A range has two numbers, two texts, two dates or two times."), start)
        return Range(low, high)

    def quoted(self) -> str:
        """Read a string of JSON."""
        start = self.scanner.at
        end = start + 1
        text = self.scanner.text
        while end < len(text) and text[end] != '"':
            end += 2 if text[end] == "\\" else 1
        if end >= len(text):
            self.scanner.fail(_("The double quotes are not closed."), start)
        try:
            found = json.loads(text[start : end + 1], strict=False)
        except ValueError:
            self.scanner.fail(_("This is no string of JSON."), start)
        self.scanner.at = end + 1
        if not isinstance(found, str) or any("\ud800" <= char <= "\udfff" or char == "\x00" for char in found):
            self.scanner.fail(_("A text may not hold NUL or half a character."), start)
        return found

    def regular(self) -> Pattern:
        """Read a regular expression, in double quotes or up to the end of the condition."""
        start = self.scanner.at
        text = self._quoted_pattern() if self.scanner.peek() == '"' else self._bare_pattern()
        if not text:
            self.scanner.fail(_("A regular expression is expected here."), start)
        if len(text) > PATTERN_TEXT:
            self.scanner.fail(_("A regular expression may have {limit} characters at most.", limit=PATTERN_TEXT), start)
        return pattern(text, self.scanner.parameter)

    def _quoted_pattern(self) -> str:
        text = self.scanner.text
        start = end = self.scanner.at + 1
        while end < len(text) and text[end] != '"':
            end += 2 if text[end] == "\\" else 1
        if end >= len(text):
            self.scanner.fail(_("The double quotes are not closed."), start - 1)
        self.scanner.at = end + 1
        return text[start:end].replace('\\"', '"')

    def _bare_pattern(self) -> str:
        text = self.scanner.text
        start = end = self.scanner.at
        depth = 0
        while end < len(text):
            char = text[end]
            if char == "\\":
                end += 2
                continue
            if depth == 0 and char in ";|)":
                break
            depth += (char in "([") - (char in ")]")
            end += 1
        self.scanner.at = min(end, len(text))
        return text[start:end].strip()


def parse_q(
    text: str,
    context: Names,
    *,
    expand_values: Collection[str] = (),
    json_keys: Collection[str] = (),
    parameter: str = "q",
) -> Q:
    """Return the query; raise BadRequestData with the place when it does not follow the grammar.

    `expand_values` and `json_keys` are the attribute names of those parameters; a name in both is not expanded.
    """
    return QParser(text, Reading(context, frozenset(expand_values) - frozenset(json_keys)), parameter).parse()
