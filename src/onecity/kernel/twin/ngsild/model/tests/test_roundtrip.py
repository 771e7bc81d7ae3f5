"""What is read and represented again is what was given: normalized, concise, in every kind."""

from typing import Any

from hypothesis import given, settings

from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.model.reading import FOREIGN, read_entity
from onecity.kernel.twin.ngsild.model.representing import represent
from onecity.kernel.twin.ngsild.model.shape import EVERYTHING, Shape
from onecity.kernel.twin.ngsild.model.tests.bodies import CONTEXT, LATER, NOW, entities, plain


@settings(max_examples=80, deadline=None)
@given(entities())
def test_normalized_comes_back_as_it_was(body: dict[str, Any]) -> None:
    assert represent(read_entity(body, CONTEXT, NOW), CONTEXT) == body


@settings(max_examples=80, deadline=None)
@given(entities())
def test_concise_loses_nothing(body: dict[str, Any]) -> None:
    entity = read_entity(body, CONTEXT, NOW)
    concise = represent(entity, CONTEXT, Shape(format="concise"))
    assert plain(read_entity(concise, CONTEXT, NOW)) == plain(entity)


@settings(max_examples=40, deadline=None)
@given(entities())
def test_another_context_means_the_same(body: dict[str, Any]) -> None:
    entity = read_entity(body, CONTEXT, NOW)
    assert plain(read_entity(represent(entity, CORE), CORE, NOW)) == plain(entity)


@settings(max_examples=40, deadline=None)
@given(entities())
def test_what_another_broker_tells_is_kept_with_its_times(body: dict[str, Any]) -> None:
    entity = read_entity(body, CONTEXT, NOW)
    told = represent(entity, CONTEXT, Shape(sys_attrs=True, instance_ids=True))
    assert read_entity(told, CONTEXT, LATER, rules=FOREIGN) == entity
    assert read_entity(represent(entity, CONTEXT, EVERYTHING), CONTEXT, LATER).created_at == LATER
