"""What the twin tells live pages: many batches once in two seconds, none forgotten, the past not told."""

import numpy as np
import pytest

from onecity.kernel.notify.models import FeedEvent
from onecity.kernel.telemetry.batch import StoredBatch
from onecity.kernel.twin.stage import EVERY, StateStage

pytestmark = pytest.mark.django_db
START = 1_764_000_000_000_000


def batch(received_at: int, *, fresh: bool = True) -> StoredBatch:
    return StoredBatch(
        series_id=np.array([1], np.int32),
        observed_at=np.array([START], np.int64),
        value=np.array([1.0]),
        fresh=np.array([fresh]),
        series=np.array([1], np.int32),
        starts=np.array([0, 1], np.int64),
        previous_at=np.array([0], np.int64),
        previous_value=np.array([0.0]),
        received_at=received_at,
    )


def told() -> list[tuple[str, bool, str]]:
    return list(FeedEvent.objects.order_by("id").values_list("kind", "public", "division_path"))


def test_many_batches_are_told_once_in_two_seconds_and_none_is_forgotten() -> None:
    stage = StateStage()
    stage.process(batch(START))
    stage.process(batch(START + EVERY - 1))
    assert told() == [("state", True, "")]
    stage.tick(START + EVERY)
    assert len(told()) == 2
    stage.tick(START + 9 * EVERY)
    assert len(told()) == 2


def test_back_filled_readings_move_nothing() -> None:
    stage = StateStage()
    stage.process(batch(START, fresh=False))
    stage.tick(START + EVERY)
    assert told() == []
