"""Units of measurement by their UCUM code, so that a value never travels without knowing what it is.

The code is the one of the Unified Code for Units of Measure (UCUM 2.2, 2024), case sensitive: `ug/m3`, `Cel`, `kW.h`,
`m3/s`. What UCUM leaves arbitrary or measures on a scale of its own (`[pH]`, `dB`, turbidity) converts only into itself.
Curly braces annotate and count as 1, as UCUM says: `{vehicle}/h` is a rate per hour.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import Text
from onecity.kernel.core.text import lazy as _

Floats = npt.NDArray[np.float64]

PREFIXES = MappingProxyType(
    {"G": 1e9, "M": 1e6, "k": 1e3, "h": 1e2, "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12}
)

# code: (factor, dimensions in the base units m s g K A cd mol rad, takes prefixes); UCUM tables 2 to 16
_METRIC: dict[str, tuple[float, str]] = {
    "m": (1, "m"),
    "s": (1, "s"),
    "g": (1, "g"),
    "K": (1, "K"),
    "A": (1, "A"),
    "cd": (1, "cd"),
    "mol": (1, "mol"),
    "rad": (1, "rad"),
    "L": (1e-3, "m3"),
    "l": (1e-3, "m3"),
    "Hz": (1, "s-1"),
    "N": (1e3, "g.m.s-2"),
    "Pa": (1e3, "g.m-1.s-2"),
    "bar": (1e8, "g.m-1.s-2"),
    "J": (1e3, "g.m2.s-2"),
    "W": (1e3, "g.m2.s-3"),
    "V": (1e3, "g.m2.s-3.A-1"),
    "Ohm": (1e3, "g.m2.s-3.A-2"),
    "S": (1e-3, "g-1.m-2.s3.A2"),
    "C": (1, "s.A"),
    "lm": (1, "cd"),
    "lx": (1, "cd.m-2"),
    "Bq": (1, "s-1"),
    "Sv": (1, "m2.s-2"),
    "Gy": (1, "m2.s-2"),
    "ar": (100, "m2"),
    "t": (1e6, "g"),
    "B": (10, "dB"),
    "bit": (1, "bit"),
    "By": (8, "bit"),
}
_PLAIN: dict[str, tuple[float, str]] = {
    "min": (60, "s"),
    "h": (3600, "s"),
    "d": (86400, "s"),
    "wk": (604_800, "s"),
    "mo": (2_629_800, "s"),
    "a": (31_557_600, "s"),
    "deg": (math.pi / 180, "rad"),
    "'": (math.pi / 10_800, "rad"),
    "''": (math.pi / 648_000, "rad"),
    "%": (1e-2, ""),
    "[ppth]": (1e-3, ""),
    "[ppm]": (1e-6, ""),
    "[ppb]": (1e-9, ""),
    "[pptr]": (1e-12, ""),
    "[in_i]": (0.0254, "m"),
    "[ft_i]": (0.3048, "m"),
    "[mi_i]": (1609.344, "m"),
    "[nmi_i]": (1852, "m"),
    "[kn_i]": (1852 / 3600, "m.s-1"),
    "[acr_us]": (4046.872609874252, "m2"),
    "[lb_av]": (453.59237, "g"),
    "atm": (101_325e3, "g.m-1.s-2"),
    "mm[Hg]": (133_322.387415, "g.m-1.s-2"),
    "[pH]": (1, "[pH]"),
    "[NTU]": (1, "[NTU]"),
    "[FNU]": (1, "[FNU]"),
    "[PSU]": (1, "[PSU]"),
}
_AFFINE = MappingProxyType({"Cel": (1.0, 273.15), "[degF]": (5 / 9, 459.67 * 5 / 9)})
# what devices and laboratories write instead of the code, where the meaning is beyond doubt
ALIASES = MappingProxyType(
    {
        "": "1",
        "dB(A)": "dB{A}",
        "dBA": "dB{A}",
        "NTU": "[NTU]",
        "FNU": "[FNU]",
        "PSU": "[PSU]",
        "pH": "[pH]",
        "ppm": "[ppm]",
        "ppb": "[ppb]",
        "°C": "Cel",
        "℃": "Cel",
        "°F": "[degF]",
        "°": "deg",
        "kWh": "kW.h",
        "kph": "km/h",
        "µg/m3": "ug/m3",
        "μg/m3": "ug/m3",
        "µg/m³": "ug/m3",
        "μg/m³": "ug/m3",
        "mg/m³": "mg/m3",
        "m³/s": "m3/s",
        "m³": "m3",
        "µS/cm": "uS/cm",
        "μS/cm": "uS/cm",
    }
)
_SYMBOLS = MappingProxyType(
    {
        "1": "",
        "[in_i]": "in",
        "[ft_i]": "ft",
        "mm[Hg]": "mmHg",
        "Cel": "°C",
        "[degF]": "°F",
        "deg": "°",
        "dB{A}": "dB(A)",
        "[pH]": "pH",
        "[NTU]": "NTU",
        "[FNU]": "FNU",
        "[PSU]": "PSU",
        "[ppm]": "ppm",
        "[ppb]": "ppb",
        "[ppth]": "‰",
        "kW.h": "kWh",
        "MW.h": "MWh",
        "[kn_i]": "kn",
        "[nmi_i]": "nmi",
        "Ohm": "Ω",
    }
)
_FACTOR = re.compile(r"^(?P<symbol>[^\d{}+-]*(?:\[[^\]]*\])?[^\d{}+-]*?)(?P<power>[+-]?\d+)?(?P<note>\{[^{}]*\})?$")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Dimensions = tuple[tuple[str, int], ...]


class UnitError(Problem):
    """A unit that is not known, or a conversion between things that are not the same quantity."""

    def __init__(self, detail: Text) -> None:
        super().__init__("unit", _("The unit cannot be used"), status=422, detail=detail)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `value in base units = value * factor + offset`, its dimensions, and how it is shown to people."""

    code: str
    factor: float
    offset: float
    dimensions: Dimensions
    symbol: str


