"""The catalogue that comes with the platform: whole, consistent, proved, and as large as promised."""

from collections import Counter

import pytest

from onecity.domains.services.items import checking, shipped, store
from onecity.domains.services.items.checking import Content
from onecity.domains.services.items.logic import reading
from onecity.domains.services.items.logic.item import Bundle, Item, Material
from onecity.domains.services.items.models import Sort
from onecity.kernel.rules.decisions import checking as proving

CONTENTS = shipped.contents()
ITEMS = {one.code: reading.read(one.data) for one in CONTENTS if one.sort == Sort.ITEM}
BUNDLES = {one.code: reading.read_bundle(one.data) for one in CONTENTS if one.sort == Sort.BUNDLE}


def test_it_is_as_large_as_promised() -> None:
    assert len(ITEMS) == 68
    assert len({item.authority.department for item in ITEMS.values()}) == 14
    assert len(BUNDLES) == 7
    assert sum(item.automatic for item in ITEMS.values()) == 28
    assert sum(bool(item.entitlement) for item in ITEMS.values()) == 5


def test_nothing_in_it_is_a_mistake() -> None:
    found = [(one.code, told) for one, told in checking.of_file(CONTENTS) if any(t.weight == "mistake" for t in told)]
    assert found == []


def test_notices_are_of_samples_and_of_laws_to_be_compared_only() -> None:
    known = checking.known_of(ITEMS.values(), [])
    codes = Counter(f.code for item in ITEMS.values() for f in checking.found(item, known) if f.weight == "notice")
    assert set(codes) == {"uscc_sample", "basis_to_check"}


@pytest.mark.parametrize("content", [one for one in CONTENTS if one.sort == Sort.TABLE], ids=lambda one: one.code)
def test_each_table_decides_every_case_once(content: Content) -> None:
    deciding = store.parse(Sort.TABLE, content.data)
    assert not isinstance(deciding, Item | Bundle)
    assert proving.check(deciding.table) == []
    assert all(reason["zh"] and reason["en"] for reason in deciding.reasons)


def test_every_text_is_there_in_both_languages() -> None:
    assert [code for code, item in ITEMS.items() if not (item.name["en"] and item.summary["en"])] == []
    assert [(m.key, code) for code, item in ITEMS.items() for m in item.materials if not m.name["en"]] == []
    assert [code for code, one in BUNDLES.items() if not (one.name["en"] and one.summary["en"])] == []


def test_no_district_is_named() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in shipped.FOLDER.rglob("*.json"))
    assert [name for name in ("奉贤", "310120", "上海") if name in text] == []


def test_most_papers_are_held_by_the_city() -> None:
    asked = [one for item in ITEMS.values() for one in item.materials if one.required]
    held = [one for one in asked if _held(one)]
    assert len(held) / len(asked) > 0.8


def _held(material: Material) -> bool:
    return bool(material.certificate_type or material.source)
