"""JSON lines: the columnar way and the careful way agree, and nothing in a body is overlooked."""

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.telemetry.logic import ndjson
from onecity.kernel.telemetry.logic.readings import Refusal, Refusals
from onecity.kernel.telemetry.tests.sample import T0

Json = dict[str, object]
Row = tuple[str, str, int, float, int]
AT = "2026-03-01T00:00:00Z"


def read(body: bytes, device: str | Sequence[str] = "") -> tuple[list[Row], list[Refusal], list[tuple[int, str]]]:
    refusals = Refusals()
    readings, units = ndjson.parse(body, refusals, device)
    rows = [
        (readings.entities[e], readings.attributes[a], at, value, line)
        for e, a, at, value, line in zip(
            readings.entity.tolist(),
            readings.attribute.tolist(),
            readings.observed_at.tolist(),
            readings.value.tolist(),
            readings.line.tolist(),
            strict=True,
        )
    ]
    return sorted(rows), refusals.finish(), units


def lines(*items: str | Mapping[str, object]) -> bytes:
    return "\n".join(item if isinstance(item, str) else json.dumps(item) for item in items).encode()


def flat(
    entity: object = "a", attribute: object = "pm2_5", value: object = 1.5, at: object = AT, **more: object
) -> Json:
    return {"entity": entity, "attribute": attribute, "value": value, "observed_at": at, **more}


def test_flat_and_wide_lines() -> None:
    rows, refused, units = read(lines(flat(), {"entity": "b", "observed_at": AT, "values": {"pm10": 2, "pm2_5": 3}}))
    assert rows == [("a", "pm2_5", T0, 1.5, 0), ("b", "pm10", T0, 2.0, 1), ("b", "pm2_5", T0, 3.0, 1)]
    assert refused == []
    assert units == []


def test_times_as_numbers() -> None:
    rows, refused, _units = read(lines(flat(at=1_772_323_200), flat(at=1_772_323_201_000)))
    assert [row[2] for row in rows] == [T0, T0 + 1_000_000]
    assert refused == []


def test_one_bad_line_harms_no_other() -> None:
    body = lines(*(flat(value=float(number)) for number in range(1200)), "{", flat(value=9999.0))
    rows, refused, _units = read(body)
    assert len(rows) == 1201
    assert [(r.reason, r.readings, r.line, r.raw) for r in refused] == [("malformed", 1, 1200, b"{")]


def test_an_attribute_first_seen_at_the_end_is_not_overlooked() -> None:
    body = lines(*({"entity": "a", "observed_at": AT, "values": {"pm10": 1}} for _ in range(100)))
    body += b"\n" + lines({"entity": "a", "observed_at": AT, "values": {"no2": 7}})
    rows, refused, _units = read(body)
    assert len(rows) == 101
    assert ("a", "no2", T0, 7.0, 100) in rows
    assert refused == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{}", "malformed"),
        (b"5", "malformed"),
        (b"null", "malformed"),
        (b'"text"', "malformed"),
        (b"[1]", "malformed"),
        (b'{"entity": "a"', "malformed"),
        (b'\xff\xfe{"entity": 1}', "not_utf8"),
        (lines(flat(entity=5)), "wrong_type"),
        (lines(flat(attribute=None)), "wrong_type"),
        (lines(flat(value="1.5")), "wrong_type"),
        (lines(flat(value=True)), "wrong_type"),
        (lines(flat(value=None)), "wrong_type"),
        (lines(flat(value=[1])), "wrong_type"),
        (lines(flat(at="2026-03-01T00:00:00")), "bad_time"),
        (lines(flat(at=None)), "bad_time"),
        (lines(flat(at=True)), "bad_time"),
        (lines(flat(entity="")), "malformed"),
        (lines(flat(entity="e" * 300)), "malformed"),
        (lines({"entity": "a", "observed_at": AT}), "malformed"),
        (lines({"entity": "a", "observed_at": AT, "values": {}}), "wrong_type"),
        (lines({"entity": "a", "observed_at": AT, "values": 5}), "wrong_type"),
        (lines(flat(values={"pm10": 1})), "malformed"),
        (b'{"entity":"a","entity":"b","attribute":"pm10","value":1,"observed_at":1}', "malformed"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_large"),
        (b'{"a":' * 9_000 + b"1" + b"}" * 9_000, "malformed"),
        (lines(flat(value=1, pad="x" * 70_000)), "too_large"),
    ],
)
def test_what_is_wrong_with_a_line(line: bytes, reason: str) -> None:
    rows, refused, _units = read(line)
    assert rows == []
    assert {r.reason for r in refused} == {reason}
    assert (sum(r.readings for r in refused), sum(r.kept for r in refused)) == (1, 1)
    between, refused, _units = read(lines(flat()) + b"\n" + line + b"\n" + lines(flat(attribute="pm10")))
    assert [row[:2] for row in between] == [("a", "pm10"), ("a", "pm2_5")]
    assert {r.reason for r in refused} == {reason}


