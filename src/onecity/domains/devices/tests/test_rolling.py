"""Roll-outs reach devices in stages, go on as they confirm, stop by failures, pause, and go back."""

import hashlib
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from procrastinate import App
from procrastinate.contrib.django import procrastinate_app
from procrastinate.testing import InMemoryConnector

from onecity.domains.devices import registering, releases, rolling, tasks
from onecity.domains.devices.models import (
    DeviceGroup,
    DeviceModel,
    DeviceRecord,
    Membership,
    Release,
    Rollout,
    RolloutState,
    TargetState,
)
from onecity.domains.devices.registering import NewDevice
from onecity.domains.devices.tests.people import DISTRICT, HERE, THERE, keeper, watcher
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.commanding import service as commanding
from onecity.kernel.telemetry.models import Command, CommandState

pytestmark = pytest.mark.django_db
FILE = b"firmware" * 1000


class Field:
    """Ten devices of a model, their secrets, and the releases 1.0 (which they have) and 2.0."""

    def __init__(self) -> None:
        self.officer: Account = keeper(HERE)
        self.model = DeviceModel.objects.create(name="m", title="M", division_path=DISTRICT)
        made = [registering.register_device(NewDevice(f"d{n}", HERE, self.model), None) for n in range(10)]
        self.records = [record for record, _secret in made]
        self.secrets = {record.device_id: secret for record, secret in made}
        self.old, self.new = (self.release(version) for version in ("1.0", "2.0"))
        DeviceRecord.objects.update(firmware_version="1.0")

    def release(self, version: str) -> Release:
        made = Release(model=self.model, version=version, division_path=HERE)
        return releases.add(made, [FILE, version.encode()], self.officer)

    def canary(self, count: int) -> DeviceGroup:
        group = DeviceGroup.objects.create(name="canary", division_path=HERE)
        Membership.objects.bulk_create(Membership(group=group, record=record) for record in self.records[:count])
        return group

    def plan(self, **facts: Any) -> Rollout:
        values = {"release": self.new, "division_path": HERE, "percents": [50, 100]} | facts
        return rolling.plan(Rollout(**values), self.officer)

    def answer(self, ok: bool = True, most: int = 100) -> int:
        """Devices answer what they were told; how many did."""
        commands = list(Command.objects.filter(finished_at__isnull=True).order_by("id")[:most])
        for command in commands:
            commanding.acknowledge(command.device_id, command.id, ok, {} if ok else {"reason": "no space"})
        return len(commands)


@pytest.fixture
def field(settings: Any, tmp_path: Path) -> Field:
    settings.ONECITY_UPLOADS = tmp_path
    return Field()


def test_it_goes_stage_by_stage_and_waits_for_each(field: Field) -> None:
    rollout = field.plan(canary=field.canary(2))
    assert rollout.stages == 3
    assert not Command.objects.exists()
    rolling.begin(rollout.id, field.officer)
    first = Command.objects.order_by("id")
    assert {command.device_id for command in first} == {record.device_id for record in field.records[:2]}
    assert first[0].payload["sha256"] == hashlib.sha256(FILE + b"2.0").hexdigest()
    rolling.advance(rollout.id)
    assert Command.objects.count() == 2
    assert field.answer() == 2
    assert rolling.advance(rollout.id).stage == 1
    assert Command.objects.count() == 5
    assert field.answer() == 3
    rolling.advance(rollout.id)
    assert field.answer() == 5
    done = rolling.advance(rollout.id)
    assert (done.state, Command.objects.count()) == (RolloutState.DONE, 10)
    assert set(DeviceRecord.objects.values_list("firmware_version", flat=True)) == {"2.0"}


def test_it_stops_by_itself_when_more_fail_than_may(field: Field) -> None:
    rollout = field.plan(failure_share=0.2)
    rolling.begin(rollout.id, field.officer)
    field.answer(ok=False, most=1)
    assert rolling.advance(rollout.id).state == RolloutState.RUNNING
    field.answer(ok=False, most=1)
    stopped = rolling.advance(rollout.id)
    assert (stopped.state, stopped.stage) == (RolloutState.STOPPED, 0)
    assert "2" in stopped.reason
    field.answer()
    rolling.advance(rollout.id)
    assert Command.objects.count() == 5
    assert sorted(DeviceRecord.objects.values_list("firmware_version", flat=True)) == ["1.0"] * 7 + ["2.0"] * 3


def test_a_pause_tells_nobody_more_and_what_comes_in_is_kept(field: Field) -> None:
    rollout = field.plan()
    rolling.begin(rollout.id, field.officer)
    rolling.pause(rollout.id, field.officer)
    field.answer()
    paused = rolling.advance(rollout.id)
    assert (paused.state, Command.objects.count()) == (RolloutState.PAUSED, 5)
    assert paused.targets.filter(state=TargetState.CONFIRMED).count() == 5
    rolling.begin(rollout.id, field.officer)
    assert Command.objects.count() == 10


