"""Puts the city of the measurement in place: entities with their series, a device that sends for all, rules over them."""

import datetime as dt
from collections.abc import Sequence

from django.db import connection, transaction

from onecity.kernel.rules.bench import stream
from onecity.kernel.rules.models import Alert
from onecity.kernel.rules.publishing import declare
from onecity.kernel.rules.types import RuleDecl
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.models import Device, Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service

AT_ONCE = 500
# how many of all pairs of rule and series are past a level at a time
SHARE = 1e-4


def fill(urns: Sequence[str], names: Sequence[str], rules: int) -> str:
    """Make everything; returns the device's bearer token."""
    kind = EntityType(
        name="CityStation",
        title="Station",
        attributes=tuple(Attribute(name, name, "Cel", -10_000, 1_000_000) for name in names),
        max_age=dt.timedelta(hours=2),
    )
    device, secret = telemetry.create_device("City", "")
    Device.objects.filter(id=device.id).update(readings_per_second=100_000)
    keys = [urn.rsplit(":", 1)[1] for urn in urns] + ["probe"]
    for first in range(0, len(keys), AT_ONCE):
        with transaction.atomic():
            for key in keys[first : first + AT_ONCE]:
                service.upsert_entity(
                    type=kind, key=key, name=f"Station {key}", division_path="", lon=121.5, lat=30.9,
                    device_id=device.id, public=True,
                )  # fmt: skip
    for number, condition in enumerate(stream.conditions(rules, SHARE)):
        name = names[number % len(names)]
        declare(RuleDecl(f"city.rule_{number}", f"Rule {number}", kind.name, name, condition), "city")
    return f"{device.id}.{secret}"


def series_of(urn: str) -> int:
    """The number of the first series of an entity."""
    number: int = Series.objects.get(entity_urn=urn, attribute="value0").id
    connection.close()
    return number


def alerts() -> int:
    """How many alerts were raised."""
    return Alert.objects.count()
