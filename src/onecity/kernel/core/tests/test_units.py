"""Units are read from their UCUM codes and convert only into the same quantity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.core.text import use_translator
from onecity.kernel.core.units import UnitError, compatible, convert, symbol, unit


@pytest.mark.parametrize(
    ("value", "from_", "to", "expected"),
    [
        (1, "mg/L", "ug/m3", 1e6),
        (35, "ug/m3", "mg/m3", 0.035),
        (20, "Cel", "[degF]", 68),
        (-40, "[degF]", "Cel", -40),
        (0, "Cel", "K", 273.15),
        (1, "kW.h", "MJ", 3.6),
        (1, "[kn_i]", "m/s", 1852 / 3600),
        (760, "mm[Hg]", "hPa", 1013.250144354),
        (1, "mS/cm", "uS/cm", 1000),
        (180, "deg", "rad", np.pi),
        (1, "m3/s", "L/min", 60_000),
        (36, "km/h", "m/s", 10),
        (1, "[ppm]", "[ppb]", 1000),
        (2, "km2", "har", 200),
        (1, "10*3/L", "/m3", 1e6),
        (12, "{vehicle}/min", "{vehicle}/h", 720),
        (5, "dB(A)", "dB{A}", 5),
        (7, "pH", "[pH]", 7),
        (3, "W/m2/K", "W/m2/Cel", 3),
    ],
)
def test_conversions(value: float, from_: str, to: str, expected: float) -> None:
    assert float(convert(value, from_, to)) == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_arrays_keep_their_shape_and_what_is_missing() -> None:
    found = convert([[1.0, np.nan], [3.0, -4.0]], "m", "cm")
    np.testing.assert_array_equal(found, [[100.0, np.nan], [300.0, -400.0]])
    same = np.array([1.0])
    assert convert(same, "m", "m") is not same


@pytest.mark.parametrize("code", ["furlong", "m/", "/", "ug//m3", "m3s-", "kmin", "Cels", "m 3", "{", "MG/L"])
def test_what_is_not_a_unit_is_named(code: str) -> None:
    with pytest.raises(UnitError, match="is not a unit") as caught:
        unit(code)
    assert code in str(caught.value)
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("one", "other"), [("ug/m3", "[ppb]"), ("dB(A)", "Pa"), ("[pH]", "1"), ("[NTU]", "mg/L"), ("m", "m2")]
)
def test_different_quantities_do_not_convert(one: str, other: str) -> None:
    assert not compatible(one, other)
    with pytest.raises(UnitError, match=r"they measure different things"):
        convert(1, one, other)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("ug/m3", "µg/m³"),
        ("Cel", "°C"),
        ("kW.h", "kWh"),
        ("m3/s", "m³/s"),
        ("dB(A)", "dB(A)"),
        ("uS/cm", "µS/cm"),
        ("[pH]", "pH"),
        ("NTU", "NTU"),
        ("%", "%"),
        ("deg", "°"),
        ("{vehicle}/h", "vehicle/h"),
        ("m.s-2", "m·s⁻²"),
        ("1", ""),
        ("10*3/L", "10³/L"),
        ("mg/m³", "mg/m³"),
    ],
)
def test_symbols_for_people(code: str, shown: str) -> None:
    assert symbol(code) == shown
    assert unit(code).symbol == shown


@given(
    st.floats(-1e9, 1e9),
    st.sampled_from([("Cel", "[degF]"), ("ug/m3", "mg/L"), ("hPa", "mm[Hg]"), ("kW.h", "J"), ("deg", "rad")]),
)
def test_there_and_back_is_the_same(value: float, pair: tuple[str, str]) -> None:
    back = float(convert(convert(value, *pair), *reversed(pair)))
    assert back == pytest.approx(value, rel=1e-12, abs=1e-9)


def test_errors_are_read_in_the_language_of_the_reader() -> None:
    chinese = {"The unit cannot be used": "无法使用该单位"}
    with pytest.raises(UnitError) as caught:
        unit("furlong")
    problem = caught.value
    with use_translator(lambda text: chinese.get(text, text)):
        shown = problem.to_dict()["title"]
    assert shown == "无法使用该单位"
    assert problem.to_dict()["title"] == "The unit cannot be used"
