"""The made-up district with its people, and in each of two towns one thing of every kind, marked with the town's word."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from onecity.domains.environment.domain import AIR_EXCEEDANCE, AIR_STATION
from onecity.kernel.access import audit
from onecity.kernel.cases import service as cases
from onecity.kernel.core.clock import now
from onecity.kernel.notify import feed
from onecity.kernel.people import demo
from onecity.kernel.places import district
from onecity.kernel.places import service as places
from onecity.kernel.registry import sync
from onecity.kernel.rules.models import Alert, Rule
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity
from onecity.project import domains, sample_district

THINGS = ("设备", "站", "案件", "动态", "审计")  # a town's things are named by its word and one of these


@dataclass(frozen=True)
class Town:
    """One town and what stands in it; `ids` by kind, as addresses name them."""

    path: str
    mark: str
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class City:
    """The district and the towns of the accounts `town-a` and `town-b`."""

    district: str
    town_a: Town
    town_b: Town


def build(archives: Mapping[str, Path]) -> City:
    """Load the district, its declarations and its people into the database of a test, and furnish two towns."""
    district.load(sample_district.ADCODE, archives=archives)
    root = places.root()
    if root is None:
        raise RuntimeError("the made-up district did not load")
    first, second = places.children(root.path)[:2]
    village = places.children(first.path)[0]
    sync.run(domains.load())
    demo.create(demo.DemoDivisions(*((d.path, d.name) for d in (root, first, second, village))))
    return City(root.path, _furnish(first.path, "甲镇之物"), _furnish(second.path, "乙镇之物"))


def _furnish(path: str, mark: str) -> Town:
    device, _secret = telemetry.create_device(f"{mark}设备", path)
    entity = twin.upsert_entity(
        type=AIR_STATION, key=f"test-{len(path)}-{mark}", name=f"{mark}站", division_path=path, lon=121.4, lat=30.9,
        device_id=device.id,
    )  # fmt: skip
    case = cases.open_case(
        cases.NewCase(type_name=AIR_EXCEEDANCE.name, title=f"{mark}案件", division_path=path, lon=121.4, lat=30.9)
    )
    alert = _alert(entity)
    feed.publish("case", division_path=path, ref=str(case.id), payload={"title": f"{mark}动态"})
    audit.record("case.viewed", actor_id=None, object_type="case", object_id=f"{mark}审计", division_path=path)
    ids: dict[str, UUID] = {"case_id": case.id, "entity_id": entity.id, "alert_id": alert.id, "device_id": device.id}
    return Town(path, mark, {name: str(value) for name, value in ids.items()})


def _alert(entity: Entity) -> Alert:
    rule = Rule.objects.filter(versions__isnull=False).order_by("id")[0]
    at = now() - dt.timedelta(minutes=5)
    return Alert.objects.create(
        rule=rule, version=rule.versions.order_by("-id")[0], entity_id=entity.id, entity_urn=entity.urn, entity_name=entity.name,
        entity_type=AIR_STATION.name, series_id=1, attribute="pm2_5", unit="ug/m3", division_path=entity.division_path, lon=121.4,
        lat=30.9, severity="orange", onset=at, raised_at=at, peak_at=at, peak_value=180.0,
    )  # fmt: skip
