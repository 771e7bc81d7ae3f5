"""The chain of the audit trail as plain data: any one change is found and named."""

import datetime as dt
import hashlib
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.access.logic.chain import (
    CHAINS,
    Event,
    Finding,
    Head,
    Stored,
    canonical,
    chain_of,
    digest,
    findings,
)

AT = dt.datetime(2026, 11, 25, 8, 0, tzinfo=dt.UTC)


def make(count: int, chain: int = 3, algorithm: str = "sha256") -> list[Stored]:
    rows: list[Stored] = []
    for seq in range(1, count + 1):
        event = Event(
            id=UUID(int=seq), chain=chain, seq=seq, at=AT + dt.timedelta(seconds=seq), actor_id=UUID(int=9),
            action="case.closed", object_type="case", object_id=str(seq), division_path="adm/1/", purpose="",
            detail=canonical({"note": "办结", "n": seq}), algorithm=algorithm, prev_hash=rows[-1].hash if rows else "",
        )  # fmt: skip
        rows.append(Stored(event, digest(event)))
    return rows


def judge(rows: list[Stored], head: Head | None, chain: int = 3) -> list[tuple[str, int, int | None]]:
    found = findings(rows, {chain: head} if head else {})
    return [(f.what, f.seq, f.id.int if f.id else None) for f in found]


def forge(event: Event, field: str) -> Event:
    values: dict[str, Any] = {name: getattr(event, name) for name in Event.__dataclass_fields__}
    return Event(**values | {field: "forged"})


def head_of(rows: list[Stored]) -> Head:
    return Head(rows[-1].event.seq, rows[-1].hash)


@pytest.mark.parametrize("algorithm", ["sha256", "sm3"])
def test_an_untouched_chain_is_sound(algorithm: str) -> None:
    if algorithm not in hashlib.algorithms_available:
        pytest.skip("this OpenSSL has no SM3")
    rows = make(5, algorithm=algorithm)
    assert judge(rows, head_of(rows)) == []


def test_chains_do_not_disturb_each_other() -> None:
    first, second = make(3, chain=1), make(4, chain=2)
    heads = {1: head_of(first), 2: head_of(second)}
    assert list(findings(first + second, heads)) == []
    assert list(findings(first, heads)) == [Finding("removed", 2, 1, None, "events 1 to 4 are missing at the end")]


@given(st.integers(1, 8), st.data())
def test_a_changed_event_is_named(count: int, data: st.DataObject) -> None:
    rows = make(count)
    at = data.draw(st.integers(0, count - 1))
    head = head_of(rows)
    field = data.draw(st.sampled_from(["action", "object_id", "division_path", "purpose", "detail"]))
    rows[at] = Stored(forge(rows[at].event, field), rows[at].hash)
    assert judge(rows, head) == [("changed", at + 1, at + 1)]


@given(st.integers(1, 8), st.data())
def test_a_changed_event_with_a_new_hash_is_named_by_its_successor_or_the_head(count: int, data: st.DataObject) -> None:
    rows = make(count)
    at = data.draw(st.integers(0, count - 1))
    head = head_of(rows)
    forged = replace(rows[at].event, action="forged")
    rows[at] = Stored(forged, digest(forged))
    assert judge(rows, head) == [("changed", at + 1, at + 1)]


@given(st.integers(1, 8), st.data())
def test_removed_events_are_named_wherever_they_stood(count: int, data: st.DataObject) -> None:
    rows = make(count)
    head = head_of(rows)
    first = data.draw(st.integers(0, count - 1))
    last = data.draw(st.integers(first, count - 1))
    del rows[first : last + 1]
    found = list(findings(rows, {3: head}))
    place = "at the end" if last == count - 1 else "in between"
    assert found == [Finding("removed", 3, first + 1, None, f"events {first + 1} to {last + 1} are missing {place}")]


def test_an_inserted_event_is_named() -> None:
    rows = make(4)
    head = head_of(rows)
    after = replace(rows[3].event, id=UUID(int=77), seq=5, prev_hash=rows[3].hash)
    assert judge([*rows, Stored(after, digest(after))], head) == [("inserted", 5, 77)]
    twin = replace(rows[1].event, id=UUID(int=78))
    assert judge([*rows[:2], Stored(twin, digest(twin)), *rows[2:]], head) == [("inserted", 2, 78)]
    zero = replace(rows[0].event, id=UUID(int=79), seq=0)
    assert judge([Stored(zero, digest(zero)), *rows], head) == [("inserted", 0, 79)]


def test_a_lost_head_and_an_unknown_hash_are_found() -> None:
    rows = make(2)
    assert judge(rows, None) == [("removed", 0, None)]
    rows[1] = Stored(replace(rows[1].event, algorithm="md5"), rows[1].hash)
    assert judge(rows, head_of(rows)) == [("changed", 2, 2)]
    with pytest.raises(ValueError, match="unknown hash 'md5'"):
        digest(rows[1].event)


def test_a_finding_reads_as_a_sentence() -> None:
    assert str(Finding("changed", 3, 7, UUID(int=1), "its content no longer has the hash stored with it")) == (
        "changed: event 00000000-0000-0000-0000-000000000001 (chain 3, number 7):"
        " its content no longer has the hash stored with it"
    )


def test_the_chain_follows_the_actor() -> None:
    assert chain_of(UUID(int=1), "a") == chain_of(UUID(int=1), "b")
    assert {chain_of(UUID(int=n), "") for n in range(400)} == set(range(CHAINS))
