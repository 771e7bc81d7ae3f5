"""Identifiers sort by time, carry it, and never repeat."""

import datetime as dt
import uuid

import pytest

from onecity.kernel.core.ids import made_at, new_id, parse_id


def test_ids_are_version_7_increasing_and_distinct() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == 20_000
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}


def test_time_of_the_example_in_rfc_9562_appendix_a_6() -> None:
    example = uuid.UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")
    assert made_at(example) == dt.datetime(2022, 2, 22, 19, 22, 22, tzinfo=dt.UTC)


def test_another_version_carries_no_time() -> None:
    with pytest.raises(ValueError, match="version 4, not 7"):
        made_at(uuid.uuid4())


@pytest.mark.parametrize("text", ["", "x", "017F22E2", "017F22E2-79B0-7CC3-98C4-DC0C0C07398FF"])
def test_text_that_is_no_id_gives_none(text: str) -> None:
    assert parse_id(text) is None


def test_text_of_an_id_is_read_back() -> None:
    one = new_id()
    assert parse_id(str(one)) == one
