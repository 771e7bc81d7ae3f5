"""Facts about an applicant by name: `register.field` where the city knows it, the property of the form where he said it.

Conditions, situations and decision tables look at these names. A fact that nobody knows is missing, never guessed.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Literal

from onecity.domains.services.items.logic.item import Condition, Item, Situation, Sort, Test
from onecity.kernel.rules.decisions import unary
from onecity.kernel.rules.decisions.region import Region, Value

Verdict = Literal["yes", "no", "unknown"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A condition and what is known about it; `test` None: only the applicant or a person can tell."""

    condition: Condition
    verdict: Verdict


@lru_cache(maxsize=4096)
def _region(accepts: str, sort: Sort) -> Region:
    return unary.parse(accepts, sort)


def typed(value: object, sort: Sort) -> Value | None:
    """A value as decision tables take it; None for what is missing or of another kind."""
    if value is None or value == "":
        return None
    if sort == "boolean":
        return value if isinstance(value, bool) else None
    if sort == "string":
        return str(value)
    if sort == "date":
        return _day(value)
    return _number(value)


def _day(value: object) -> dt.date | None:
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        return None


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def holds(test: Test, facts: Mapping[str, object]) -> Verdict:
    """Whether a test holds for these facts; unknown where its value is missing and the test says nothing of that."""
    value = typed(facts.get(test.value), test.sort)
    region = _region(test.accepts, test.sort)
    if value is None and not region.null:
        return "unknown"
    return "yes" if value in region else "no"


def check(conditions: Iterable[Condition], facts: Mapping[str, object]) -> list[Checked]:
    """Each condition with its verdict, in order."""
    return [Checked(one, holds(one.test, facts) if one.test else "unknown") for one in conditions]


def may_apply(checked: Iterable[Checked]) -> Verdict:
    """The answer to "can I apply?": no as soon as one condition fails, yes where all that can be tested hold."""
    verdicts = [one.verdict for one in checked if one.condition.test is not None]
    if "no" in verdicts:
        return "no"
    return "unknown" if "unknown" in verdicts else "yes"


def fitting(situations: Iterable[Situation], facts: Mapping[str, object]) -> list[Situation]:
    """The situations that these facts do not rule out, those that hold for certain first."""
    ranked = [(one, all_hold(one.when, facts)) for one in situations]
    sure = [one for one, verdict in ranked if verdict == "yes" and one.when]
    return [*sure, *(one for one, verdict in ranked if verdict != "no" and one not in sure)]


def all_hold(tests: Iterable[Test], facts: Mapping[str, object]) -> Verdict:
    """Whether all of these tests hold."""
    verdicts = [holds(one, facts) for one in tests]
    if "no" in verdicts:
        return "no"
    return "unknown" if "unknown" in verdicts else "yes"


def asked_of_registers(item: Item, inputs: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """Every field that an item needs of each register: for its conditions, situations, materials, form and decision (whose
    `inputs` are given)."""
    names = [one.test.value for one in item.conditions if one.test]
    names += [test.value for one in item.situations for test in one.when]
    names += [f"{one.source.register}.{name}" for one in item.materials if one.source for name in one.source.fields]
    names += [str(one["x-prefill"]) for one in properties(item.form).values() if one.get("x-prefill")]
    wanted: dict[str, dict[str, None]] = {}
    for name in (*names, *inputs):
        register, dot, field = name.partition(".")
        if dot:
            wanted.setdefault(register, {})[field] = None
    return {register: tuple(fields) for register, fields in wanted.items()}


def properties(form: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
    """The properties of a form's schema that are objects themselves."""
    found = form.get("properties")
    if not isinstance(found, Mapping):
        return {}
    return {str(name): one for name, one in found.items() if isinstance(one, Mapping)}
