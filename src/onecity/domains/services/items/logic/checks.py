"""Whether items, bundles and their tables are complete and fit together: findings with their place, told by code and names.

A `mistake` keeps a version from being published; a `notice` is for the clerk to look at. `checking` says them in words.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import jsonschema_rs

from onecity.domains.services.items.logic import codes
from onecity.domains.services.items.logic.item import Bundle, BundleStep, Item, Limit, Material, Test
from onecity.domains.services.items.logic.tables import OUTCOME, OUTCOMES, Deciding
from onecity.kernel.core import identity_numbers
from onecity.kernel.rules.decisions import checking as proving
from onecity.kernel.rules.decisions import unary

Weight = Literal["mistake", "notice"]
# a working day is eight hours, five of them make a week: only to compare limits of different units
HOURS: Final = {"working_hours": 1.0, "working_days": 8.0, "calendar_days": 8.0 * 5 / 7}
CATALOG_LENGTH, TASK_LENGTH = 12, 31
# an area that exists nowhere: codes of the demonstration
NOWHERE: Final = "990000"
SITUATION: Final = "situation"
SORTS: Final[Mapping[str, str]] = {
    "text": "string",
    "flag": "boolean",
    "number": "number",
    "date": "date",
    "list": "list",
}
JSON_SORTS: Final[Mapping[str, str]] = {
    "string": "string",
    "boolean": "boolean",
    "number": "number",
    "integer": "number",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong or worth a look: where (dotted path), what (a code with the names that its sentence needs)."""

    place: str
    code: str
    names: tuple[str, ...] = ()
    weight: Weight = "mistake"


@dataclass(frozen=True)
class Known:
    """What a content may refer to: fields of registers with their kinds, tables, items, and the words of the navigation."""

    fields: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Deciding] = field(default_factory=dict)
    items: Mapping[str, Item] = field(default_factory=dict)
    themes: frozenset[str] = frozenset()
    life_events: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()

    def sort_of(self, value: str, form: Mapping[str, str]) -> str | None:
        """The sort of a named value; None where nothing has that name."""
        if value == SITUATION:
            return "string"
        return form.get(value) or SORTS.get(self.fields.get(value, ""))


def item(one: Item, known: Known) -> Iterator[Finding]:
    """Everything about an item."""
    form = form_sorts(one.form)
    yield from _limits(one.limits.promised, one.limits.statutory)
    yield from _authority(one)
    yield from _basis(one)
    yield from _outcome(one)
    yield from _reached(one)
    yield from _materials(one, known)
    yield from _form(one, known)
    tests = [(f"situations[{n}].when[{m}]", t) for n, s in enumerate(one.situations) for m, t in enumerate(s.when)]
    tests += [(f"conditions[{n}].test", c.test) for n, c in enumerate(one.conditions) if c.test is not None]
    for place, test in tests:
        yield from _test(test, place, known, form)
    yield from _decision(one, known, form)
    yield from _navigation(one, known)
    same = [
        other.code for other in known.items.values() if other.code != one.code and other.name["zh"] == one.name["zh"]
    ]
    if same:
        yield Finding("name", "name_taken", (one.name["zh"], *same))


def bundle(one: Bundle, known: Known) -> Iterator[Finding]:
    """Everything about a bundle: its parts exist, come in an order that can end, and are asked for what they need."""
    form = form_sorts(one.form)
    parts = [step.item for step in one.steps]
    if one.limit.amount <= 0:
        yield Finding("limit.amount", "no_time")
    for code, times in Counter(parts).items():
        if times > 1:
            yield Finding("steps", "part_twice", (code,))
    for number, step in enumerate(one.steps):
        yield from _part(step, f"steps[{number}]", parts[:number], known, form)


def _part(step: BundleStep, place: str, before: list[str], known: Known, form: Mapping[str, str]) -> Iterator[Finding]:
    if step.item not in known.items:
        yield Finding(f"{place}.item", "unknown_item", (step.item,))
        return
    for other in step.after:
        if other not in before:
            yield Finding(f"{place}.after", "after_later", (step.item, other))
    for number, test in enumerate(step.when):
        yield from _test(test, f"{place}.when[{number}]", known, form)
    yield from _mapped(step.fields, known.items[step.item], form, place)


