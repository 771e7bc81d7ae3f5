"""The catalogue that comes with the platform: read from the files of `data`, made whole, put into the database."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from onecity.domains.services.items import checking, navigation, publishing, store
from onecity.domains.services.items.checking import Content
from onecity.domains.services.items.logic import checks, reading, shorthand
from onecity.domains.services.items.logic.shorthand import Shared
from onecity.domains.services.items.models import Sort
from onecity.kernel.core.identity_numbers import credit_check

FOLDER: Final = Path(__file__).parent / "data"


@cache
def shared() -> Shared:
    """What the items have in common, departments made whole."""
    data = _read(FOLDER / "shared.json")
    return Shared(
        {key: _department(key, one, data) for key, one in data["departments"].items()},
        data["materials"],
        data["laws"],
        data["ways"],
    )


def contents() -> list[Content]:
    """Every table, item and bundle: tables first, as items refer to them."""
    sorts = {name: checks.SORTS[kind] for name, kind in checking.register_fields().items()}
    return [*_tables(), *_items(sorts), *_bundles(sorts)]


def install(codes: Collection[str] | None = None) -> list[str]:
    """Publish what is new or changed, all or what is named; returns `sort code` of each that was written."""
    known = publishing.digests()
    wanted = [one for one in contents() if codes is None or one.code in codes]
    fresh = [one for one in wanted if known.get((one.sort.value, one.code)) != store.digest_of(one.data)]
    return [f"{one.sort.value} {one.code}" for one in fresh if publishing.install(one.sort, one.code, dict(one.data))]


def _tables() -> Iterator[Content]:
    for path in sorted((FOLDER / "tables").glob("*.json")):
        data = _read(path)
        yield Content(Sort.TABLE, data["name"], data)


def _items(sorts: Mapping[str, str]) -> Iterator[Content]:
    for path in sorted((FOLDER / "items").glob("*.json")):
        file = _read(path)
        for number, written in enumerate(file["items"], 1):
            whole = shorthand.item(written, file["department"], shared(), sorts)
            whole["official"] = _official(whole, number) | written.get("official", {})
            yield Content(Sort.ITEM, written["code"], reading.write(reading.read(whole)))


def _bundles(sorts: Mapping[str, str]) -> Iterator[Content]:
    for written in _read(FOLDER / "bundles.json")["bundles"]:
        whole = shorthand.bundle(written, sorts)
        yield Content(Sort.BUNDLE, written["code"], reading.write(reading.read_bundle(whole)))


def _department(key: str, one: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    zh, en = one["window"].split("|")
    name_zh, name_en = data["place"]["name"].split("|")
    place = {**data["place"], "name": f"{name_zh.format(window=zh)}|{name_en.format(window=en)}"}
    body = f"11990000MA00000{one['serial']:02d}"
    return {
        "authority": {"name": navigation.words().departments[key].name, "uscc": body + credit_check(body)},
        "official": {"data_source": "onecity"},
        "places": [place],
        "enquiries": data["enquiries"],
        "complaints": data["complaints"],
    }


def _official(whole: Mapping[str, Any], number: int) -> dict[str, str]:
    """Sample codes of the form of the real ones: twelve places for the basic code, 31 for the implementation code."""
    uscc = whole["authority"]["uscc"]
    catalog = f"99{uscc[15:17]}{number:04d}{whole['kind']}00"
    return {**whole["official"], "catalog_code": catalog, "task_code": f"{uscc}3{catalog}"}


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def names() -> Sequence[str]:
    """The codes of the shipped items."""
    return [one.code for one in contents() if one.sort == Sort.ITEM]
