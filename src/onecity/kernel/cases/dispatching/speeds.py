"""How fast units drive at which hour: a table that is data, read once, in the hours of the district's clock.

A district that knows better puts a file of the same form as `travel_speeds.json` into its home.
"""

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Annotated, Final

import msgspec
from django.conf import settings

from onecity.kernel.cases import calendars
from onecity.kernel.cases.dispatching.logic.travel import StreetGrid

FILE: Final = "travel_speeds.json"
SHIPPED: Final = Path(__file__).parents[1] / "data" / FILE
HOURS: Final = 24
MINUTES: Final = 60.0
Speeds = Annotated[tuple[Annotated[float, msgspec.Meta(gt=0, le=150)], ...], msgspec.Meta(min_length=24, max_length=24)]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean speeds in km/h along the streets by hour of the day, for working days and for others; `basis`: where from."""

    format: str
    unit: str
    basis: str
    working_day: Speeds
    free_day: Speeds


@cache
def table() -> Table:
    """The district's own table where its home has one, else the one shipped; raises ValueError for one that is none."""
    own: Path = settings.ONECITY_HOME / FILE
    path = own if own.is_file() else SHIPPED
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Table)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    if (found.format, found.unit) != ("onecity.travel-speeds/1", "km/h"):
        raise ValueError(f"{path}: not a table of speeds in km/h")
    return found


def grid(at: dt.datetime) -> StreetGrid:
    """Streets at the speed of this moment, between the hours as straight lines: nothing jumps when the clock strikes."""
    calendar = calendars.office()
    local = at.astimezone(calendar.zone)
    row = table().working_day if calendar.is_working_day(local.date()) else table().free_day
    share = (local.minute + local.second / MINUTES) / MINUTES
    speed = row[local.hour] * (1 - share) + row[(local.hour + 1) % HOURS] * share
    return StreetGrid(speed / MINUTES)


def over(start: dt.datetime, minutes: float) -> StreetGrid:
    """Streets at the mean speed of a shift that begins at `start`: as long on the way as at each hour's own speed."""
    hours = max(1, round(minutes / MINUTES))
    slowness = [1 / grid(start + dt.timedelta(hours=hour)).km_per_minute for hour in range(hours)]
    return StreetGrid(len(slowness) / sum(slowness))