def table(one: Deciding, known: Known) -> Iterator[Finding]:
    """Everything about a table: it gives an outcome, and it decides every case once."""
    outcome = next((column for column in one.table.outputs if column.name == OUTCOME), None)
    if outcome is None or not set(outcome.allowed) <= set(OUTCOMES) or not outcome.allowed:
        yield Finding("outputs", "no_outcome", OUTCOMES)
    for column in one.table.inputs:
        sort = SORTS.get(known.fields.get(column.name, ""))
        if "." in column.name and sort is None:
            yield Finding(f"inputs.{column.name}", "unknown_value", (column.name,))
        elif sort is not None and sort != column.kind:
            yield Finding(f"inputs.{column.name}", "other_sort", (column.name, sort, column.kind))
    for found in proving.check(one.table):
        example = ", ".join(f"{name} = {unary.written(value)}" for name, value in (found.example or {}).items())
        yield Finding("rules", f"table_{found.kind}", (example, *map(str, found.rules)))
    for number, reason in enumerate(one.reasons):
        if not reason.get("zh"):
            yield Finding(f"rules[{number}].reason", "no_reason", (str(number + 1),))


def form_sorts(form: Mapping[str, object]) -> dict[str, str]:
    """The sort of each property of a form by name."""
    properties = form.get("properties")
    found = {}
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(schema, Mapping):
            sort = "date" if schema.get("format") == "date" else JSON_SORTS.get(str(schema.get("type")), "list")
            found[str(name)] = sort
    return found


def _limits(promised: Limit, statutory: Limit) -> Iterator[Finding]:
    for name, limit in (("promised", promised), ("statutory", statutory)):
        if limit.amount <= 0:
            yield Finding(f"limits.{name}.amount", "no_time")
    if promised.amount * HOURS[promised.unit] > statutory.amount * HOURS[statutory.unit] + 1e-9:
        yield Finding("limits.promised", "promised_longer")


def _authority(one: Item) -> Iterator[Finding]:
    uscc, official = one.authority.uscc, one.official
    if not identity_numbers.is_credit_code(uscc):
        yield Finding("authority.uscc", "uscc", (uscc,))
    elif uscc[2:8] == NOWHERE:
        yield Finding("authority.uscc", "uscc_sample", (uscc,), "notice")
    if not official.catalog_code:
        yield Finding("official.catalog_code", "no_catalog_code", (), "notice")
    elif len(official.catalog_code) != CATALOG_LENGTH:
        yield Finding("official.catalog_code", "catalog_length", (official.catalog_code,))
    if not official.task_code:
        yield Finding("official.task_code", "no_task_code", (), "notice")
    elif len(official.task_code) > TASK_LENGTH + 5 or not official.task_code.startswith(uscc):
        yield Finding("official.task_code", "task_code", (official.task_code, uscc))


def _basis(one: Item) -> Iterator[Finding]:
    if not one.legal_basis:
        yield Finding("legal_basis", "no_basis")
    for number, basis in enumerate(one.legal_basis):
        if basis.to_check:
            yield Finding(f"legal_basis[{number}]", "basis_to_check", (basis.name["zh"],), "notice")
    if not one.steps:
        yield Finding("steps", "no_steps")


def _outcome(one: Item) -> Iterator[Finding]:
    for number, fee in enumerate(one.fees):
        if fee.reducible and not fee.reduction_basis:
            yield Finding(f"fees[{number}].reduction_basis", "no_reduction_basis", (fee.name["zh"],))
    for number, result in enumerate(one.results):
        if result.kind == "1" and not result.certificate_type:
            yield Finding(f"results[{number}].certificate_type", "no_certificate_type", (result.name["zh"],))
    if not one.results:
        yield Finding("results", "no_results", (), "notice")


def _reached(one: Item) -> Iterator[Finding]:
    if "1" in one.channels.forms and not one.places:
        yield Finding("places", "no_places")
    if one.channels.visits > 0 and not one.channels.visit_reason:
        yield Finding("channels.visit_reason", "no_visit_reason")
    if one.fees and not one.channels.payment:
        yield Finding("channels.payment", "fee_at_counter", (), "notice")
    if one.effective_from and one.effective_until and one.effective_until < one.effective_from:
        yield Finding("effective_until", "ends_before")
    if one.effective_from and not codes.KIND.holds(one.kind, dt.date.fromisoformat(one.effective_from)):
        yield Finding("kind", "code_expired", (one.kind,))
    if not one.conditions:
        yield Finding("conditions", "no_conditions", (), "notice")


