"""The checker: each mistake is found at its place and said in words, and a whole item has none."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.utils import translation

from onecity.domains.services.items import checking
from onecity.domains.services.items.checking import Content
from onecity.domains.services.items.logic import checks, reading, tables
from onecity.domains.services.items.logic.checks import Known
from onecity.domains.services.items.models import Sort
from onecity.domains.services.items.tests.test_item import TEXT, sample

FIELDS = {"household.age": "number", "household.local": "flag", "household.name": "text"}
TABLE = {
    "name": "allowance", "title": TEXT, "inputs": [{"name": "household.age", "kind": "number"}, {"name": "promise", "kind": "boolean", "optional": True}],
    "outputs": [{"name": "outcome", "kind": "string", "allowed": ["grant", "refuse"]}],
    "rules": [
        {"tests": [">= 65", "-"], "outputs": ["grant"], "reason": TEXT},
        {"tests": ["< 65", "-"], "outputs": ["refuse"], "reason": TEXT},
    ],
}  # fmt: skip


def known(**more: Any) -> Known:
    return Known(
        FIELDS,
        {"allowance": tables.read(TABLE)},
        more.get("items", {}),
        frozenset({"elder"}),
        frozenset({"ageing"}),
        frozenset({"civil"}),
    )


def found(**changed: Any) -> dict[str, str]:
    usual: dict[str, Any] = {"places": [{"name": TEXT, "address": TEXT, "hours": TEXT}], "themes": ["elder"]}
    item = reading.read(sample(**{**usual, **changed}))
    return {one.place: one.code for one in checks.item(item, known()) if one.weight == "mistake"}


def test_a_whole_item_has_no_mistake() -> None:
    whole: dict[str, Any] = {
        "form": {"type": "object", "properties": {"promise": {"type": "boolean"}}},
        "decision": "allowance",
        "automatic": True,
        "conditions": [{"text": TEXT, "test": {"value": "household.age", "sort": "number", "accepts": ">= 65"}}],
    }
    assert found(**whole) == {}


def limit(amount: float, unit: str) -> dict[str, object]:
    return {"amount": amount, "unit": unit}


@pytest.mark.parametrize(
    ("promised", "statutory", "wrong"),
    [
        (limit(5, "working_days"), limit(20, "working_days"), False),
        (limit(21, "working_days"), limit(20, "working_days"), True),
        (limit(5, "working_days"), limit(7, "calendar_days"), False),
        (limit(6, "working_days"), limit(7, "calendar_days"), True),
        (limit(8, "working_hours"), limit(1, "working_days"), False),
        (limit(0, "working_hours"), limit(1, "working_days"), True),
    ],
)
def test_what_is_promised_is_within_the_law(promised: object, statutory: object, wrong: bool) -> None:
    assert bool(found(limits={"promised": promised, "statutory": statutory})) is wrong


@pytest.mark.parametrize(
    ("changed", "place", "code"),
    [
        ({"authority": {"department": "civil", "name": TEXT, "uscc": "11990000MA0000001X"}}, "authority.uscc", "uscc"),
        ({"authority": {"department": "nobody", "name": TEXT, "uscc": "11990000MA0000001K"}}, "authority.department", "unknown_department"),
        ({"official": {"catalog_code": "1"}}, "official.catalog_code", "catalog_length"),
        ({"official": {"task_code": "12345"}}, "official.task_code", "task_code"),
        ({"legal_basis": []}, "legal_basis", "no_basis"),
        ({"steps": []}, "steps", "no_steps"),
        ({"places": []}, "places", "no_places"),
        ({"channels": {"visits": 1}}, "channels.visit_reason", "no_visit_reason"),
        ({"results": [{"kind": "1", "name": TEXT}]}, "results[0].certificate_type", "no_certificate_type"),
        ({"fees": [{"name": TEXT, "standard": TEXT, "basis": TEXT, "reducible": True}]}, "fees[0].reduction_basis", "no_reduction_basis"),
        ({"materials": [{"key": "a", "name": TEXT, "upload": False}]}, "materials[0]", "no_channel"),
        ({"materials": [{"key": "a", "name": TEXT, "situations": ["x"]}]}, "materials[0].situations", "unknown_situation"),
        ({"materials": [{"key": "a", "name": TEXT, "source": {"register": "moon", "fields": ["x"]}}]}, "materials[0].source", "unknown_value"),
        ({"form": {"type": "object", "properties": {"a": {"type": "no"}}}}, "form", "form_schema"),
        ({"form": {"type": "object", "properties": {}, "required": ["a"]}}, "form.required", "form_required"),
        ({"form": {"type": "object", "properties": {"a": {"type": "string", "x-prefill": "moon.x"}}}}, "form.properties.a.x-prefill", "unknown_value"),
        ({"automatic": True}, "decision", "automatic_without"),
        ({"decision": "nothing"}, "decision", "unknown_table"),
        ({"decision": "allowance"}, "decision", "input_unknown"),
        ({"conditions": [{"text": TEXT, "test": {"value": "household.age", "sort": "number", "accepts": ">>"}}]}, "conditions[0].test", "not_understood"),
        ({"conditions": [{"text": TEXT, "test": {"value": "household.local", "sort": "number", "accepts": "1"}}]}, "conditions[0].test", "other_sort"),
        ({"themes": ["moon"]}, "themes", "unknown_theme"),
        ({"effective_from": "2026-02-01", "effective_until": "2026-01-01"}, "effective_until", "ends_before"),
    ],
)  # fmt: skip
def test_each_mistake_is_found_at_its_place(changed: Mapping[str, Any], place: str, code: str) -> None:
    assert found(**changed) == {place: code}


def test_a_name_belongs_to_one_item() -> None:
    item = reading.read(sample())
    codes = [one.code for one in checks.item(item, known(items={"other": reading.read(sample(code="other"))}))]
    assert "name_taken" in codes


def test_a_table_that_leaves_a_case_open_is_told_with_the_case() -> None:
    open_ = TABLE | {"rules": [{"tests": ["> 65", "-"], "outputs": ["grant"], "reason": TEXT}]}
    with translation.override("zh-hans"):
        told = checking.tell(checks.table(tables.read(open_), known()))
    assert [(one.weight, one.place) for one in told] == [("mistake", "rules")]
    assert told[0].sentence.startswith("没有规则能决定这种情况：household.age = 65")


def bundle(**changed: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "code": "thing", "name": TEXT, "summary": TEXT, "lead": "civil", "audience": ["1"], "limit": {"amount": 5, "unit": "working_days"},
        "steps": [{"item": "first"}, {"item": "second", "after": ["first"], "fields": {"child": "name"}}],
        "form": {"type": "object", "properties": {"name": {"type": "string"}}},
    }  # fmt: skip
    return usual | changed


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({}, []),
        ({"steps": [{"item": "first"}, {"item": "moon"}]}, ["unknown_item"]),
        ({"steps": [{"item": "first"}, {"item": "first"}]}, ["part_twice"]),
        ({"steps": [{"item": "first", "after": ["second"]}, {"item": "second", "fields": {"child": "name"}}]}, ["after_later"]),
        ({"steps": [{"item": "second"}]}, ["not_asked"]),
        ({"steps": [{"item": "second", "fields": {"child": "nothing"}}]}, ["bundle_field", "not_asked"]),
        ({"steps": [{"item": "second", "fields": {"child": "name", "dog": "name"}}]}, ["part_field"]),
    ],
)  # fmt: skip
def test_a_bundle_fits_its_items(changed: Mapping[str, Any], codes: list[str]) -> None:
    form = {"type": "object", "properties": {"child": {"type": "string"}}, "required": ["child"]}
    items = {"first": reading.read(sample(code="first")), "second": reading.read(sample(code="second", form=form))}
    assert [one.code for one in checks.bundle(reading.read_bundle(bundle(**changed)), known(items=items))] == codes


def test_every_finding_has_its_sentence_in_both_languages() -> None:
    broken = Content(Sort.ITEM, "x", {"code": "x"})
    assert [one.place for one in checking.of_file([broken])[0][1]] == ["name"]
    for language in ("zh-hans", "en"):
        with translation.override(language):
            for code in checking.SENTENCES:
                told = checking.tell([checks.Finding("place", code, ("a", "b", "c"))])
                assert told[0].sentence
