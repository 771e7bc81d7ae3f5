"""The datums against published pairs, and there and back to a micrometre."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.core.datum import (
    bd09_to_gcj02,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    in_china,
    wgs84_to_gcj02,
)

# published beside the usual implementations (coordtransform, README): all for the point 116.404, 39.915
POINT = (116.404, 39.915)
LON, LAT = st.floats(73.0, 135.0), st.floats(3.0, 53.5)


def test_published_pairs() -> None:
    np.testing.assert_allclose(wgs84_to_gcj02(*POINT), (116.41024449916938, 39.91640428150164), rtol=0, atol=1e-12)
    np.testing.assert_allclose(gcj02_to_bd09(*POINT), (116.41036949371029, 39.92133699351021), rtol=0, atol=1e-12)
    # the published inverses are one-step approximations, good to a few metres and 0.1 m
    np.testing.assert_allclose(gcj02_to_wgs84(*POINT), (116.39775550083061, 39.91359571849836), rtol=0, atol=2e-6)
    np.testing.assert_allclose(bd09_to_gcj02(*POINT), (116.39762729119315, 39.90865673957631), rtol=0, atol=1e-6)


@given(LON, LAT)
def test_there_and_back_is_the_same_point(lon: float, lat: float) -> None:
    np.testing.assert_allclose(gcj02_to_wgs84(*wgs84_to_gcj02(lon, lat)), (lon, lat), rtol=0, atol=1e-9)
    np.testing.assert_allclose(wgs84_to_gcj02(*gcj02_to_wgs84(lon, lat)), (lon, lat), rtol=0, atol=1e-9)
    np.testing.assert_allclose(bd09_to_gcj02(*gcj02_to_bd09(lon, lat)), (lon, lat), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("lon", "lat"), [(-0.1276, 51.5072), (139.6917, 35.6895), (151.2, -33.9), (71.9, 40.0)])
def test_points_abroad_pass_unchanged(lon: float, lat: float) -> None:
    assert not in_china(lon, lat)
    np.testing.assert_array_equal(wgs84_to_gcj02(lon, lat), (lon, lat))
    np.testing.assert_array_equal(gcj02_to_wgs84(lon, lat), (lon, lat))


def test_arrays_of_any_shape_equal_single_points() -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(70, 140, (3, 50)), rng.uniform(0, 56, (3, 50))
    east, north = gcj02_to_wgs84(lon, lat)
    assert east.shape == north.shape == (3, 50)
    single = [gcj02_to_wgs84(one, two) for one, two in zip(lon.flat, lat.flat, strict=True)]
    np.testing.assert_allclose(np.array(single).T.reshape(2, 3, 50), [east, north], rtol=0, atol=1e-10)


def test_the_arguments_are_left_alone_and_no_points_give_no_points() -> None:
    lon, lat = np.array([121.5]), np.array([30.9])
    gcj02_to_wgs84(lon, lat)
    assert (lon[0], lat[0]) == (121.5, 30.9)
    assert gcj02_to_wgs84([], [])[0].shape == (0,)
