"""The registry takes in what is whole, and refuses the rest without a trace."""

from dataclasses import replace
from datetime import timedelta

import pytest

from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.registry.domain import Domain, Indicator, Layer, Page, Permission
from onecity.kernel.registry.registry import Registry, RegistryError
from onecity.kernel.rules.types import Level, RuleDecl, Threshold
from onecity.kernel.telemetry.types import Attribute, EntityType

WELL = EntityType("Well", "Well", (Attribute("level", "Level", "m", 0, 100),), max_age=timedelta(hours=1))
DRY = RuleDecl("wells.dry", "Dry", "Well", "level", Threshold((Level("red", 1),)), case_type="dry_well")
CASE = CaseTypeDecl(name="dry_well", title="Dry well")
WELLS = Domain(
    name="wells",
    title="Wells",
    plan_task=99,
    lead="water",
    entity_types=(WELL,),
    rules=(DRY,),
    case_types=(CASE,),
    indicators=(Indicator("wells.mean", "Mean", "Well", "level"),),
    layers=(Layer("wells.wells", "Wells", "Well", "level"),),
    pages=(Page("/wells", "Wells", "desk"),),
    permissions=(Permission("wells.view", "See wells"),),
)
EMPTY = Domain(name="other", title="Other", plan_task=98, lead="nobody")


def test_a_whole_domain_is_taken_in_and_found() -> None:
    registry = Registry()
    registry.register(WELLS)
    registry.freeze()
    assert registry.domains() == (WELLS,)
    assert registry.entity_type("Well") is WELL
    assert registry.entity_type("Spring") is None


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"entity_types": (WELL,)}, "entity_types 'Well'"),
        ({"rules": (DRY,)}, "rules 'wells.dry'"),
        ({"case_types": (CASE,)}, "case_types 'dry_well'"),
        ({"pages": (Page("/wells", "Mine", "desk"),)}, "pages '/wells'"),
        ({"permissions": (Permission("wells.view", "Mine"),)}, "permissions 'wells.view'"),
    ],
)
def test_what_another_domain_has_is_refused_and_nothing_is_kept(change: dict[str, object], part: str) -> None:
    registry = Registry()
    registry.register(WELLS)
    with pytest.raises(RegistryError, match=f"domain 'other': {part} is already taken by 'wells'"):
        registry.register(replace(EMPTY, **change))  # type: ignore[arg-type]  # values fit the names beside them
    assert registry.domains() == (WELLS,)
    registry.register(EMPTY)


def test_a_domain_naming_one_thing_twice_is_refused() -> None:
    with pytest.raises(RegistryError, match="already taken by 'other'"):
        Registry().register(replace(EMPTY, entity_types=(WELL, WELL)))


def test_the_same_domain_twice_is_refused() -> None:
    registry = Registry()
    registry.register(WELLS)
    with pytest.raises(RegistryError, match="registered twice"):
        registry.register(WELLS)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(EMPTY, rules=[DRY]),  # type: ignore[arg-type]  # the very mistake
        replace(EMPTY, rules=(WELL,)),  # type: ignore[arg-type]  # the very mistake
    ],
)
def test_wrong_types_are_refused_at_the_door(wrong: Domain) -> None:
    registry = Registry()
    with pytest.raises(RegistryError):
        registry.register(wrong)
    assert registry.domains() == ()


def test_what_is_no_domain_is_refused() -> None:
    with pytest.raises(RegistryError, match="is not a Domain"):
        Registry().register("wells")  # type: ignore[arg-type]  # the very mistake


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"case_types": ()}, "opens the case type 'dry_well', which no domain declares"),
        ({"entity_types": ()}, "names the entity type 'Well', which no domain declares"),
        ({"layers": (Layer("x", "X", "Well", "depth"),)}, "names the attribute 'depth', which 'Well' does not have"),
        ({"indicators": (Indicator("x", "X", "Spring", "level"),)}, "names the entity type 'Spring'"),
    ],
)
def test_a_reference_without_target_stops_the_start(change: dict[str, object], message: str) -> None:
    registry = Registry()
    registry.register(replace(WELLS, **change))  # type: ignore[arg-type]  # values fit the names beside them
    with pytest.raises(RegistryError, match=message):
        registry.freeze()
    assert not registry.frozen


def test_after_freezing_nothing_comes_in() -> None:
    registry = Registry()
    registry.freeze()
    with pytest.raises(RegistryError, match="frozen"):
        registry.register(WELLS)
    assert registry.domains() == ()


@pytest.mark.parametrize("name", ["", "Wells", "two words", "9lives"])
def test_a_domain_is_named_by_an_identifier(name: str) -> None:
    with pytest.raises(ValueError, match="lower-case identifier"):
        replace(EMPTY, name=name)