def test_numbers_that_are_not_finite_are_left_to_admission() -> None:
    rows, refused, _units = read(b'{"entity":"a","attribute":"x","value":1e400,"observed_at":1}')
    assert rows[0][3] == float("inf")
    assert refused == []


def test_of_a_wide_line_only_the_wrong_value_is_refused() -> None:
    rows, refused, _units = read(lines({"entity": "a", "observed_at": AT, "values": {"pm10": 1, "no2": "x"}}))
    assert rows == [("a", "pm10", T0, 1.0, 0)]
    assert [(r.reason, r.readings) for r in refused] == [("wrong_type", 1)]
    assert json.loads(refused[0].raw) == {"entity": "a", "observed_at": AT, "attribute": "no2", "value": "x"}


def test_other_members_are_passed_over_and_units_are_reported() -> None:
    rows, refused, units = read(lines(flat(quality="good", unit="mg/m3")))
    assert rows == [("a", "pm2_5", T0, 1.5, 0)]
    assert refused == []
    assert units == [(0, "mg/m3")]


def test_each_line_is_refused_as_from_its_own_device() -> None:
    _rows, refused, _units = read(b"x\ny\nx", ["d1", "d2", "d1"])
    assert [(r.device, r.readings) for r in refused] == [("d1", 2), ("d2", 1)]


def test_a_key_hidden_by_a_blank_is_found() -> None:
    body = b'{"entity":"a","observed_at":1,"values":{"pm10":1,"odd" :2}}\n{"entity":"a","observed_at":2,"values":{"pm10":1}}'
    rows, _refused, _units = read(body)
    assert len(rows) == 3


def test_an_array_and_a_spread_object_become_lines() -> None:
    assert ndjson.split_array(b'[{"a":1},\n {"b":\n2}]') == b'{"a":1}\n{"b": 2}'
    assert ndjson.split_array(b"[1, 2") is None
    assert ndjson.single(b'{\n"a": 1\n}') == b'{ "a": 1 }'
    assert ndjson.single(b'{"a": 1}\n{"b": 2}') is None


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
objects = st.dictionaries(
    st.sampled_from(["entity", "attribute", "value", "values", "observed_at", "unit", "x"]),
    st.one_of(values, st.dictionaries(st.sampled_from(["pm10", "pm2_5", "x"]), values, max_size=3)),
    max_size=6,
)
good = st.builds(
    lambda value, wide: json.dumps(
        {"entity": "a", "observed_at": AT, "values": {"pm10": value, "no2": value}} if wide else flat(value=value)
    ),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)


@settings(deadline=None)
@given(st.lists(st.one_of(good.map(str.encode), objects.map(lambda o: json.dumps(o).encode()), st.binary(max_size=40))))
def test_together_as_alone(items: list[bytes]) -> None:
    """Columns or line by line, a line means the same; and every line that is not blank is read or refused."""
    items = [item.replace(b"\n", b" ").replace(b"\r", b" ") for item in items]
    items = [item for item in items if item.strip()]
    rows, refused, _units = read(b"\n".join(items))
    alone = [read(item) for item in items]
    assert repr(sorted(row[:4] for row in rows)) == repr(sorted(row[:4] for part in alone for row in part[0]))
    assert sum(r.readings for r in refused) == sum(r.readings for part in alone for r in part[1])
    assert all(len(part[0]) + sum(r.readings for r in part[1]) >= 1 for part in alone)


def test_a_line_too_large_is_kept_whole() -> None:
    line = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    _rows, refused, _units = read(line)
    assert b"".join(refusal.raw for refusal in refused) == line


def test_a_line_with_an_empty_object_among_others_is_refused() -> None:
    body = lines(
        {"entity": "a", "observed_at": AT, "values": {}}, {"entity": "a", "observed_at": AT, "values": {"x": 1}}
    )
    rows, refused, _units = read(body)
    assert [row[1] for row in rows] == ["x"]
    assert [(r.reason, r.readings, r.line) for r in refused] == [("wrong_type", 1, 0)]
