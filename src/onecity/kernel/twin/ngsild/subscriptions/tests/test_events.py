"""What changes mean, and what an entity was before them."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.twin.models.change import Operation
from onecity.kernel.twin.ngsild.model import merging
from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity
from onecity.kernel.twin.ngsild.subscriptions.events import Event, sets_off, states, touched

AT = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
NONE: frozenset[str] = frozenset()


def prop(value: Any, at: str = "t", **more: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "createdAt": "t", "modifiedAt": at} | more


def event(operation: int, changes: dict[str, Any], previous: dict[str, Any] | None = None, number: int = 1) -> Event:
    made = Event(
        number, "1", AT, f"t{number}", "", UUID(int=1), "urn:a:1", ("A",), operation, changes, previous or {}, "", False
    )
    made.touched = touched(made)
    return made


@pytest.mark.parametrize(
    ("before", "after", "happened"),
    [
        (None, [prop(1)], {"attributeCreated"}),
        ([prop(1)], [prop(2, "u")], {"attributeUpdated"}),
        ([prop(1)], [prop(1, "u")], set()),
        ([prop(1)], [prop(1.0, "u")], set()),
        ([prop(1)], [prop(True, "u")], {"attributeUpdated"}),
        ([prop(1)], [prop(1, observedAt="x")], {"attributeUpdated"}),
        ([prop(1, sub=prop(1))], [prop(1, sub=prop(2))], {"attributeUpdated"}),
        ([prop(1, sub=prop(1))], [prop(1, sub=prop(1, "u"))], set()),
        ([prop(1)], None, {"attributeDeleted"}),
        ([prop(1)], [prop(1), prop(2, datasetId="urn:d:1")], {"attributeCreated"}),
        ([prop(1), prop(2, datasetId="urn:d:1")], [prop(3)], {"attributeUpdated", "attributeDeleted"}),
    ],
)
def test_what_happened_to_an_attribute(before: Any, after: Any, happened: set[str]) -> None:
    found = event(Operation.UPDATED, {"a": after}, {"a": before}).touched
    assert found == ({"a": frozenset(happened)} if happened else {})


def test_types_and_scopes_are_no_attributes() -> None:
    assert event(Operation.UPDATED, {"type": ["A", "B"], "scope": ["/x"], "expiresAt": "t"}).touched == {}


def test_what_sets_a_subscription_off() -> None:
    created = event(Operation.CREATED, {"a": [prop(1)]})
    deleted = event(Operation.DELETED, {}, {"a": [prop(1)]})
    updated = event(Operation.UPDATED, {"a": [prop(2)]}, {"a": [prop(1)]})
    usual = frozenset({"attributeCreated", "attributeUpdated"})
    assert [sets_off(one, usual, NONE) for one in (created, deleted, updated)] == [True, False, True]
    for trigger, wanted in (("entityCreated", created), ("entityDeleted", deleted), ("attributeUpdated", updated)):
        triggers = frozenset({trigger})
        assert [sets_off(one, triggers, NONE) for one in (created, deleted, updated)] == [
            one is wanted for one in (created, deleted, updated)
        ]
        assert sets_off(wanted, triggers, frozenset({"a", "b"}))
        assert not sets_off(wanted, triggers, frozenset({"b"}))


NAMES = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "drop", "delete", "create"]), NAMES, st.integers(0, 2)), min_size=1, max_size=12
)


@given(STEPS)
def test_undoing_leads_back_through_every_state(steps: list[tuple[str, str, int]]) -> None:
    current: StoredEntity | None = None
    events: list[Event] = []
    truth: list[tuple[dict[str, Any] | None, dict[str, Any] | None]] = []
    for number, (what, name, value) in enumerate(steps):
        done = _step(current, what, name, value, f"t{number}")
        if done is None:
            continue
        operation, after, changes, previous = done
        events.append(event(operation, changes, previous, number))
        truth.append((None if current is None else current.attributes, None if after is None else after.attributes))
        current = after
    found = [
        (None if before is None else before.attributes, None if after is None else after.attributes)
        for before, after in states(current, events)
    ]
    assert found == truth


def _step(
    current: StoredEntity | None, what: str, name: str, value: int, at: str
) -> tuple[int, StoredEntity | None, dict[str, Any], dict[str, Any]] | None:
    if current is None:
        if what != "create":
            return None
        entity = StoredEntity("urn:a:1", ("A",), (), {name: [prop(value, at)]}, at, at)
        outcome = merging.created(entity)
        return Operation.CREATED, outcome.entity, dict(outcome.changed), {}
    if what == "delete":
        return Operation.DELETED, None, {}, dict(current.attributes)
    made = _changed(current, what, name, value, at)
    if made is None:
        return None
    return Operation.UPDATED, made.entity, dict(made.changed), dict(made.previous)


def _changed(current: StoredEntity, what: str, name: str, value: int, at: str) -> Outcome | None:
    if what == "drop":
        if name not in current.attributes:
            return None
        return merging.delete_attribute(current, name, None, delete_all=True, now=at)
    return merging.replace(
        current, StoredEntity("urn:a:1", ("A",), (), current.attributes | {name: [prop(value, at)]}, at, at), at
    )
