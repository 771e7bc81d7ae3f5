"""Models of places: the usual is learnt, the next day foretold better than by yesterday, oddities kept, pages walled."""

import datetime as dt

import numpy as np
import pytest
from django.test import Client

from onecity.domains.devices import places
from onecity.domains.devices.logic.baseline import score, usual
from onecity.domains.devices.models import PlaceModel, SeriesModel
from onecity.domains.devices.tests.fields import NOW, measured, node
from onecity.domains.devices.tests.people import DISTRICT, HERE, THERE, keeper, watcher
from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.places.models import Division
from onecity.kernel.telemetry.models import Series

HOURS = places.HOURS


def test_the_usual_of_each_hour_of_the_week() -> None:
    weeks = np.stack([np.arange(168.0) + shift for shift in (0, 1, 2, 30)]).reshape(1, -1)
    found = usual(weeks, 5)
    assert found.shape == (1, 3, 168)
    assert found[0, 1, 5] == 1.5
    assert (found[0, 0] < found[0, 1]).all()
    weeks[0, ::168] = np.nan
    assert np.isnan(usual(weeks, 5)[0, :, 5]).all()


def test_the_usual_is_what_numpy_says_of_each_hour_alone() -> None:
    draw = np.random.default_rng(7)
    values = draw.normal(size=(5, 4 * 168))
    values[draw.random(values.shape) < 0.4] = np.nan
    values[0] = np.nan
    found = usual(values, 0)
    for series in range(5):
        for hour in range(168):
            known = values[series, hour::168]
            known = known[np.isfinite(known)]
            wanted = np.percentile(known, [10, 50, 90]) if len(known) else np.full(3, np.nan)
            np.testing.assert_allclose(found[series, :, hour], wanted, rtol=1e-12)


def test_the_forecast_is_judged_by_a_day_it_had_not_seen() -> None:
    rng = np.random.default_rng(3)
    values = 50 + 10 * np.sin(np.arange(HOURS) * 2 * np.pi / 24) + rng.normal(0, 2, (40, HOURS))
    found = score(values)
    assert float(np.mean(found.error)) < 0.8 * float(np.mean(found.naive))
    assert np.isnan(score(np.full((1, HOURS), np.nan)).error).all()


@pytest.mark.django_db
def test_a_place_is_learnt_and_its_pages_show_it_to_its_town(client: Client) -> None:
    root = Division.objects.create(tree="adm", code="1", name="Q", level="district", path=DISTRICT)
    Division.objects.create(tree="adm", code="11", name="T11", level="town", parent=root, path=HERE)
    _record, entity = node("a", HERE)
    values = 50 + 10 * np.sin(np.arange(HOURS) * 2 * np.pi / 24) + np.random.default_rng(3).normal(0, 1, HOURS)
    values[-30] = 200
    series = measured(entity, "level", values)
    client.force_login(keeper(HERE))
    assert client.post("/desk/devices/places", {"division": THERE}).status_code == 403
    added = client.post("/desk/devices/places", {"division": HERE, "name": "Ground"})
    assert added.status_code == 302
    client.post("/desk/devices/places", {"division": HERE, "name": "Again"})
    place = PlaceModel.objects.get()
    with use_clock(FixedClock(NOW)):
        assert places.learn() == 2
        assert places.learn() == 2
    model = SeriesModel.objects.get(series_id=series)
    assert model.error is not None
    assert model.naive_error is not None
    odd_at = int((NOW.replace(minute=0) - dt.timedelta(hours=30)).timestamp()) * 1000
    assert [at for at, _size in model.odd] == [odd_at]
    page = client.get(f"/desk/devices/places/{place.id}").content.decode()
    assert "Ground" in page
    lines = client.get(f"/desk/devices/places/{place.id}/{series}").json()
    assert [len(line["points"]) for line in lines["series"]] == [72, 96, 96, 96, 24]
    assert [event["at"] for event in lines["events"]] == [odd_at]
    assert client.get(f"/desk/devices/places/{place.id}/999999").status_code == 404
    client.force_login(watcher(THERE, "other"))
    assert client.get(f"/desk/devices/places/{place.id}").status_code == 404
    assert Series.objects.filter(id=series).exists()
