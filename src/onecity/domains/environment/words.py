"""What residents read beside the figures: levels, advice, pollutants and water classes in plain words."""

from django.utils.translation import gettext_lazy as _

from onecity.domains.environment.logic.aqi_tables import LEVELS
from onecity.kernel.registry.domain import Title

POLLUTANT_NAMES: dict[str, Title] = {
    "pm2_5": _("PM2.5"),
    "pm10": _("PM10"),
    "so2": _("Sulphur dioxide"),
    "no2": _("Nitrogen dioxide"),
    "co": _("Carbon monoxide"),
    "o3": _("Ozone"),
}

ANSWERS: dict[str, Title] = {
    "excellent": _("Yes. The air is clean: run as long as you like."),
    "good": _("Yes. Only people who react strongly to bad air should take it a little easier."),
    "light": _(
        "A short, easy run is fine. Children, older people and people with heart or lung trouble: no hard exercise."
    ),
    "moderate": _("Better not. Children, older people and people with heart or lung trouble: no exercise outdoors."),
    "heavy": _("No. Stay indoors if you are young, old or ill; everyone else: as little outdoors as possible."),
    "severe": _("No. Stay indoors, keep the windows shut, wear a mask if you must go out."),
}
UNKNOWN = _("We cannot say: not enough stations are reporting at the moment.")

ALERT_OF_LEVEL = {
    "excellent": "ok",
    "good": "ok",
    "light": "blue",
    "moderate": "yellow",
    "heavy": "orange",
    "severe": "red",
}
"""Alert colour that the exceedance rules give a level, for maps whose shapes mean alert colours."""

WATER_ITEMS: dict[str, Title] = {
    "ph": _("pH value"),
    "dissolved_oxygen": _("Dissolved oxygen"),
    "cod_mn": _("Permanganate index"),
    "ammonia_nitrogen": _("Ammonia nitrogen"),
    "total_phosphorus": _("Total phosphorus"),
    "total_nitrogen": _("Total nitrogen"),
}
WATER_WORDS: dict[int, Title] = {
    1: _("Class I"),
    2: _("Class II"),
    3: _("Class III"),
    4: _("Class IV"),
    5: _("Class V"),
    6: _("worse than class V"),
}
WATER_USES: dict[int, Title] = {
    1: _("headwaters, nature reserves"),
    2: _("drinking-water source, first-grade protection"),
    3: _("drinking-water source, swimming"),
    4: _("industry, boating without touching the water"),
    5: _("irrigation, scenery"),
    6: _("no use"),
}
NOISE_CLASSES: dict[str, Title] = {
    "0": _("health resorts"),
    "1": _("homes, schools, hospitals"),
    "2": _("homes mixed with shops"),
    "3": _("industry and storage"),
    "4a": _("beside main roads"),
    "4b": _("beside railways"),
}


def level_number(key: str | None) -> int:
    """Number of a level, 1 to 6, as the design system's colours are numbered; 0 when there is none."""
    return next((place for place, level in enumerate(LEVELS, start=1) if level.key == key), 0)
