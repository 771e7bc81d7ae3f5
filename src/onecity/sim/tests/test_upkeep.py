"""A simulated district has groups, a target, modelled places and a roll-out under way; what people did is left alone."""

from pathlib import Path
from typing import Any

import pytest

from onecity.domains.devices import rolling
from onecity.domains.devices.models import CoverageTarget, DeviceGroup, DeviceRecord, PlaceModel, Rollout, RolloutState
from onecity.domains.devices.tests.people import keeper
from onecity.domains.environment.sim import Simulation
from onecity.kernel.telemetry.commanding import service as commanding
from onecity.kernel.telemetry.models import Command
from onecity.sim import upkeep
from onecity.sim.station import register
from onecity.sim.tests.test_devices import PATH, district

__all__ = ["district"]


@pytest.fixture
def stations(district: None, tmp_path: Path, settings: Any) -> None:
    settings.ONECITY_UPLOADS = tmp_path
    register([Simulation()], tmp_path)


def test_device_management_is_furnished_once(stations: None) -> None:
    keeper(PATH, "data")
    upkeep.furnish()
    assert DeviceGroup.objects.count() == 4
    assert CoverageTarget.objects.get().nodes == 1
    assert PlaceModel.objects.count() == 2
    rollout = Rollout.objects.get()
    assert (rollout.state, rollout.targets.count(), Command.objects.count()) == (RolloutState.RUNNING, 2, 2)
    DeviceGroup.objects.exclude(condition={}).delete()
    upkeep.furnish()
    assert (DeviceGroup.objects.count(), Rollout.objects.count()) == (1, 1)
    for command in Command.objects.all():
        commanding.acknowledge(command.device_id, command.id, True, {})
    assert rolling.advance(rollout.id).state == RolloutState.DONE
    assert DeviceRecord.objects.filter(firmware_version="1.1.0").count() == 2


def test_without_an_officer_nothing_is_rolled_out(stations: None) -> None:
    upkeep.furnish()
    assert (DeviceGroup.objects.count(), Rollout.objects.count()) == (4, 0)
    upkeep.look_after()
    assert PlaceModel.objects.filter(learnt_at__isnull=False).count() == 2
