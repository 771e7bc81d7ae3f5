"""Conditions of 4.9 in PostgreSQL's jsonpath, deciding over one instance (`@`) exactly as `q_matching` does in memory.

Names and texts of the user stand only in JSON strings inside the path, and values in its variables; the path itself is a
parameter of the statement. Lax mode unwraps arrays once, which is what == means for arrays; where an array must not match,
the type is asked for first.
"""

import json
from collections.abc import Callable
from dataclasses import replace

from onecity.kernel.twin.ngsild.query.language import TEMPORAL_MEMBERS, Path, Range, Term, Value, of_moments
from onecity.kernel.twin.ngsild.query.literals import SQL_DATE, SQL_DATETIME, SQL_TIME
from onecity.kernel.twin.ngsild.query.patterns import Pattern

CASTS = {"datetime": "timestamp_tz", "date": "date", "time": "time_tz"}
SHAPES = {"datetime": SQL_DATETIME, "date": SQL_DATE, "time": SQL_TIME}
SINGLE = ('@."value"', '@."json"')
EQUAL = (*SINGLE, '@."valueList"')
OBJECTS = ('@."object"', '@."objectList"', '@."objectList"."object"')
TEXTS = '@."languageMap".*'
NEVER = "1 == 2"
Variables = dict[str, float | str | bool]
ItemTest = Callable[[str], str]


def key(name: str) -> str:
    """Return a member accessor."""
    return f".{json.dumps(name, ensure_ascii=False)}"


