"""Moving a device: all of it or nothing, seen by the other town afterwards and by the old one no more."""

import numpy as np
import pytest
from django.db import DatabaseError, connection, transaction

from onecity.domains.devices import moving
from onecity.domains.devices.models import DeviceRecord, Finding
from onecity.domains.devices.tests.fields import HOURS, NOW, measured, node
from onecity.domains.devices.tests.people import DISTRICT, HERE, THERE, keeper, watcher
from onecity.kernel.access.models import AuditEvent
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.errors import Problem
from onecity.kernel.places.models import Division
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules.models import Alert, Rule, RuleVersion
from onecity.kernel.rules.types import Level, Severity, Threshold
from onecity.kernel.rules.watchers import series_of
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Device, Latest, Series
from onecity.kernel.twin.models import Entity

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def towns() -> None:
    root = Division.objects.create(tree="adm", code="1", name="Q", level="district", path=DISTRICT)
    for path, code in ((HERE, "11"), (THERE, "12")):
        Division.objects.create(tree="adm", code=code, name=code, level="town", parent=root, path=path)


def furnished() -> tuple[DeviceRecord, Entity, int]:
    record, entity = node("a", HERE)
    series = measured(entity, "level", np.arange(HOURS, dtype=np.float64))
    rule = Rule.objects.create(name="t.level", division_path=HERE)
    version = RuleVersion.objects.create(rule=rule, number=1, definition={}, division_path=HERE)
    for state, end, onset in (("open", None, NOW), ("ended", NOW, NOW.replace(day=1))):
        Alert.objects.create(
            rule=rule, version=version, entity_id=entity.id, entity_urn=entity.urn, entity_name="a",
            entity_type="TestNode", series_id=series, attribute="level", division_path=HERE, severity="yellow",
            state=state, onset=onset, raised_at=NOW, peak_at=NOW, peak_value=1, end=end,
        )  # fmt: skip
    Finding.objects.create(
        device_id=record.device_id, kind="silent", division_path=HERE, value=9, onset=NOW, seen_at=NOW
    )
    return record, entity, series


def what_is_seen(series: int) -> dict[str, int]:
    return {
        "devices": Device.objects.count(),
        "records": DeviceRecord.objects.count(),
        "entities": Entity.objects.count(),
        "series": Series.objects.count(),
        "latest": Latest.objects.count(),
        "open": Alert.objects.filter(state="open").count(),
        "ended": Alert.objects.filter(state="ended").count(),
        "findings": Finding.objects.count(),
        "history": len(query.aggregate([series], NOW.replace(month=1), NOW, 3600, ("count",))),
    }


def test_each_town_sees_it_before_or_after_and_never_half(request: pytest.FixtureRequest) -> None:
    record, _entity, series = furnished()
    officer, here, there = keeper(DISTRICT), watcher(HERE, "here"), watcher(THERE, "there")
    whole = {"devices": 1, "records": 1, "entities": 1, "series": 2, "latest": 1, "open": 1, "findings": 1}
    whole |= {"history": HOURS}
    none = dict.fromkeys(whole, 0)
    request.getfixturevalue("app_role")
    with acting_as(here.id):
        assert what_is_seen(series) == whole | {"ended": 1}
    with acting_as(there.id):
        assert what_is_seen(series) == none | {"ended": 0}
    with acting_as(officer.id):
        moved = moving.move(record.device_id, THERE, officer, "new border")
    assert (moved.series, moved.alerts) == (2, 1)
    with acting_as(here.id):
        assert what_is_seen(series) == none | {"ended": 1}
    with acting_as(there.id):
        assert what_is_seen(series) == whole | {"ended": 0}


def test_rules_follow_and_both_sides_have_it_in_their_records() -> None:
    record, _entity, series = furnished()
    found = definitions.Definition(
        titles={"zh": "t", "en": "t"},
        entity_type="TestNode",
        attribute="level",
        condition=Threshold((Level(Severity.YELLOW, 1.0),)),
    )
    before = Series.objects.get(id=series).changed_at
    assert (series_of(found, HERE).tolist(), series_of(found, THERE).tolist()) == ([series], [])
    officer = keeper(DISTRICT)
    with acting_as(officer.id):
        moving.move(record.device_id, THERE, officer, "new border")
    assert (series_of(found, HERE).tolist(), series_of(found, THERE).tolist()) == ([], [series])
    assert Series.objects.get(id=series).changed_at > before
    told = AuditEvent.objects.filter(action="devices.moved").order_by("division_path")
    assert [(event.division_path, event.purpose) for event in told] == [(HERE, "new border"), (THERE, "new border")]


def test_who_manages_one_side_only_moves_nothing(request: pytest.FixtureRequest) -> None:
    record, _entity, series = furnished()
    for side in (HERE, THERE):
        one = keeper(side, f"k{side[-3:-1]}")
        with acting_as(one.id), pytest.raises(Problem) as refused:
            moving.move(record.device_id, THERE, one, "mine now")
        assert refused.value.status in {403, 404}
    officer = keeper(HERE, "sly")
    request.getfixturevalue("app_role")
    with acting_as(officer.id):
        with pytest.raises(DatabaseError, match="may not move"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM devices_move(%s, %s, now())", [record.device_id, THERE])
        assert what_is_seen(series)["history"] == HOURS


def test_what_cannot_be_is_said_at_once() -> None:
    record, _entity, _series = furnished()
    with pytest.raises(Problem) as refused:
        moving.move(record.device_id, "adm/1/99/", keeper(DISTRICT), " ")
    assert [error.field for error in refused.value.errors] == ["division", "reason"]
    with pytest.raises(Problem):
        moving.move(record.device_id, HERE, keeper(DISTRICT, "k2"), "again")
    assert DeviceRecord.objects.get().division_path == HERE
