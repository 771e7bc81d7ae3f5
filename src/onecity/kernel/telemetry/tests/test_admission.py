"""Which readings may enter: known, their sender's own, in range and in time; each of the others refused for its reason."""

import json

import numpy as np
import pytest

from onecity.kernel.telemetry.logic import admission, ndjson
from onecity.kernel.telemetry.logic.admission import Window
from onecity.kernel.telemetry.logic.catalogue import AMBIGUOUS_ENTITY, UNKNOWN_ATTRIBUTE, UNKNOWN_ENTITY, Catalogue
from onecity.kernel.telemetry.logic.readings import Refusal, Refusals
from onecity.kernel.telemetry.tests.sample import DAY, T0, catalogue, known_device, two_stations, urn

Json = dict[str, object]
NOW = T0
WINDOW = Window(T0 - 400 * DAY, T0 + 300_000_000)


def admit(
    *readings: Json, sender: int = 0, known: Catalogue | None = None
) -> tuple[list[tuple[int, int, float]], list[Refusal]]:
    known = known or two_stations()
    refusals = Refusals()
    found, units = ndjson.parse("\n".join(json.dumps(r) for r in readings).encode(), refusals)
    batch = admission.admit(known, found, np.full(len(found), sender, np.int32), WINDOW, refusals, units)
    rows = sorted(zip(batch.series_id.tolist(), batch.observed_at.tolist(), batch.value.tolist(), strict=True))
    return rows, refusals.finish()


def reading(
    entity: str = "a", attribute: str = "pm2_5", value: float = 1.0, at: int = T0 // 10**6, **more: object
) -> Json:
    return {"entity": entity, "attribute": attribute, "value": value, "observed_at": at, **more}


def test_by_name_and_by_key() -> None:
    rows, refused = admit(reading(), reading(entity=urn("a"), attribute="pm10"), reading("n", "laeq", 60))
    assert rows == [(1, T0, 1.0), (2, T0, 1.0), (5, T0, 60.0)]
    assert refused == []


@pytest.mark.parametrize(
    ("wrong", "reason", "detail"),
    [
        (reading(entity="z"), "unknown_entity", "z"),
        (reading(attribute="laeq"), "unknown_attribute", "a · laeq = 1"),
        (reading(attribute="no2"), "unknown_attribute", "a · no2 = 1"),
        (reading(entity="b"), "not_yours", "b · pm2_5 = 1"),
        (reading(value=1e400), "not_a_number", "a · pm2_5 = inf"),
        (reading(value=-0.5), "out_of_range", "pm2_5 = -0.5 (0 … 1000 ug/m3)"),
        (reading(value=1000.5), "out_of_range", "pm2_5 = 1000.5 (0 … 1000 ug/m3)"),
        (reading(at=T0 // 10**6 + 301), "future", "2026-03-01T00:05:01Z"),
        (reading(at=T0 // 10**6 - 401 * 86400), "expired", "2025-01-24T00:00:00Z"),
        (reading(unit="m"), "unit_mismatch", "a · pm2_5 = 1"),
        (reading(unit="no unit"), "unit_mismatch", "a · pm2_5 = 1"),
    ],
)
def test_what_may_not_enter(wrong: Json, reason: str, detail: str) -> None:
    rows, refused = admit(reading(), wrong, reading(attribute="pm10"))
    assert rows == [(1, T0, 1.0), (2, T0, 1.0)]
    assert [(r.reason, r.detail, r.readings, r.kept, r.line, r.device) for r in refused] == [
        (reason, detail, 1, 1, 1, "d1")
    ]


def test_bounds_belong_to_the_range() -> None:
    rows, refused = admit(
        reading(value=0),
        reading(value=1000, at=T0 // 10**6 + 300),
        reading(attribute="pm10", at=T0 // 10**6 - 400 * 86400),
    )
    assert len(rows) == 3
    assert refused == []


def test_a_unit_of_the_same_kind_is_converted() -> None:
    rows, refused = admit(reading(value=0.5, unit="mg/m3"), reading(attribute="pm10", unit="ug/m3"))
    assert rows == [(1, T0, pytest.approx(500.0)), (2, T0, 1.0)]
    assert refused == []


def test_a_refused_reading_can_be_read_again() -> None:
    _rows, refused = admit(reading(value=5000.25))
    rows, _refused = admit(json.loads(refused[0].raw))
    assert json.loads(refused[0].raw) == {
        "entity": "a", "attribute": "pm2_5", "value": 5000.25, "observed_at": "2026-03-01T00:00:00Z",
    }  # fmt: skip
    assert rows == []


def test_a_key_that_two_entities_share_is_ambiguous_but_their_names_are_not() -> None:
    known = catalogue(
        [
            (1, "a", "AirStation", "pm10", "d1"),
            (2, "a", "NoiseStation", "laeq", "d1"),
            (3, "c", "AirStation", "pm10", "d1"),
        ],
        [known_device(0, "d1")],
    )
    rows, refused = admit(
        reading("a", "pm10"), reading(urn("a"), "pm10"), reading(urn("a", "NoiseStation"), "laeq"), known=known
    )
    assert [row[0] for row in rows] == [1, 2]
    assert [r.reason for r in refused] == ["ambiguous_entity"]


def test_an_empty_catalogue_knows_nothing() -> None:
    rows, refused = admit(reading(), known=catalogue([], []))
    assert rows == []
    assert [r.reason for r in refused] == ["unknown_entity"]


def test_series_without_a_device_belong_to_nobody() -> None:
    known = catalogue([(1, "a", "AirStation", "pm10", None)], [known_device(0, "d1")])
    for sender in (0, -1):
        found, _ = ndjson.parse(json.dumps(reading("a", "pm10")).encode(), Refusals())
        series = known.resolve(found)
        assert series.tolist() == [1]
        rows, refused = admit(reading("a", "pm10"), known=known, sender=sender)
        assert (rows, [r.reason for r in refused]) == ([], ["not_yours"])


def test_resolve_names_the_kind_of_ignorance() -> None:
    known = two_stations()
    found, _ = ndjson.parse(b'{"entity":"a","observed_at":1,"values":{"pm2_5":1,"x":2}}', Refusals())
    assert sorted(known.resolve(found).tolist()) == [UNKNOWN_ATTRIBUTE, 1]
    assert (UNKNOWN_ENTITY, AMBIGUOUS_ENTITY) == (-1, -2)
    assert known.describe(3) == (urn("b"), "pm2_5")
    assert known.describe(99) == ("", "")
    assert known.device_of(3) == "d2"