class Condition:
    """The path and variables of one term; `temporal` when it needs the functions that know time zones."""

    def __init__(self, term: Term) -> None:
        self.variables: Variables = {}
        self.temporal = False
        self.path = "$" + "".join(f"{key(name)}[*]" for name in term.path.names)
        condition = self._condition(term)
        if condition:
            self.path += f" ? ({condition})"

    def _condition(self, term: Term) -> str:
        path = term.path
        if term.comparison == "exists":
            return self._existence(path)
        if path.member:
            return self._member(term, f"@{key(path.member)}") if not path.trailing else NEVER
        positive = self._positive(term)
        if term.comparison == "!~=":
            return f"({self._single(path, _is_text)}) && {_negated(positive)}"
        if term.comparison != "!=":
            return positive
        return f"({self._existence(path)}) && {_negated(positive)}" if path.trailing else _negated(positive)

    def _positive(self, term: Term) -> str:
        if isinstance(term.operand, Pattern | Range) or term.comparison not in {"==", "!="}:
            return self._ordered(term)
        return " || ".join(self._equal(term.path, value) for value in term.operand)

    # what there is

    def _existence(self, path: Path) -> str:
        if path.member:
            return f"exists(@{key(path.member)})" if not path.trailing else NEVER
        if path.trailing:
            found = [f"exists({texts})" for texts in self._language(path)]
            found += [f"({guard} && exists({item}))" for guard, item in self._items(path)]
            return " || ".join(found)
        return '@.type() == "object"' if len(path.names) > 1 else ""

    def _language(self, path: Path) -> list[str]:
        if path.trailing in {(), ("*",)}:
            return [TEXTS]
        return [f'@."languageMap"{key(path.trailing[0])}'] if len(path.trailing) == 1 else []

    def _items(self, path: Path) -> list[tuple[str, str]]:
        """Return where a path in square brackets leads, each with the condition that only objects are entered."""
        found = []
        for member in SINGLE:
            item, guards = member, []
            for name in path.trailing:
                guards.append(f'{item}.type() == "object"')
                item += key(name)
            found.append((" && ".join(guards), item))
        return found

    # ==

    def _equal(self, path: Path, value: Value) -> str:
        if path.trailing:
            found = [f"({guard} && {self._equals(item, value)})" for guard, item in self._items(path)]
            return " || ".join(found + [self._equals(texts, value) for texts in self._language(path)])
        targets = list(EQUAL)
        if value.kind not in {"number", "boolean"}:
            targets.append(TEXTS)
        if value.kind in {"string", "word"}:
            targets += OBJECTS
        found = [self._equals(target, value) for target in targets]
        if value.vocab:
            found.append(f'@."vocab" == {self._variable(value.vocab)}')
        return " || ".join(found)

    def _equals(self, item: str, value: Value) -> str:
        if value.kind not in CASTS:
            return f"{item} == {self._variable(value.value)}"
        test = self._moment(value, "==")
        return f'exists({item} ? ({test})) || exists({item}."@value" ? ({test}))'

    # >, >=, <, <=, ranges and patterns: never on arrays

    def _ordered(self, term: Term) -> str:
        return self._single(term.path, self._item_test(term))

    def _single(self, path: Path, test: ItemTest) -> str:
        """Return that the one value, or a text of the language map, passes `test`."""
        items = self._items(path) if path.trailing else [("", member) for member in SINGLE]
        found = []
        for guard, item in items:
            typed = test(f'{item}."@value"') if self.temporal else ""
            passed = f'({item}.type() == "object" && ({typed}))' if typed else ""
            plain = f'({item}.type() != "array" && {item}.type() != "object" && ({test(item)}))'
            both = f"({plain} || {passed})" if passed else plain
            found.append(f"({guard} && {both})" if guard else both)
        return " || ".join(found + [f"exists({texts} ? ({test('@')}))" for texts in self._language(path)])

    def _item_test(self, term: Term) -> ItemTest:
        operand = term.operand
        if isinstance(operand, Pattern):
            wanted = json.dumps(operand.sql, ensure_ascii=False)
            return lambda item: f'{item} like_regex {wanted} flag "s"'
        pairs = (
            [(">=", operand.low), ("<=", operand.high)]
            if isinstance(operand, Range)
            else [(term.comparison, operand[0])]
        )
        self.temporal = self.temporal or pairs[0][1].kind in CASTS
        if self.temporal:
            checked = term.path.member not in TEMPORAL_MEMBERS  # those are kept in the right form
            tests = " && ".join(self._moment(value, comparison, checked=checked) for comparison, value in pairs)
            return lambda item: f"exists({item} ? ({tests}))"
        names = [(comparison, self._variable(value.value)) for comparison, value in pairs]
        return lambda item: " && ".join(f"{item} {comparison} {name}" for comparison, name in names)

    def _moment(self, value: Value, comparison: str, *, checked: bool = True) -> str:
        """Return a test of `@`, a text, against a moment; `checked`: its form is looked at first."""
        self.temporal = True
        cast = CASTS[value.kind]
        shape = f"@ like_regex {json.dumps(SHAPES[value.kind])} && " if checked else ""
        return f"{shape}@.{cast}() {comparison} {self._variable(value.value)}.{cast}()"

    def _member(self, term: Term, item: str) -> str:
        """Return the condition on a member of the standard, which is one text."""
        negative = term.comparison in {"!=", "!~="}
        operand = term.operand
        if term.path.member in TEMPORAL_MEMBERS:
            moments = of_moments(term)
            if moments is None:
                return f"exists({item})" if term.comparison == "!=" else NEVER
            operand = moments
        if isinstance(operand, Pattern | Range):
            positive = self._item_test(replace(term, operand=operand))(item)
        else:
            comparison = "==" if term.comparison == "!=" else term.comparison
            positive = " || ".join(self._member_compare(item, value, comparison) for value in operand)
        if not negative:
            return f'{item}.type() == "string" && ({positive})'
        return f"exists({item}) && {_negated(positive)}"

    def _member_compare(self, item: str, value: Value, comparison: str) -> str:
        if value.kind in CASTS:
            return f"exists({item} ? ({self._moment(value, comparison, checked=False)}))"  # kept in the right form
        return f"{item} {comparison} {self._variable(value.value)}"

    def _variable(self, value: float | str | bool) -> str:
        name = next(
            (known for known, held in self.variables.items() if held == value and type(held) is type(value)), ""
        )
        if not name:
            name = f"v{len(self.variables)}"
            self.variables[name] = value
        return f"${name}"


def _is_text(item: str) -> str:
    return f'{item}.type() == "string"'


def _negated(condition: str) -> str:
    """Return the opposite, also where the data types cannot be compared (then they are unequal)."""
    return f"(!({condition}) || ({condition}) is unknown)"
