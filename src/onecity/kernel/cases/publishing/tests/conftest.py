"""A town with a kind that publishes places and words, one that publishes them roughly, and somebody who releases."""

import pytest

from onecity.kernel.cases import type_store
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.tests.conftest import LONG_AGO, MONDAY, TOWN_A, Town, clock, town
from onecity.kernel.people.models import Role, RoleAssignment

__all__ = ["clock", "open_town", "town"]


@pytest.fixture
def open_town(town: Town) -> Town:
    kind = type_store.in_force(["litter"], MONDAY)["litter"].definition
    values = {name: getattr(kind, name) for name in kind.__struct_fields__} | {"residents": True}
    for name, changes in (
        ("litter", {"publication": "words"}),
        ("rough", {"publication": "words", "rounded_m": 500}),
        ("facts", {"publication": "facts"}),
        ("inner", {"publication": "words", "level": "internal"}),
        ("silent", {"publication": "nothing"}),
    ):
        type_store.publish_definition(name, Definition(**values | changes), effective_from=LONG_AGO)
    role = Role.objects.create(name="editor", title="公开", permissions=["cases.view", "cases.publish"])
    RoleAssignment.objects.create(
        account=town["verifier_a"], role=role, division_path=TOWN_A, valid_from=LONG_AGO
    )  # fmt: skip
    return town