def test_rolling_back_withdraws_what_waits_and_calls_back_who_updated(field: Field) -> None:
    rollout = field.plan()
    rolling.begin(rollout.id, field.officer)
    field.answer(most=3)
    rolling.undo(rollout.id, field.officer)
    assert Command.objects.filter(state=CommandState.CANCELLED).count() == 2
    back = Command.objects.filter(state=CommandState.QUEUED)
    assert {command.payload["version"] for command in back} == {"1.0"}
    assert field.answer() == 3
    undone = rolling.advance(rollout.id)
    assert undone.state == RolloutState.UNDONE
    assert set(DeviceRecord.objects.values_list("firmware_version", flat=True)) == {"1.0"}
    assert undone.targets.filter(state=TargetState.UNDONE).count() == 5


def test_nobody_else_begins_it(field: Field) -> None:
    rollout = field.plan()
    for account in (watcher(HERE), keeper(THERE, "other")):
        with pytest.raises(Problem) as refused:
            rolling.begin(rollout.id, account)
        assert refused.value.status in {403, 404}
    assert not Command.objects.exists()


def test_a_version_comes_once_and_a_file_has_a_bound(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem) as known:
        field.release("2.0")
    assert known.value.status == 409
    monkeypatch.setattr(releases, "MOST_BYTES", 10)
    for pieces in ([FILE], []):
        with pytest.raises(Problem) as refused:
            releases.add(Release(model=field.model, version="3", division_path=HERE), pieces, field.officer)
        assert refused.value.status == 422
    assert Release.objects.count() == 2


def test_a_device_fetches_its_release_and_no_other(field: Field, request: pytest.FixtureRequest) -> None:
    rollout = field.plan(canary=field.canary(1))
    rolling.begin(rollout.id, field.officer)
    request.getfixturevalue("app_role")
    told, later = field.records[0].device_id, field.records[5].device_id
    address = f"/api/devices/releases/{field.new.id}/content"

    def fetch(device: object, secret: str, path: str = address) -> Any:
        return Client().get(path, headers={"Authorization": f"Bearer {device}.{secret}"})

    answer = fetch(told, field.secrets[told])
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == FILE + b"2.0"
    assert fetch(later, field.secrets[later]).status_code == 404
    assert fetch(told, field.secrets[told], f"/api/devices/releases/{uuid4()}/content").status_code == 404
    assert fetch(told, field.secrets[later]).status_code == 401
    assert Client().get(address).status_code == 401


def test_a_fetch_that_broke_off_goes_on_where_it_stopped(field: Field) -> None:
    rolling.begin(field.plan().id, field.officer)
    device = Command.objects.order_by("id")[0].device_id
    whole, address = FILE + b"2.0", f"/api/devices/releases/{field.new.id}/content"
    size = len(whole)

    def fetch(part: str, **more: str) -> Any:
        headers = {"Authorization": f"Bearer {device}.{field.secrets[device]}", "Range": part, **more}
        return Client().get(address, headers=headers)

    for part, first, last in (
        ("bytes=0-9", 0, 9), ("bytes=8000-", 8000, size - 1), ("bytes=-3", size - 3, size - 1),
        ("bytes=5-99999", 5, size - 1), ("bytes=-99999", 0, size - 1),
    ):  # fmt: skip
        answer = fetch(part)
        assert (answer.status_code, answer["Content-Range"]) == (206, f"bytes {first}-{last}/{size}")
        assert answer.content == whole[first : last + 1]
    beyond = fetch(f"bytes={size}-")
    assert (beyond.status_code, beyond["Content-Range"]) == (416, f"bytes */{size}")
    assert fetch("bytes=-0").status_code == 416
    for part in ("bytes=9-1", "bytes=0-1,3-4", "bytes=-", "lines=1-2"):
        assert b"".join(fetch(part).streaming_content) == whole
    assert b"".join(fetch("bytes=0-9", **{"If-Range": '"other"'}).streaming_content) == whole
    assert fetch("bytes=0-9", **{"If-Range": f'"{field.new.sha256}"'}).status_code == 206


def test_the_worker_looks_again_soon_while_devices_answer(field: Field) -> None:
    with procrastinate_app.current_app.replace_connector(InMemoryConnector()) as app:
        assert tasks.roll() == 0
        assert not list_jobs(app)
        rollout = field.plan()
        rolling.begin(rollout.id, field.officer)
        assert (tasks.roll(), tasks.roll()) == (1, 1)
        assert [job["task_name"] for job in list_jobs(app)] == ["devices.roll_on"]
        while field.answer():
            tasks.roll()
    assert Rollout.objects.get().state == RolloutState.DONE
    assert not rolling.answering()


def list_jobs(app: App) -> list[dict[str, Any]]:
    connector = app.connector
    assert isinstance(connector, InMemoryConnector)
    return [dict(job) for job in connector.jobs.values()]


def test_revoked_on_its_page_a_device_is_refused_at_once(field: Field) -> None:
    rolling.begin(field.plan().id, field.officer)
    device = Command.objects.order_by("id")[0].device_id
    headers = {"Authorization": f"Bearer {device}.{field.secrets[device]}"}
    address = f"/api/devices/releases/{field.new.id}/content"
    opened: Any = Client().get(address, headers=headers)
    assert b"".join(opened.streaming_content) == FILE + b"2.0"
    desk = Client()
    desk.force_login(watcher(HERE))
    assert desk.post(f"/desk/devices/{device}/revoke").status_code == 403
    desk.force_login(field.officer)
    assert desk.post(f"/desk/devices/{device}/revoke").status_code == 302
    assert Client().get(address, headers=headers).status_code == 401
