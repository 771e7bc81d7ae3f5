"""Arrow streams in every form that is understood, and damaged ones that never get further than an error."""

import datetime as dt
import io
from typing import Literal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecity.kernel.telemetry.logic import arrow, arrow_frame
from onecity.kernel.telemetry.logic.readings import Refusal, Refusals
from onecity.kernel.telemetry.tests.sample import T0

IpcCompression = Literal["uncompressed", "lz4", "zstd"]
AT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def dump(frame: pl.DataFrame, compression: IpcCompression = "uncompressed") -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compression=compression)
    return buffer.getvalue()


def long_frame(count: int = 3) -> pl.DataFrame:
    return pl.DataFrame(
        {"entity": ["a", "b", "a"], "attribute": ["x", "x", "y"], "value": [1.0, 2.0, 3.0], "observed_at": [AT] * 3}
    ).head(count)


def read(body: bytes) -> tuple[list[tuple[str, str, int, float]], list[Refusal]]:
    refusals = Refusals()
    readings = arrow.parse(body, refusals)
    rows = zip(
        readings.entity.tolist(), readings.attribute.tolist(), readings.observed_at.tolist(), readings.value.tolist(),
        strict=True,
    )  # fmt: skip
    return sorted((readings.entities[e], readings.attributes[a], at, v) for e, a, at, v in rows), refusals.finish()


EXPECTED = [("a", "x", T0, 1.0), ("a", "y", T0, 3.0), ("b", "x", T0, 2.0)]


@pytest.mark.parametrize(
    "frame",
    [
        long_frame(),
        long_frame().with_columns(pl.col("entity").cast(pl.Categorical), pl.col("attribute").cast(pl.Categorical)),
        long_frame().with_columns(pl.col("entity").cast(pl.Enum(["a", "b"]))),
        long_frame().with_columns(pl.col("observed_at").dt.cast_time_unit("ns")),
        long_frame().with_columns(pl.col("observed_at").dt.cast_time_unit("ms")),
        long_frame().with_columns(pl.col("observed_at").dt.convert_time_zone("Asia/Shanghai")),
        long_frame().with_columns(observed_at=pl.lit(T0 // 1_000_000)),
        long_frame().with_columns(observed_at=pl.lit(T0 / 1000)),
        long_frame().with_columns(observed_at=pl.lit("2026-03-01T00:00:00Z")),
        long_frame().with_columns(pl.col("value").cast(pl.Float32)),
        long_frame().with_columns(pl.col("value").cast(pl.Int16), more=pl.lit("else")),
    ],
    ids=["plain", "categorical", "enum", "ns", "ms", "zone", "seconds", "float ms", "text", "float32", "int16"],
)
def test_long_form(frame: pl.DataFrame) -> None:
    assert read(dump(frame)) == (EXPECTED, [])


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_wide_form(compression: IpcCompression) -> None:
    frame = pl.DataFrame({"entity": ["a", "b"], "observed_at": [AT, AT], "x": [1.0, 2.0], "y": [3, None]})
    assert read(dump(frame, compression=compression)) == (EXPECTED, [])


def test_rows_that_are_not_whole_are_refused_alone() -> None:
    frame = pl.DataFrame(
        {
            "entity": ["a", None, "a", "a"],
            "attribute": ["x", "x", "x", "x"],
            "value": [1.0, 2.0, None, 4.0],
            "observed_at": [AT, AT, AT, None],
        }
    )
    rows, refused = read(dump(frame))
    assert rows == EXPECTED[:1]
    assert [(r.reason, r.readings, r.line) for r in refused] == [
        ("malformed", 1, 1),
        ("wrong_type", 1, 2),
        ("bad_time", 1, 3),
    ]


def test_wide_rows_that_are_not_whole_are_refused_value_by_value() -> None:
    frame = pl.DataFrame({"entity": ["a", "b"], "observed_at": [AT, None], "x": [1.0, 2.0], "y": [3, 4]})
    rows, refused = read(dump(frame))
    assert rows == [("a", "x", T0, 1.0), ("a", "y", T0, 3.0)]
    assert [(r.reason, r.readings) for r in refused] == [("bad_time", 2)]


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"x": [1]}),
        long_frame().drop("value").drop("observed_at"),
        long_frame().with_columns(value=pl.lit("1")),
        long_frame().with_columns(entity=pl.lit(1)),
        long_frame().with_columns(observed_at=pl.lit(value=True)),
        long_frame().with_columns(pl.col("observed_at").dt.replace_time_zone(None)),
        pl.DataFrame({"entity": ["a"], "observed_at": [AT], "x": ["text"]}),
    ],
)
def test_columns_that_do_not_fit(frame: pl.DataFrame) -> None:
    with pytest.raises(arrow.SchemaError):
        read(dump(frame))


def test_a_bomb_is_seen_before_it_is_unpacked() -> None:
    zeros = pl.DataFrame({"entity": ["a"], "observed_at": [AT]}).select(
        pl.all().repeat_by(200_000).explode(), x=pl.lit(0.0)
    )
    body = dump(zeros, compression="zstd")
    assert len(body) < 50_000
    arrow_frame.check(body, 200_000, 20_000_000)
    with pytest.raises(arrow_frame.TooLargeError):
        arrow_frame.check(body, 200_000, 1_000_000)
    with pytest.raises(arrow_frame.TooLargeError):
        arrow_frame.check(body, 199_999, 20_000_000)


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, 2000), st.integers(0, 255), st.booleans())
def test_damage_never_gets_further_than_an_error(noise: bytes, place: int, byte: int, cut: bool) -> None:
    body = bytearray(dump(long_frame()))
    body[place % len(body)] = byte
    for candidate in (noise, bytes(body[: place % len(body)]) if cut else bytes(body) + noise):
        try:
            arrow_frame.check(candidate, 1000, 1_000_000)
            rows, refused = read(candidate)
        except (arrow.SchemaError, arrow_frame.TooLargeError):
            continue
        assert len(rows) + sum(r.readings for r in refused) <= 3