def _materials(one: Item, known: Known) -> Iterator[Finding]:
    situations = {situation.key for situation in one.situations}
    for number, material in enumerate(one.materials):
        place, name = f"materials[{number}]", material.name["zh"]
        for key in material.situations:
            if key not in situations:
                yield Finding(f"{place}.situations", "unknown_situation", (name, key))
        yield from _resolved(material, place)
        for wanted in material.source.fields if material.source else ():
            full = f"{material.source.register}.{wanted}" if material.source else wanted
            if full not in known.fields:
                yield Finding(f"{place}.source", "unknown_value", (full,))


def _resolved(material: Material, place: str) -> Iterator[Finding]:
    name = material.name["zh"]
    held = bool(material.certificate_type or material.source)
    if not (held or material.commitment or material.upload):
        yield Finding(place, "no_channel", (name,))
    if material.channel == "2" and not held:
        yield Finding(f"{place}.source", "issued_but_asked", (name,), "notice")
    if material.source and not material.source.legal_basis:
        yield Finding(f"{place}.source.legal_basis", "no_source_basis", (name,), "notice")


def _form(one: Item, known: Known) -> Iterator[Finding]:
    if not one.form:
        return
    schema = dict(one.form)
    if schema.get("type") != "object" or not isinstance(schema.get("properties"), Mapping):
        yield Finding("form", "form_shape")
        return
    if not jsonschema_rs.meta.is_valid(schema):
        yield Finding("form", "form_schema")
    for name in schema.get("required", ()):
        if name not in schema["properties"]:
            yield Finding("form.required", "form_required", (str(name),))
    for name, described in schema["properties"].items():
        prefill = described.get("x-prefill") if isinstance(described, Mapping) else None
        if prefill and prefill not in known.fields:
            yield Finding(f"form.properties.{name}.x-prefill", "unknown_value", (str(prefill),))


def _test(test: Test, place: str, known: Known, form: Mapping[str, str]) -> Iterator[Finding]:
    sort = known.sort_of(test.value, form)
    if sort is None:
        yield Finding(place, "unknown_value", (test.value,))
    elif sort != test.sort:
        yield Finding(place, "other_sort", (test.value, sort, test.sort))
    try:
        unary.parse(test.accepts, test.sort)
    except unary.FeelError as error:
        yield Finding(place, "not_understood", (test.accepts, str(error.position + 1)))


def _decision(one: Item, known: Known, form: Mapping[str, str]) -> Iterator[Finding]:
    if one.automatic and not one.decision:
        yield Finding("decision", "automatic_without")
    for place, name in (("decision", one.decision), ("entitlement", one.entitlement)):
        if not name:
            continue
        deciding = known.tables.get(name)
        if deciding is None:
            yield Finding(place, "unknown_table", (name,))
            continue
        for column in deciding.table.inputs:
            sort = known.sort_of(column.name, form if place == "decision" else {})
            if sort is None:
                yield Finding(place, "input_unknown", (name, column.name))
            elif sort != column.kind:
                yield Finding(place, "other_sort", (column.name, sort, column.kind))


def _navigation(one: Item, known: Known) -> Iterator[Finding]:
    if one.authority.department not in known.departments:
        yield Finding("authority.department", "unknown_department", (one.authority.department,))
    for theme in one.themes:
        if theme not in known.themes:
            yield Finding("themes", "unknown_theme", (theme,))
    for event in one.life_events:
        if event not in known.life_events:
            yield Finding("life_events", "unknown_life_event", (event,))
    if not one.themes:
        yield Finding("themes", "no_theme", (), "notice")
    if not one.name.get("en"):
        yield Finding("name.en", "no_english", (), "notice")


def _mapped(fields: Mapping[str, str], part: Item, form: Mapping[str, str], place: str) -> Iterator[Finding]:
    own = form_sorts(part.form)
    properties: Mapping[str, Mapping[str, object]] = part.form.get("properties", {})
    for inner, outer in fields.items():
        if inner not in own:
            yield Finding(f"{place}.fields.{inner}", "part_field", (part.name["zh"], inner))
        elif outer not in form:
            yield Finding(f"{place}.fields.{inner}", "bundle_field", (outer,))
        elif form[outer] != own[inner]:
            yield Finding(f"{place}.fields.{inner}", "other_sort", (outer, form[outer], own[inner]))
    for name in part.form.get("required", ()):
        if fields.get(name, name) not in form and not properties.get(name, {}).get("x-prefill"):
            yield Finding(f"{place}.fields", "not_asked", (part.name["zh"], name))