@lru_cache(maxsize=4096)
def unit(code: str) -> Unit:
    """Return the unit of a UCUM code or of one of the spellings in ALIASES; raises UnitError when it is neither."""
    code = ALIASES.get(code, code)
    if code in _AFFINE:
        factor, offset = _AFFINE[code]
        return Unit(code, factor, offset, (("K", 1),), symbol(code))
    factor, dimensions = 1.0, dict[str, int]()
    for position, part in enumerate(code.split("/")):
        if not part and not (position == 0 and "/" in code):
            raise UnitError(_("“{code}” is not a unit: a part is missing.", code=code))
        for term in part.split(".") if part else ():
            size, exponents = _term(term, code)
            sign = -1 if position else 1
            factor *= size**sign
            for base, exponent in exponents.items():
                dimensions[base] = dimensions.get(base, 0) + sign * exponent
    kept = tuple(sorted((base, exponent) for base, exponent in dimensions.items() if exponent))
    return Unit(code, factor, 0.0, kept, symbol(code))


def convert(values: npt.ArrayLike, from_: str, to: str) -> Floats:
    """Return `values` (any shape, in `from_`) in the unit `to`, as float64; NaN stays NaN.

    Raises UnitError when a unit is unknown or the two do not measure the same quantity.
    """
    source, target = unit(from_), unit(to)
    if source.dimensions != target.dimensions:
        detail = _("{source} cannot be converted to {target}: they measure different things.", source=from_, target=to)
        raise UnitError(detail)
    array = np.asarray(values, dtype=np.float64)
    if source.code == target.code:
        return array.copy()
    ratio = source.factor / target.factor
    return array * ratio + (source.offset - target.offset) / target.factor


def compatible(first: str, second: str) -> bool:
    """Return whether values of one unit can be converted into the other."""
    return unit(first).dimensions == unit(second).dimensions


def symbol(code: str) -> str:
    """Return how a unit is shown to people: `ug/m3` as `µg/m³`, `Cel` as `°C`, `kW.h` as `kWh`."""
    code = ALIASES.get(code, code)
    if code in _SYMBOLS:
        return _SYMBOLS[code]
    return "/".join("·".join(_shown(term) for term in part.split(".")) for part in code.split("/"))


def _shown(term: str) -> str:
    match = _FACTOR.match(term)
    if match is None:
        return f"10{term[3:].translate(_SUPERSCRIPT)}" if term.startswith(("10*", "10^")) else term
    name, power, note = match["symbol"], match["power"] or "", match["note"] or ""
    name = _SYMBOLS.get(name, f"µ{name[1:]}" if name.startswith("u") else name)
    return f"{name}{power.translate(_SUPERSCRIPT)}" if name else power + note.strip("{}")


def _term(term: str, code: str) -> tuple[float, dict[str, int]]:
    if term.startswith(("10*", "10^")) and term[3:].lstrip("+-").isdigit():
        return 10.0 ** int(term[3:]), {}
    match = _FACTOR.match(term)
    if match is None or not term:
        raise UnitError(_("“{code}” is not a unit of the UCUM code: “{part}” is unknown.", code=code, part=term))
    name, power = match["symbol"], int(match["power"] or 1)
    if not name:
        return float(power), {}
    size, exponents = _atom(name, code)
    return size**power, {base: exponent * power for base, exponent in exponents.items()}


def _atom(name: str, code: str) -> tuple[float, dict[str, int]]:
    for table in (_METRIC, _PLAIN):
        if name in table:
            factor, formula = table[name]
            return factor, _exponents(formula)
    if name in _AFFINE:
        return _AFFINE[name][0], {"K": 1}  # within a product a degree is a difference: W/Cel
    prefix = PREFIXES.get(name[:1])
    if prefix is not None and name[1:] in _METRIC:
        factor, formula = _METRIC[name[1:]]
        return prefix * factor, _exponents(formula)
    raise UnitError(_("“{code}” is not a unit of the UCUM code: “{part}” is unknown.", code=code, part=name))


def _exponents(formula: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for term in formula.split(".") if formula else ():
        for match in _FACTOR.finditer(term):
            found[match["symbol"]] = int(match["power"] or 1)
    return found
