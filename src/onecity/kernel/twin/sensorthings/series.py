"""The series behind a Datastream: its name, its unit, and how long it is waited for."""

import datetime as dt
import re
from collections.abc import Collection, Mapping
from typing import Any

from onecity.kernel.core import units
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.types import RESERVED
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.sensorthings import kept

MAX_AGE = dt.timedelta(days=1)
# clients hand over years of earlier observations
LATE_AFTER = dt.timedelta(days=36_500)
# what clients of SensorThings write beside the spellings that units knows
SYMBOLS: Mapping[str, str] = {"degC": "Cel", "degF": "[degF]", "ohm": "Ohm"}
DECIMALS, UNITLESS, LONGEST_UNIT, LONGEST_NAME = 2, "1", 40, 55


def unit_of(given: Mapping[str, Any]) -> str:
    """The UCUM unit that a `unitOfMeasurement` means; "1" where UCUM has none of that name."""
    definition = str(given.get("definition") or "")
    written = definition.partition("ucum.org/")[2].rpartition("#")[2]
    symbol = str(given.get("symbol") or "").strip()
    for text in (SYMBOLS.get(symbol, symbol), written):
        try:
            code = units.unit(text).code if 0 < len(text) <= LONGEST_UNIT else ""
        except (Problem, ArithmeticError):
            continue
        if code:
            return code
    return UNITLESS


def name_of(text: str, taken: Collection[str]) -> str:
    """An attribute's name for what is observed, other than those taken."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:LONGEST_NAME].strip("_")
    plain = plain if plain[:1].isalpha() else f"observed_{plain}".strip("_")
    number, name = 1, plain
    while name in taken or name in RESERVED:
        number += 1
        name = f"{plain}_{number}"
    return name


def add(thing: Entity, observed: str, unit: Mapping[str, Any], sender: Any) -> Series:
    """A new series of a thing, which is locked; `sender`: the device that may send its readings."""
    taken = set(Series.objects.filter(entity_id=thing.id).values_list("attribute", flat=True))
    return Series.objects.create(
        entity_id=thing.id,
        entity_urn=thing.urn,
        entity_key=thing.urn.split(":", 3)[-1],
        entity_type=kept.THING,
        attribute=name_of(observed, taken),
        unit=unit_of(unit),
        decimals=DECIMALS,
        max_age=MAX_AGE,
        late_after=LATE_AFTER,
        division_path=thing.division_path,
        device_id=sender or thing.device_id,
        public=thing.public,
    )
