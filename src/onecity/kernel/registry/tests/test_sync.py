"""Declarations reach the database once; what staff changed is offered, never overwritten."""

from dataclasses import replace

import pytest

from onecity.kernel.cases import catalogue
from onecity.kernel.cases.models import CaseType
from onecity.kernel.people.models import Account
from onecity.kernel.registry import sync
from onecity.kernel.registry.tests.test_registry import CASE, DRY, WELL, WELLS
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules import publishing
from onecity.kernel.rules.models import Rule, RuleVersion
from onecity.kernel.rules.types import Level, Threshold
from onecity.kernel.telemetry.types import Attribute
from onecity.kernel.twin.models import EntityKind

pytestmark = pytest.mark.django_db


def versions() -> list[tuple[int, str]]:
    return list(RuleVersion.objects.order_by("number").values_list("number", "state"))


def test_the_first_run_writes_everything_and_the_second_nothing() -> None:
    shipped = list(catalogue.shipped().definitions)
    assert sync.run([]).case_types == shipped
    first = sync.run([WELLS])
    assert (first.entity_types, first.case_types, first.rules, first.offered) == (
        ["Well"],
        ["dry_well"],
        ["wells.dry"],
        [],
    )
    assert str(first) == "entity types: Well; kinds of case: dry_well; rules: wells.dry"
    second = sync.run([WELLS])
    assert not second.changed
    assert str(second) == "Nothing to change."
    assert (EntityKind.objects.count(), CaseType.objects.count(), versions()) == (
        1,
        len(shipped) + 1,
        [(1, "published")],
    )


def test_a_changed_declaration_is_published_as_a_new_version() -> None:
    sync.run([WELLS])
    drier = replace(WELLS, rules=(replace(DRY, condition=Threshold((Level("red", 0.5),))),))
    assert sync.run([drier]).rules == ["wells.dry"]
    assert versions() == [(1, "published"), (2, "published")]
    (holding,) = publishing.in_force()
    assert holding.definition["condition"]["levels"][0]["raise_at"] == 0.5


def test_a_rule_that_staff_changed_is_offered_as_a_draft() -> None:
    sync.run([WELLS])
    rule = Rule.objects.get()
    author = Account.objects.create_user("editor", password="a long enough one")
    mine = definitions.from_data(rule.versions.get().definition | {"titles": {"en": "Almost dry"}})
    publishing.publish(publishing.save_draft(rule, mine, author=author), by=author)
    drier = replace(WELLS, rules=(replace(DRY, condition=Threshold((Level("red", 0.5),))),))
    assert sync.run([drier]).offered == ["wells.dry"]
    assert versions() == [(1, "published"), (2, "published"), (3, "draft")]
    (holding,) = publishing.in_force()
    assert holding.definition["titles"] == {"en": "Almost dry"}
    assert not sync.run([drier]).changed


def test_a_changed_type_and_kind_of_case_are_written_over() -> None:
    sync.run([WELLS])
    deeper = replace(WELL, attributes=(Attribute("level", "Level", "m", 0, 200),))
    report = sync.run([replace(WELLS, entity_types=(deeper,), case_types=(replace(CASE, title="Well without water"),))])
    assert (report.entity_types, report.case_types, report.rules) == (["Well"], ["dry_well"], [])
    assert EntityKind.objects.get().attributes[0]["maximum"] == 200
