"""Whatever bytes come through a door: never a fault of ours, and nothing disappears."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.collector import Collector
from onecity.kernel.telemetry.ingest import body, formats
from onecity.kernel.telemetry.tests.sample import T0, two_stations

KNOWN = two_stations()
KINDS = ["", "application/json", "application/x-ndjson", formats.ARROW_TYPE, "text/html", "application/geo+json"]

reading = st.fixed_dictionaries(
    {
        "entity": st.sampled_from(["a", "b", "z", 5, None, "\ud800", "a\0"]),
        "observed_at": st.sampled_from([T0 // 10**6, "2026-03-01T00:00:00Z", "x", None, 1e300, -1]),
        "values": st.dictionaries(
            st.sampled_from(["pm2_5", "pm10", "x", "\ud800", ""]),
            st.one_of(st.floats(), st.integers(), st.none(), st.text(max_size=3), st.booleans()),
            max_size=3,
        ),
    }
)
documents = st.one_of(
    st.binary(max_size=80),
    reading.map(lambda r: json.dumps(r).encode()),
    st.lists(reading, max_size=4).map(lambda rs: json.dumps(rs, indent=1).encode()),
    st.lists(reading, max_size=4).map(lambda rs: "\n".join(map(json.dumps, rs)).encode()),
    st.text(alphabet='{}[]",:0eEntiy\\ \n\t', max_size=40).map(str.encode),
)


def total(taken: formats.Taken) -> int:
    return len(taken.batch) + taken.refusals.readings


@settings(deadline=None)
@given(documents, st.sampled_from(KINDS), st.sampled_from(["", "gzip", "deflate", "br"]))
def test_http(data: bytes, kind: str, encoding: str) -> None:
    try:
        taken = formats.take(body.inflate(data, encoding), kind, KNOWN, KNOWN.devices["d1"], T0)
    except body.UnreadableError as problem:
        code = problem.code
    except Problem as problem:
        code = problem.code
    else:
        accounted(taken)
        return
    assert code in {"nothing_sent", "encoding_not_supported", "body_damaged"} or not data


def accounted(taken: formats.Taken) -> None:
    assert total(taken) >= 1
    if taken.problem is not None:
        (refusal,) = taken.refusals.finish()
        assert (refusal.reason, refusal.readings, len(taken.batch)) == ("unreadable", 1, 0)
        assert 400 <= taken.problem.status < 500
        return
    for refusal in taken.refusals.finish():
        assert refusal.raw.count(b"\n") == max(refusal.kept - 1, 0)
        refusal.detail.encode()


@settings(deadline=None)
@given(st.lists(reading, min_size=1, max_size=6))
def test_every_value_of_well_formed_json_is_accounted_for(readings: list[dict[str, dict[str, object]]]) -> None:
    text = "\n".join(json.dumps(r) for r in readings).encode()
    taken = formats.take(text, "", KNOWN, KNOWN.devices["d1"], T0)
    # a line without a single value is one thing refused
    assert total(taken) == sum(max(len(r["values"]), 1) for r in readings)


@settings(deadline=None)
@given(st.binary(max_size=120), st.sampled_from(["", "s", "ms", "fortnight"]))
def test_line_protocol(data: bytes, precision: str) -> None:
    try:
        taken = formats.take_lines(data, precision, KNOWN, KNOWN.devices["d1"], T0)
    except Problem as problem:
        code = problem.code
    else:
        code = ""
    assert code in {"", "nothing_sent"} or not data
    if code:
        return
    assert total(taken) >= 1
    assert (taken.problem is not None) == (precision == "fortnight")


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["d1", "d2", "dx", "\udcff"]), documents), max_size=6))
def test_mqtt(messages: list[tuple[str, bytes]]) -> None:
    batch, refusals, _floods = Collector().collect(KNOWN, messages, T0)
    refused = refusals.finish()
    assert len(batch) + sum(r.readings for r in refused) >= sum(
        1 for _name, data in messages if data.strip() not in {b"[]", b"[\n]"}
    )
    assert {1, 2, 3, 4, 5}.issuperset(batch.series_id.tolist())
