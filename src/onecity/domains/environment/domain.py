"""The manifest of the environment domain: its stations, rules, kinds of case, figures, layers and pages."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from onecity.domains.environment.logic.aqi_tables import HJ633_2026, LEVELS, POLLUTANTS, Report
from onecity.kernel.cases.logic.definition import Limit
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.registry.domain import Domain, Indicator, Layer, Page, Title
from onecity.kernel.rules.types import (
    Absence,
    Baseline,
    Direction,
    Level,
    Rate,
    RuleDecl,
    Severity,
    Threshold,
    Window,
    WindowFunction,
)
from onecity.kernel.telemetry.types import Attribute, EntityType

# Ranges are what instruments can report (HJ 653, HJ 654 for air), not what is usual: beyond them a value is a fault.
_WEATHER = (
    Attribute("temperature", _("Temperature"), "Cel", -50, 60),
    Attribute("humidity", _("Relative humidity"), "%", 0, 100, decimals=0),
    Attribute("pressure", _("Air pressure"), "hPa", 500, 1100, model_name="atmosphericPressure"),
    Attribute("wind_speed", _("Wind speed"), "m/s", 0, 75, model_name="windSpeed"),
    Attribute("wind_direction", _("Wind direction"), "deg", 0, 360, decimals=0, model_name="windDirection"),
)

_AQI = Attribute("aqi", _("Air quality index"), "1", 0, 500, decimals=0, model_name="airQualityIndex", derived=True)

AIR_STATION = EntityType(
    name="AirQualityObserved",
    title=_("Air station"),
    attributes=(
        Attribute("pm2_5", _("Fine particles PM2.5"), "ug/m3", 0, 1000, decimals=0, model_name="pm25"),
        Attribute("pm10", _("Particles PM10"), "ug/m3", 0, 1000, decimals=0),
        Attribute("so2", _("Sulphur dioxide"), "ug/m3", 0, 1500, decimals=0),
        Attribute("no2", _("Nitrogen dioxide"), "ug/m3", 0, 5000, decimals=0),
        Attribute("co", _("Carbon monoxide"), "mg/m3", 0, 150),
        Attribute("o3", _("Ozone"), "ug/m3", 0, 1000, decimals=0),
        *_WEATHER,
        _AQI,
    ),
    max_age=timedelta(hours=2),
    late_after=timedelta(days=3),
    icon="wind",
)

NOISE_STATION = EntityType(
    name="NoiseLevelObserved",
    title=_("Noise station"),
    attributes=(
        Attribute("laeq", _("Sound level"), "dB{A}", 0, 140, model_name="LAeq"),
        Attribute("excess", _("Above the limit of the hour"), "dB{A}", -140, 140, derived=True),
    ),
    max_age=timedelta(hours=1),
    late_after=timedelta(days=1),
    icon="volume-2",
)

WATER_STATION = EntityType(
    name="WaterQualityObserved",
    title=_("Water station"),
    attributes=(
        Attribute("temperature", _("Water temperature"), "Cel", -5, 45),
        Attribute("ph", _("pH value"), "[pH]", 0, 14, decimals=2, model_name="pH"),
        Attribute("dissolved_oxygen", _("Dissolved oxygen"), "mg/L", 0, 25, decimals=2, model_name="O2"),
        Attribute("cod_mn", _("Permanganate index"), "mg/L", 0, 200, decimals=1),
        Attribute("ammonia_nitrogen", _("Ammonia nitrogen"), "mg/L", 0, 300, decimals=2),
        Attribute("total_phosphorus", _("Total phosphorus"), "mg/L", 0, 100, decimals=3),
        Attribute("total_nitrogen", _("Total nitrogen"), "mg/L", 0, 300, decimals=2),
        Attribute("turbidity", _("Turbidity"), "[NTU]", 0, 4000, decimals=0),
        Attribute("conductivity", _("Conductivity"), "uS/cm", 0, 80000, decimals=0),
        Attribute("water_class", _("Water class"), "1", 1, 6, decimals=0, derived=True),
        Attribute("classes_below_target", _("Classes below the target"), "1", -5, 5, decimals=0, derived=True),
    ),
    max_age=timedelta(hours=6),
    late_after=timedelta(days=3),
    icon="droplets",
)

DISTRICT_AIR = EntityType(
    name="AirQualityIndex",
    title=_("Air of the district"),
    attributes=(_AQI,),
    max_age=timedelta(hours=3),
    late_after=timedelta(days=3),
    icon="wind",
)

TYPES = (AIR_STATION, NOISE_STATION, WATER_STATION, DISTRICT_AIR)

AIR_EXCEEDANCE = CaseTypeDecl(
    name="air_exceedance",
    title=_("Polluted air"),
    category="environment",
    description=_("A station measures air that is bad for health: find the source and stop it."),
    deadline=(1, "working_days"),
    limits=(
        Limit(1, "working_hours", stage="accept"),
        Limit(4, "working_hours", severities=("orange", "red")),
    ),
)
NOISE_EXCEEDANCE = CaseTypeDecl(
    name="noise_exceedance",
    title=_("Noise"),
    category="environment",
    description=_("It is louder than the limit of the place allows, or a resident complains about noise."),
    deadline=(3, "working_days"),
    limits=(Limit(4, "working_hours", stage="accept"),),
)
WATER_DETERIORATION = CaseTypeDecl(
    name="water_deterioration",
    title=_("Water below its target"),
    category="environment",
    description=_("A river or canal is worse than the class it must keep: trace the discharge."),
    deadline=(5, "working_days"),
    limits=(Limit(4, "working_hours", stage="accept"), Limit(1, "working_days", severities=("red",))),
)
SENSOR_FAULT = CaseTypeDecl(
    name="sensor_fault",
    title=_("Monitoring station out of order"),
    category="environment",
    description=_("A station is silent, stuck or jumps: repair it, and mark what it measured meanwhile."),
    deadline=(3, "working_days"),
)

_COLOURS = (Severity.BLUE, Severity.YELLOW, Severity.ORANGE, Severity.RED)
_CLEARS_AT = 0.9


def _exceedance(pollutant: str, title: Title) -> RuleDecl:
    """Alert as soon as a reading passes the value at which its index is 100, 150, 200 and 300 (hourly report)."""
    row = HJ633_2026.rows(Report.HOURLY)[POLLUTANTS.index(pollutant)]
    ladder = [*row.points[2:6]]
    levels = tuple(Level(colour, value, value * _CLEARS_AT) for colour, value in zip(_COLOURS, ladder, strict=False))
    return RuleDecl(
        name=f"environment.{pollutant}_exceedance",
        title=title,
        entity_type=AIR_STATION.name,
        attribute=pollutant,
        condition=Threshold(levels),
        case_type=AIR_EXCEEDANCE.name,
        case_from=Severity.YELLOW,
        description=_("Colours begin where the index passes 100, 150, 200 and 300 (HJ 633)."),
    )


def _stuck(entity_type: EntityType, attribute: str, title: Title) -> RuleDecl:
    """Report a sensor whose value has not moved at all for twelve hours."""
    return RuleDecl(
        name=f"environment.{attribute}_stuck",
        title=title,
        entity_type=entity_type.name,
        attribute=attribute,
        condition=Window(
            (Level(Severity.YELLOW, 1e-6),),
            span=timedelta(hours=12),
            function=WindowFunction.SPREAD,
            direction=Direction.BELOW,
            minimum_count=12,
        ),
        case_type=SENSOR_FAULT.name,
    )


def _silent(entity_type: EntityType, attribute: str, title: Title, hours: float) -> RuleDecl:
    """Report a station that has sent nothing for too long: a look at first, a case after three times as long."""
    return RuleDecl(
        name=f"environment.{attribute}_silent",
        title=title,
        entity_type=entity_type.name,
        attribute=attribute,
        condition=Absence((Level(Severity.BLUE, hours * 3600), Level(Severity.YELLOW, hours * 3 * 3600))),
        case_type=SENSOR_FAULT.name,
        case_from=Severity.YELLOW,
    )


RULES = (
    _exceedance("pm2_5", _("PM2.5 too high")),
    _exceedance("pm10", _("PM10 too high")),
    _exceedance("so2", _("Sulphur dioxide too high")),
    _exceedance("no2", _("Nitrogen dioxide too high")),
    _exceedance("co", _("Carbon monoxide too high")),
    _exceedance("o3", _("Ozone too high")),
    RuleDecl(
        name="environment.pm2_5_jump",
        title=_("PM2.5 jumps"),
        entity_type=AIR_STATION.name,
        attribute="pm2_5",
        condition=Rate((Level(Severity.BLUE, 300),), direction=Direction.EITHER),
        description=_("Changes faster than 300 µg/m³ an hour: a source nearby, or a faulty instrument."),
    ),
    _stuck(AIR_STATION, "pm2_5", _("PM2.5 does not move")),
    _stuck(NOISE_STATION, "laeq", _("Sound level does not move")),
    _stuck(WATER_STATION, "dissolved_oxygen", _("Dissolved oxygen does not move")),
    _silent(AIR_STATION, "pm2_5", _("Air station is silent"), 2),
    _silent(NOISE_STATION, "laeq", _("Noise station is silent"), 1),
    _silent(WATER_STATION, "dissolved_oxygen", _("Water station is silent"), 6),
    RuleDecl(
        name="environment.noise_limit",
        title=_("Louder than allowed"),
        entity_type=NOISE_STATION.name,
        attribute="excess",
        condition=Threshold((Level(Severity.BLUE, 0), Level(Severity.YELLOW, 5), Level(Severity.ORANGE, 10))),
        case_type=NOISE_EXCEEDANCE.name,
        case_from=Severity.YELLOW,
        description=_("The level of an hour is above the limit of its class, by day or by night (GB 3096)."),
    ),
    RuleDecl(
        name="environment.noise_unusual",
        title=_("Unusually loud for this hour"),
        entity_type=NOISE_STATION.name,
        attribute="laeq",
        condition=Baseline(
            (Level(Severity.BLUE, 5, 3), Level(Severity.YELLOW, 8, 5)),
            direction=Direction.ABOVE,
            minimum_count=24,
            minimum_spread=2.0,
            duration=timedelta(minutes=10),
        ),
        description=_("Far above what this hour of the week usually brings, for ten minutes."),
    ),
    RuleDecl(
        name="environment.water_target",
        title=_("Water worse than its target class"),
        entity_type=WATER_STATION.name,
        attribute="classes_below_target",
        condition=Threshold((Level(Severity.BLUE, 0.5), Level(Severity.YELLOW, 1.5), Level(Severity.RED, 2.5))),
        case_type=WATER_DETERIORATION.name,
        case_from=Severity.YELLOW,
        description=_("One, two or three classes below the class the water must keep (GB 3838)."),
    ),
    RuleDecl(
        name="environment.oxygen_low",
        title=_("Too little oxygen in the water"),
        entity_type=WATER_STATION.name,
        attribute="dissolved_oxygen",
        condition=Threshold(
            (Level(Severity.BLUE, 3, 3.3), Level(Severity.ORANGE, 2, 2.4)),
            direction=Direction.BELOW,
            duration=timedelta(minutes=30),
        ),
        case_type=WATER_DETERIORATION.name,
        case_from=Severity.ORANGE,
    ),
)

LEVEL_TITLES = {
    "excellent": pgettext_lazy("air quality", "Excellent"),
    "good": pgettext_lazy("air quality", "Good"),
    "light": pgettext_lazy("air quality", "Lightly polluted"),
    "moderate": pgettext_lazy("air quality", "Moderately polluted"),
    "heavy": pgettext_lazy("air quality", "Heavily polluted"),
    "severe": pgettext_lazy("air quality", "Severely polluted"),
}

_AQI_STOPS = tuple(
    (float(start), level.colour, LEVEL_TITLES[level.key])
    for start, level in zip((0, *(level.upper + 1 for level in LEVELS)), LEVELS, strict=False)
)
_NOISE_STOPS = (
    (0.0, "#4d9f6f", pgettext_lazy("noise", "Quiet")),
    (50.0, "#8fb04a", pgettext_lazy("noise", "Moderate")),
    (60.0, "#e0b02c", pgettext_lazy("noise", "Loud")),
    (70.0, "#d0642a", pgettext_lazy("noise", "Very loud")),
)
_WATER_STOPS = (
    (1.0, "#2f7fd6", _("Class I or II")),
    (3.0, "#3f9e4d", _("Class III")),
    (4.0, "#e6c700", _("Class IV")),
    (5.0, "#ef8a1d", _("Class V")),
    (6.0, "#d9362b", _("Worse than class V")),
)

DOMAIN = Domain(
    name="environment",
    title=_("Environment"),
    plan_task=7,
    lead="environment-bureau",
    entity_types=TYPES,
    rules=RULES,
    case_types=(AIR_EXCEEDANCE, NOISE_EXCEEDANCE, WATER_DETERIORATION, SENSOR_FAULT),
    indicators=(
        Indicator("environment.district_aqi", _("District AQI"), DISTRICT_AIR.name, "aqi", "maximum", decimals=0),
        Indicator("environment.pm2_5", _("Mean PM2.5"), AIR_STATION.name, "pm2_5", "mean", decimals=0),
        Indicator(
            "environment.polluted_share",
            _("Air stations above 100"),
            AIR_STATION.name,
            "aqi",
            "share_above",
            threshold=100,
            decimals=0,
        ),
        Indicator(
            "environment.worst_water", _("Worst water class"), WATER_STATION.name, "water_class", "maximum", decimals=0
        ),
        Indicator("environment.loudest", _("Loudest place"), NOISE_STATION.name, "laeq", "maximum", decimals=0),
        Indicator(
            "environment.reporting",
            _("Air stations reporting"),
            AIR_STATION.name,
            "pm2_5",
            "count",
            higher_is="good",
            decimals=0,
        ),
    ),
    layers=(
        Layer("environment.air", _("Air"), AIR_STATION.name, "aqi", _AQI_STOPS),
        Layer("environment.noise", _("Noise"), NOISE_STATION.name, "laeq", _NOISE_STOPS),
        Layer("environment.water", _("Surface water"), WATER_STATION.name, "water_class", _WATER_STOPS),
    ),
    pages=(Page("/environment", _("Air, noise and water"), "residents", icon="leaf", order=20),),
    package="onecity.domains.environment",
    description=_("What residents breathe, hear and swim in, judged by the national standards."),
)
