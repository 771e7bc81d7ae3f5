"""Items in and out of JSON, and what is said of data that is none."""

from typing import Any

import pytest

from onecity.domains.services.items.logic import reading
from onecity.domains.services.items.logic.reading import ItemError

TEXT = {"zh": "文", "en": "text"}


def sample(**changed: Any) -> dict[str, Any]:
    return {
        "code": "sample_item",
        "name": {"zh": "样例事项", "en": "Sample item"},
        "kind": "20",
        "authority": {"department": "civil", "name": TEXT, "uscc": "11990000MA0000001K"},
        "audience": ["1"],
        "case_kind": "2",
        "summary": TEXT,
        "limits": {
            "statutory": {"amount": 20, "unit": "working_days"},
            "promised": {"amount": 5, "unit": "working_days"},
        },
        "legal_basis": [{"name": TEXT}],
        "steps": [{"name": TEXT}],
        "enquiries": TEXT,
        "complaints": TEXT,
    } | changed


def mistakes(data: object) -> tuple[tuple[str, str], ...]:
    with pytest.raises(ItemError) as caught:
        reading.read(data)
    return caught.value.mistakes


def test_an_item_comes_back_as_it_went() -> None:
    item = reading.read(
        sample(
            materials=[{"key": "photo", "name": TEXT, "source": {"register": "person", "fields": ["name"]}}],
            situations=[
                {"key": "first", "name": TEXT, "when": [{"value": "age", "sort": "number", "accepts": ">= 18"}]}
            ],
            fees=[{"name": TEXT, "standard": TEXT, "basis": TEXT, "amount": 10.5}],
        )
    )
    assert reading.read(reading.write(item)) == item
    assert reading.read(reading.write(item)).materials[0].source is not None
    assert reading.encode(reading.read(reading.write(item))) == reading.encode(item)
    assert item.for_persons
    assert not item.free
    assert item.channels.online


def test_a_missing_member_is_named() -> None:
    data = sample()
    del data["name"]
    assert mistakes(data)[0][0] == "name"
    assert mistakes(sample(materials=[{"key": "photo"}]))[0][0] == "materials[0].name"


def test_a_strange_member_is_named() -> None:
    assert mistakes(sample(materials=[{"key": "a", "name": TEXT, "colour": "red"}]))[0][0] == "materials[0].colour"
    assert (
        mistakes(sample(limits={"statutory": {"amount": "x", "unit": "working_days"}}))[0][0]
        == "limits.statutory.amount"
    )


def test_every_wrong_code_is_named_at_once() -> None:
    found = mistakes(sample(kind="99", audience=["1", "9"], code="Bad Code", effective_from="soon"))
    assert [field for field, _sentence in found] == ["code", "kind", "audience", "effective_from"]


def test_the_chinese_text_and_unique_keys_are_required() -> None:
    twice = [{"key": "a", "name": TEXT}, {"key": "a", "name": {"en": "only English"}}]
    assert [field for field, _sentence in mistakes(sample(materials=twice))] == [
        "materials[1].name.zh",
        "materials[1].key",
    ]
    assert mistakes(sample(summary={"zh": "文", "fr": "texte"}))[0][0] == "summary.fr"


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_what_is_no_object_is_refused(data: object) -> None:
    assert mistakes(data)[0][1].startswith("Expected `object`")
