"""InfluxDB line protocol: plain lines by columns, odd ones one by one, and none lost between."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.telemetry.logic import line_protocol
from onecity.kernel.telemetry.logic.readings import Refusal, Refusals
from onecity.kernel.telemetry.tests.sample import T0

Row = tuple[str, str, int, float]
NS = T0 * 1000


def read(body: bytes, precision: str = "", now: int = 7) -> tuple[list[Row], list[Refusal]]:
    refusals = Refusals()
    found = line_protocol.parse(body, precision, now, refusals)
    rows = zip(
        found.entity.tolist(), found.attribute.tolist(), found.observed_at.tolist(), found.value.tolist(), strict=True
    )
    return sorted((found.entities[e], found.attributes[a], at, v) for e, a, at, v in rows), refusals.finish()


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        (f"air,entity=s-1,x=y pm10=1.5,no2=2i {NS}", [("s-1", "no2", T0, 2.0), ("s-1", "pm10", T0, 1.5)]),
        (f"cpu,host=box value=3u {NS}", [("box", "cpu", T0, 3.0)]),
        (f"cpu load=-1e-3 {NS}", [("cpu", "load", T0, -0.001)]),
        ("cpu load=1", [("cpu", "load", 7, 1.0)]),
        (f"cpu,entity=a\\ b\\,c load=1 {NS}", [("a b,c", "load", T0, 1.0)]),
        (f"# said\n\ncpu load=1 {NS}\r\n", [("cpu", "load", T0, 1.0)]),
    ],
)
def test_lines(line: str, rows: list[Row]) -> None:
    assert read(line.encode()) == (rows, [])


@pytest.mark.parametrize(
    ("precision", "stamp"),
    [
        ("ns", NS),
        ("n", NS),
        ("us", T0),
        ("u", T0),
        ("ms", T0 // 1000),
        ("s", T0 // 10**6),
        ("m", T0 // (6 * 10**7)),
        ("h", T0 // (36 * 10**8)),
    ],
)
def test_precisions(precision: str, stamp: int) -> None:
    assert read(f"cpu load=1 {stamp}".encode(), precision) == ([("cpu", "load", T0, 1.0)], [])
    assert read(f'cpu load=1,text="a b" {stamp}'.encode(), precision)[0] == [("cpu", "load", T0, 1.0)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"cpu", "malformed"),
        (b"cpu load", "malformed"),
        (b"cpu load=1 2 3", "malformed"),
        (b"cpu load=1 soon", "bad_time"),
        (b"cpu load=1 99999999999999999999", "bad_time"),
        (b"cpu load=t", "wrong_type"),
        (b'cpu load="high"', "wrong_type"),
        (b"cpu load=NaN", "wrong_type"),
        (b"cpu load=", "wrong_type"),
        (b"cpu load=0x10", "wrong_type"),
        (b"cpu load=1_000", "wrong_type"),
        (b"\xff load=1", "not_utf8"),
        (b",entity=a load=1,", "malformed"),
        (b"cpu load=1" + b"0" * 70_000, "too_large"),
    ],
)
def test_what_is_wrong_with_a_line(line: bytes, reason: str) -> None:
    assert [r.reason for r in read(line)[1]] == [reason]
    rows, refused = read(b"cpu load=1 5000\n" + line + b"\ncpu load=2 6000")
    assert rows == [("cpu", "load", 5, 1.0), ("cpu", "load", 6, 2.0)]
    assert [(r.reason, r.readings) for r in refused] == [(reason, 1)]


def test_a_line_without_a_name_in_front_is_malformed_alone_and_beside_others() -> None:
    for body in (b" y=0", b"cpu load=1 5000\n y=0", b"\x80\n y=0"):
        rows, refused = read(body)
        assert rows == ([("cpu", "load", 5, 1.0)] if b"cpu" in body else [])
        assert "malformed" in {r.reason for r in refused}


@pytest.mark.parametrize(
    "line",
    [
        b"\x00 load=1 5000",
        b"cpu,entity=a\x00b load=1 5000",
        b"cpu load=1=2 5000",
        b"cpu load=1.5i 5000",
        b"cpu load=1 +5000",
        b"\tcpu load=1 5000",
        b"cpu,entity=a,entity=b load=1 5000",
        b"cpu,entity=a=b load=1 5000",
        b"cpu,entity=,host=h load=1 5000",
        "cpu load=\u0661 5000".encode(),
    ],
)
def test_by_columns_as_line_by_line(line: bytes) -> None:
    broken = b"\xff load=1"  # text that is no UTF-8 has every line read on its own
    rows, refused = read(line)
    beside = read(line + b"\n" + broken)
    assert beside[0] == rows
    assert [r.reason for r in beside[1] if r.reason != "not_utf8"] == [r.reason for r in refused]


def test_a_refused_field_can_be_read_again_with_its_time() -> None:
    rows, refused = read(f"cpu,entity=a load=1,state=on {NS}".encode())
    assert rows == [("a", "load", T0, 1.0)]
    assert refused[0].raw == f"cpu,entity=a state=on {NS}".encode()


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=30),
            st.from_regex(r"[a-c],?[e= ,\\\"]{0,9}[xy]=-?[0-9.eiu]{1,4}( [0-9]{1,22})?", fullmatch=True).map(
                str.encode
            ),
        )
    )
)
def test_together_as_alone(items: list[bytes]) -> None:
    items = [item.replace(b"\n", b"").replace(b"\r", b"") for item in items]
    items = [item for item in items if item.strip() and not item.startswith(b"#")]
    rows, refused = read(b"\n".join(items))
    alone = [read(item) for item in items]
    assert rows == sorted(row for part in alone for row in part[0])
    assert sum(r.readings for r in refused) == sum(r.readings for part in alone for r in part[1])
    assert all(len(part[0]) + sum(r.readings for r in part[1]) >= 1 for part in alone)
