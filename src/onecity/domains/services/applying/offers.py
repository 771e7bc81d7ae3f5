"""What can be applied for: an item, or a bundle shown and filled in as if it were one item made of its parts."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from onecity.domains.services.items import store
from onecity.domains.services.items.logic.item import Bundle, Item, Material
from onecity.domains.services.items.models import Sort
from onecity.domains.services.items.store import Published


def offer(code: str, *, bundle: bool = False) -> Published:
    """What is in force under this code, a bundle as one item; raises Problem 404."""
    return as_item(store.bundle(code)) if bundle else store.item(code)


def version(code: str, number: int, *, bundle: bool = False) -> Published:
    """A version of it; raises Problem 404."""
    return as_item(store.version(Sort.BUNDLE, code, number)) if bundle else store.version(Sort.ITEM, code, number)


def inputs(code: str, item: Item, *, bundle: bool = False) -> tuple[str, ...]:
    """The names of the values that its tables look at; none where a person decides."""
    return inputs_of_bundle(store.bundle(code).bundle) if bundle else inputs_of_item(item)


def inputs_of_item(item: Item) -> tuple[str, ...]:
    """The names of the values that the item's table looks at; none where a person decides."""
    return store.table(item.decision).deciding.inputs if item.decision else ()


def as_item(published: Published) -> Published:
    """A bundle as one item: its own words and form, the materials and conditions of its parts."""
    bundle = published.bundle
    items = items_of(bundle)
    first = next(iter(items.values())).item if items else None
    if first is None:
        raise store.unknown()
    whole = msgspec.structs.replace(
        first,
        code=bundle.code,
        name=bundle.name,
        summary=bundle.summary,
        audience=bundle.audience,
        conditions=(),
        situations=(),
        materials=_materials(one.item for one in items.values()),
        form=bundle.form,
        decision="",
        automatic=False,
        entitlement="",
        results=(),
        limits=msgspec.structs.replace(first.limits, promised=bundle.limit),
        channels=msgspec.structs.replace(first.channels, forms=("1", "2")),
    )
    return replace(published, content=whole)


def items_of(bundle: Bundle) -> dict[str, Published]:
    """The items of a bundle that are in force, in its order."""
    found = store.in_force(Sort.ITEM, [step.item for step in bundle.steps])
    return {step.item: found[step.item] for step in bundle.steps if step.item in found}


def _materials(items: Iterable[Item]) -> tuple[Material, ...]:
    """Each material once; needed of all who apply, whatever situation of a part asks for it."""
    found: dict[str, Material] = {}
    for item in items:
        for one in item.materials:
            if not one.situations:
                known = found.get(one.key)
                found[one.key] = msgspec.structs.replace(one, required=one.required or bool(known and known.required))
    return tuple(found.values())


def inputs_of_bundle(bundle: Bundle) -> tuple[str, ...]:
    """The values that the tables of the parts, and the tests of which parts are needed, look at."""
    names = [test.value for step in bundle.steps for test in step.when]
    for published in items_of(bundle).values():
        names += inputs_of_item(published.item)
        names += [one.test.value for one in published.item.conditions if one.test]
        names += [test.value for one in published.item.situations for test in one.when]
    return tuple(dict.fromkeys(name for name in names if "." in name))
