"""Limits of GB 3838-2002, environmental quality of surface water (地表水环境质量标准), mg/L unless said otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

EDITION = "GB3838-2002"
EFFECTIVE_FROM = date(2002, 6, 1)
"""Start date from general knowledge, not read in the official copy. A revision was looked for and not found."""


class Body(StrEnum):
    """Kind of water body: total phosphorus and total nitrogen are judged differently."""

    RIVER = "river"
    LAKE = "lake"


class Sense(StrEnum):
    """How an item is compared with its limits."""

    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    WITHIN = "within"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of table 1: limits of classes I to V."""

    name: str
    limits: tuple[float, float, float, float, float]
    sense: Sense = Sense.AT_MOST
    lake_limits: tuple[float, float, float, float, float] | None = None
    unit: str = "mg/L"


CLASSES = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ")
BEYOND_V = 6
"""Class number of 劣Ⅴ: worse than the last class of the table."""

PH_RANGE = (6.0, 9.0)
DO_SATURATION_CLASS_I = 90.0
"""Percent of saturation that also makes dissolved oxygen class I."""

ITEMS: tuple[Item, ...] = (
    Item("ph", (9, 9, 9, 9, 9), Sense.WITHIN, unit="1"),
    Item("dissolved_oxygen", (7.5, 6, 5, 3, 2), Sense.AT_LEAST),
    Item("cod_mn", (2, 4, 6, 10, 15)),
    Item("cod", (15, 15, 20, 30, 40)),
    Item("bod5", (3, 3, 4, 6, 10)),
    Item("ammonia_nitrogen", (0.15, 0.5, 1.0, 1.5, 2.0)),
    Item("total_phosphorus", (0.02, 0.1, 0.2, 0.3, 0.4), lake_limits=(0.01, 0.025, 0.05, 0.1, 0.2)),
    Item("total_nitrogen", (0.2, 0.5, 1.0, 1.5, 2.0)),
    Item("copper", (0.01, 1, 1, 1, 1)),
    Item("zinc", (0.05, 1, 1, 2, 2)),
    Item("fluoride", (1, 1, 1, 1.5, 1.5)),
    Item("selenium", (0.01, 0.01, 0.01, 0.02, 0.02)),
    Item("arsenic", (0.05, 0.05, 0.05, 0.1, 0.1)),
    Item("mercury", (0.00005, 0.00005, 0.0001, 0.001, 0.001)),
    Item("cadmium", (0.001, 0.005, 0.005, 0.005, 0.01)),
    Item("chromium_6", (0.01, 0.05, 0.05, 0.05, 0.1)),
    Item("lead", (0.01, 0.01, 0.05, 0.05, 0.1)),
    Item("cyanide", (0.005, 0.05, 0.2, 0.2, 0.2)),
    Item("volatile_phenol", (0.002, 0.002, 0.005, 0.01, 0.1)),
    Item("petroleum", (0.05, 0.05, 0.05, 0.5, 1.0)),
    Item("anionic_surfactant", (0.2, 0.2, 0.2, 0.3, 0.3)),
    Item("sulfide", (0.05, 0.1, 0.2, 0.5, 1.0)),
    Item("faecal_coliforms", (200, 2000, 10000, 20000, 40000), unit="{#}/L"),
)

ITEM = {item.name: item for item in ITEMS}

JUDGED_RIVER = frozenset(ITEM) - {"total_nitrogen", "faecal_coliforms"}
"""The 21 items practice judges (without temperature, total nitrogen, coliforms); the number is not confirmed."""

JUDGED_LAKE = JUDGED_RIVER | {"total_nitrogen"}
"""Total nitrogen counts for lakes and reservoirs only."""

SOURCE_WATER: dict[str, float] = {
    "iron": 0.3,
    "manganese": 0.1,
    "molybdenum": 0.07,
    "cobalt": 1.0,
    "beryllium": 0.002,
    "boron": 0.5,
    "antimony": 0.005,
    "nickel": 0.02,
    "barium": 0.7,
    "vanadium": 0.05,
    "titanium": 0.1,
    "thallium": 0.0001,
}
"""Tables 2 and 3: limits for sources of drinking water, mg/L."""

WEEKLY_RISE_LIMIT = 1.0
WEEKLY_FALL_LIMIT = 2.0
"""Largest man-made change of the weekly mean temperature, °C (read in the 1988 text, taken to be the same in 2002)."""
