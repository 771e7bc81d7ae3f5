"""Whether photos show what a step needs: enough of them, taken at the place, and lately."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from onecity.kernel.cases.logic.provisions import Evidence
from onecity.kernel.core.geometry import distance_m

Lack = Literal["few", "position", "far", "old"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where (WGS-84 degrees, None: not said) and when a file was taken, and whether it is a picture."""

    lon: float | None
    lat: float | None
    at: dt.datetime
    picture: bool = True


def missing(
    rule: Evidence, files: Sequence[Place], lon: float | None, lat: float | None, at: dt.datetime
) -> list[Lack]:
    """What is missing for the case at `lon`, `lat`: at least `minimum` pictures must satisfy everything; else the first
    thing that too many of them lack. A case without a point cannot ask how near they were."""
    left = [file for file in files if file.picture]
    if len(left) < rule.minimum:
        return ["few"]
    if rule.position or rule.within_m is not None:
        left = [file for file in left if file.lon is not None and file.lat is not None]
        if len(left) < rule.minimum:
            return ["position"]
    if rule.within_m is not None and lon is not None and lat is not None:
        left = [file for file in left if _distance(file, lon, lat) <= rule.within_m]
        if len(left) < rule.minimum:
            return ["far"]
    if rule.within_hours is not None:
        oldest = at - dt.timedelta(hours=rule.within_hours)
        left = [file for file in left if file.at >= oldest]
        if len(left) < rule.minimum:
            return ["old"]
    return []


def _distance(file: Place, lon: float, lat: float) -> float:
    return float(distance_m(file.lon or 0.0, file.lat or 0.0, lon, lat))
