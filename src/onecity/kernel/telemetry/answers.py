"""Readings and figures as an API answers them: JSON by series with its unit, or a CSV table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl
from django.http import HttpRequest, HttpResponse
from numpy.typing import NDArray

from onecity.kernel.core import units
from onecity.kernel.core.openapi import Described
from onecity.kernel.telemetry.batch import Floats, Int32s, Int64s
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.query import Aggregates, Readings

CSV = "text/csv"
SECOND = 1_000_000

_TEXT: Described = {"type": "string"}
_SERIES: Described = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["id", "entity_id", "entity", "attribute", "unit", "symbol", "decimals", "points"],
        "properties": {
            "id": {"type": "integer"},
            "decimals": {"type": "integer"},
            "points": {
                "description": "time, then a value or one for each function",
                "type": "array",
                "items": {"type": "array", "minItems": 2, "items": {"type": ["string", "number", "null"]}},
            },
        }
        | dict.fromkeys(("entity_id", "entity", "attribute", "unit", "symbol"), _TEXT),
    },
}
READINGS_SCHEMA: Described = {
    "type": "object",
    "required": ["series", "next"],
    "properties": {"series": _SERIES, "next": {"type": ["string", "null"]}},
}
AGGREGATES_SCHEMA: Described = {
    "type": "object",
    "required": ["bucket_seconds", "zone", "functions", "series"],
    "properties": {
        "bucket_seconds": {"type": "integer"},
        "zone": _TEXT,
        "functions": {"type": "array", "items": _TEXT},
        "series": _SERIES,
    },
}
TABLE_SCHEMA: Described = {"type": "string", "description": "CSV (RFC 4180), UTF-8, with a line of names"}


def wants_csv(request: HttpRequest, format_: str) -> bool:
    """Whether the asker wants a table: `?format=csv`, or an Accept header that prefers it."""
    if format_:
        return format_ == "csv"
    return request.get_preferred_type(["application/json", CSV]) == CSV


def times(at: Int64s) -> list[str]:
    """Times (µs since 1970 UTC) in ISO 8601 with Z, as precise as they are."""
    moments: NDArray[np.datetime64] = at.astype("datetime64[us]")
    if np.any(at % SECOND):
        return [f"{text}Z" for text in np.datetime_as_string(moments, "us")]
    return [f"{text}Z" for text in np.datetime_as_string(moments, "s")]


def facts(series: Series) -> dict[str, Any]:
    """What a series is: unit as UCUM code and as people write it."""
    return {
        "id": series.pk,
        "entity_id": str(series.entity_id),
        "entity": series.entity_urn,
        "attribute": series.attribute,
        "unit": series.unit,
        "symbol": units.symbol(series.unit),
        "decimals": series.decimals,
    }


def readings_json(series: Sequence[Series], found: Readings, following: str | None) -> HttpResponse:
    """`series[].points` are [time, value]; `next` continues, null at the end."""
    members = {"series": list(_by_series(series, found.series_id, found.observed_at, [found.value])), "next": following}
    return _json(members)


def aggregates_json(series: Sequence[Series], found: Aggregates, seconds: int, zone: str) -> HttpResponse:
    """`series[].points` are [start of the bucket, a value for each of `functions`]."""
    columns = list(found.values.values())
    members = {
        "bucket_seconds": seconds,
        "zone": zone,
        "functions": list(found.values),
        "series": list(_by_series(series, found.series_id, found.bucket_start, columns)),
    }
    return _json(members)


def table(
    series: Sequence[Series], ids: Int32s, time_name: str, at: Int64s, values: Mapping[str, Floats]
) -> HttpResponse:
    """The rows as CSV: series, entity, attribute, unit, time, values."""
    order = np.array([one.pk for one in series], np.int64)
    sorter = np.argsort(order)
    place = pl.Series(sorter[np.searchsorted(order, ids, sorter=sorter)] if len(ids) else np.empty(0, np.int64))
    described = {
        "series": pl.Series(ids, dtype=pl.Int32),
        "entity": pl.Series([one.entity_urn for one in series], dtype=pl.String)[place],
        "attribute": pl.Series([one.attribute for one in series], dtype=pl.String)[place],
        "unit": pl.Series([one.unit for one in series], dtype=pl.String)[place],
        time_name: pl.Series(times(at), dtype=pl.String),
    }
    frame = pl.DataFrame(described | {name: pl.Series(column, dtype=pl.Float64) for name, column in values.items()})
    answer = HttpResponse(frame.write_csv(), content_type=f"{CSV}; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="telemetry.csv"'
    answer["Vary"] = "Accept"
    return answer


def _by_series(
    series: Sequence[Series], ids: Int32s, at: Int64s, columns: Sequence[Floats]
) -> Iterator[dict[str, Any]]:
    """Each series with its rows of arrays that are sorted by series."""
    for one in series:
        first, last = np.searchsorted(ids, [one.pk, one.pk + 1]).tolist()
        rows = [times(at[first:last]), *(column[first:last].tolist() for column in columns)]
        yield facts(one) | {"points": list(zip(*rows, strict=True))}


def _json(members: Mapping[str, Any]) -> HttpResponse:
    answer = HttpResponse(msgspec.json.encode(members), content_type="application/json")
    answer["Vary"] = "Accept"
    return answer
