"""How recorded files are read: one declaration for each kind of file, so that a new data set is a few lines of data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from onecity.domains.environment.domain import AIR_STATION, NOISE_STATION
from onecity.kernel.telemetry.types import EntityType

_POINTS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
COMPASS: Mapping[str, float] = MappingProxyType({point: 22.5 * k for k, point in enumerate(_POINTS)})
"""The sixteen points of the compass rose in degrees, north = 0, clockwise."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: which attribute it holds and in which unit (UCUM); `words` translates text to numbers."""

    source: str
    attribute: str
    unit: str
    words: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """How to read one kind of file.

    `place` names the foreign place that was measured, so that no page takes it for the district's own; `zone` is the
    time zone of local times, empty where the publisher states none and the caller has to say. `minutes` is what one
    reading stands for. The station's name is the file's.
    """

    name: str
    title: str
    entity_type: EntityType
    columns: tuple[Column, ...]
    place: str
    source: str
    licence: str
    minutes: float
    zone: str = ""
    time_column: str = "observed_at"
    properties: Mapping[str, str] = field(default_factory=dict)


BEIJING_AIR = Profile(
    name="beijing_air",
    title="Beijing multi-site air quality, hourly, 2013-2017",
    entity_type=AIR_STATION,
    columns=(
        Column("pm2_5", "pm2_5", "ug/m3"),
        Column("pm10", "pm10", "ug/m3"),
        Column("so2", "so2", "ug/m3"),
        Column("no2", "no2", "ug/m3"),
        Column("co", "co", "ug/m3"),
        Column("o3", "o3", "ug/m3"),
        Column("temp_c", "temperature", "Cel"),
        Column("pressure_hpa", "pressure", "hPa"),
        Column("wind_dir", "wind_direction", "deg", COMPASS),
        Column("wind_speed_ms", "wind_speed", "m/s"),
    ),
    place="Beijing",
    source="S. Chen and co-authors, Beijing Multi-Site Air Quality, UCI 2017, doi:10.24432/C5RK5G",
    licence="CC BY 4.0",
    minutes=60,
    zone="Asia/Shanghai",
)

_NOISE_SOURCE = "noisemonitor test data"

NOISE_LAEQ1S = Profile(
    name="noise_laeq1s",
    title="Sound level of one day, one value a second",
    entity_type=NOISE_STATION,
    columns=(Column("laeq_db", "laeq", "dB{A}"),),
    place="noisemonitor",
    source=_NOISE_SOURCE,
    licence="Apache-2.0",
    minutes=1 / 60,
)

NOISE_LAEQ1M = Profile(
    name="noise_laeq1m",
    title="Sound level of eleven days, one value a minute",
    entity_type=NOISE_STATION,
    columns=(Column("laeq_db", "laeq", "dB{A}"),),
    place="noisemonitor",
    source=_NOISE_SOURCE,
    licence="Apache-2.0",
    minutes=1,
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in (BEIJING_AIR, NOISE_LAEQ1S, NOISE_LAEQ1M)}
)
