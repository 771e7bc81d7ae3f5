"""How fast histories are answered: one series over a year of minutes, and the day's mean of ten thousand series.

A process of its own beside the running platform; it puts the readings into the store in the form that closed days have.
"""

import asyncio
import datetime as dt
import json
import random
import sys
import time
from typing import Any, Final

from django.db import connection

from onecity.kernel.telemetry import store, upkeep
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service
from onecity.kernel.twin.bench.client import Load, load, request

PATH: Final = "/ngsi-ld/v1/temporal/entities"
DAYS, MINUTES = 365, 1440
YEARLY: Final = 20  # series with a whole year of minutes; one of them is asked for
KIND = EntityType(
    name="BenchStation",
    title="Station",
    attributes=tuple(Attribute(f"value{n}", f"Value {n}", "Cel", -1000, 1000) for n in range(5)),
    max_age=dt.timedelta(hours=2),
)
FILL = """
INSERT INTO {part} (series_id, observed_at, value)
SELECT s, %s::timestamptz + n * interval '1 minute', sin(n / 100.0 + s) * 20 + s %% 7
FROM unnest(%s::int[]) s, LATERAL generate_series(0, %s + s * 0) n
"""
NEWEST = """
INSERT INTO telemetry_latest (series_id, observed_at, value)
SELECT s, %s, 1.5 FROM unnest(%s::int[]) s
ON CONFLICT (series_id) DO UPDATE SET observed_at = excluded.observed_at
"""


def stations(number: int) -> list[int]:
    """Put stations in place; returns the numbers of their series."""
    for key in range(number):
        service.upsert_entity(
            type=KIND, key=f"{key:05}", name=f"Station {key}", division_path="", lon=121.5, lat=30.9, public=True
        )
    return list(Series.objects.filter(entity_type=KIND.name).order_by("entity_urn", "id").values_list("id", flat=True))


def fill(day: dt.date, series: list[int]) -> None:
    """A day of minutes of these series, in the order of a sorted day, with its hourly sums."""
    store.create_partition(day)
    start = dt.datetime.combine(day, dt.time(), dt.UTC)
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(part=store.partition(day)), [start, series, MINUTES - 1])
        cursor.execute(
            "UPDATE telemetry_day SET readings = readings + %s, changed_at = now() WHERE day = %s",
            [len(series) * MINUTES, day],
        )
        cursor.execute(f"VACUUM (FREEZE, ANALYZE) {store.partition(day)}")
        cursor.execute(NEWEST, [start + dt.timedelta(minutes=MINUTES - 1), series])
    upkeep.roll_up_day(day)


async def measure(port: int, first: dt.date, last: dt.date, urn: str, stations_: int, *, quick: bool) -> dict[str, Any]:
    """All figures; raises RuntimeError where requests were refused."""
    chooser = random.Random(2)  # noqa: S311 - the same load each time
    days = (last - first).days

    def page(form: str) -> bytes:
        at = dt.datetime.combine(first + dt.timedelta(days=chooser.randrange(max(days - 10, 1))), dt.time(), dt.UTC)
        return request("GET", f"{PATH}/{urn}?attrs=value0&timerel=after&timeAt={at:%Y-%m-%dT%H:%M:%SZ}{form}")

    year = f"{PATH}/{urn}?attrs=value0&timerel=between&timeAt={first}T00:00:00Z&endTimeAt={last}T00:00:00Z"
    gathered = "&format=aggregatedValues&aggrMethods=avg,min,max&aggrPeriodDuration=P1D"
    day = f"timerel=between&timeAt={last - dt.timedelta(days=1)}T00:00:00Z&endTimeAt={last}T00:00:00Z"
    mean = f"{PATH}?type=BenchStation&{day}&format=aggregatedValues&aggrMethods=avg&limit={stations_}"
    number = 20 if quick else 200
    found: dict[str, Load] = {}
    for name, form in (("page", ""), ("page_simplified", "&format=temporalValues")):
        await load(port, lambda _n, form=form: page(form), 20, 2)  # type: ignore[misc]  # bound now
        found[name] = await load(port, lambda _n, form=form: page(form), number, 1)  # type: ignore[misc]  # same
    for name, address, times in (
        ("last", f"{PATH}/{urn}?attrs=value0&lastN=100", number),
        ("year", year + gathered, number),
        ("mean", mean, 3 if quick else 10),
    ):
        text = request("GET", address)
        await load(port, lambda _n, text=text: text, 4, 2)  # type: ignore[misc]  # bound now
        found[name] = await load(port, lambda _n, text=text: text, times, 1)  # type: ignore[misc]  # same
    refused = {name: one.failed for name, one in found.items() if one.failed}
    if refused:
        raise RuntimeError(f"requests were refused: {refused}")
    return {
        "temporal_page_p95_ms": round(found["page"].p95_ms, 1),
        "temporal_page_simplified_p95_ms": round(found["page_simplified"].p95_ms, 1),
        "temporal_last100_p95_ms": round(found["last"].p95_ms, 1),
        "temporal_year_by_day_p95_ms": round(found["year"].p95_ms, 1),
        "temporal_day_mean_s": round(found["mean"].p95_ms / 1000, 3),
    }


def main(port: int, *, quick: bool) -> dict[str, Any]:
    """Fill, measure; the figures with their sizes."""
    number = 200 if quick else 2000
    days = 30 if quick else DAYS
    begun = time.monotonic()
    series = stations(number)
    last = dt.datetime.now(dt.UTC).date()
    first = last - dt.timedelta(days=days)
    for n in range(days - 1):
        fill(first + dt.timedelta(days=n), series[:YEARLY])
    fill(last - dt.timedelta(days=1), series)
    urn = Series.objects.get(id=series[0]).entity_urn
    connection.close()
    seconds = time.monotonic() - begun
    figures = asyncio.run(measure(port, first, last, urn, number, quick=quick))
    sizes = {
        "series": len(series),
        "days": days,
        "series_with_all_days": YEARLY,
        "readings": (days - 1) * YEARLY * MINUTES + len(series) * MINUTES,
        "readings_of_a_page": 10_000,
        "filled_in_s": round(seconds),
    }
    return figures | {"temporal_sizes": sizes}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[2]), quick=sys.argv[1] == "quick")) + "\n")
