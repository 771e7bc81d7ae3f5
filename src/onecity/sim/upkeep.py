"""What people would have done with the devices of a district by now: groups, targets, modelled places, a roll-out under way."""

import datetime as dt
import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from onecity.domains.devices import health, releases, rolling
from onecity.domains.devices import places as modelled
from onecity.domains.devices.models import (
    CoverageTarget,
    DeviceGroup,
    DeviceModel,
    DeviceRecord,
    Membership,
    PlaceModel,
    Release,
    Rollout,
)
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as tree
from onecity.sim.makes import MAKES

log = logging.getLogger(__name__)

AIR = "AirQualityObserved"
NEXT_FIRMWARE = "1.1.0"
FIRST_TO_TRY = 2
MODELLED_TOWNS = 3
TARGET_NODES = 1
TARGET_SINCE = dt.timedelta(days=500)
# a firmware of 64 KiB whose bytes say what it is
CONTENT = (b"Simulated firmware %s. " % NEXT_FIRMWARE.encode()) * 2849


def furnish() -> None:
    """Set up what is missing, once: where a group exists already, people have begun and nothing is touched."""
    root = tree.root()
    if root is None or DeviceGroup.objects.exists():
        return
    with translation.override(settings.LANGUAGE_CODE), transaction.atomic():
        canary = _groups(root.path)
        CoverageTarget.objects.get_or_create(
            division_path=root.path,
            entity_type="",
            defaults={"nodes": TARGET_NODES, "valid_from": (now() - TARGET_SINCE).date()},
        )
        for town in tree.children(root.path)[:MODELLED_TOWNS]:
            PlaceModel.objects.get_or_create(division_path=town.path, entity_id=None, defaults={"name": town.name})
        _roll_out(root.path, canary)
    log.info("device management is furnished")


def look_after() -> None:
    """Have the worker's nightly work done once, now that there is a past: the check-up, and learning the places."""
    found = health.check(thorough=True)
    log.info("check-up of %d series: %s; %d series learnt", found.series, dict(found.found), modelled.learn())


def _groups(path: str) -> DeviceGroup:
    """A group by condition for each make, and one by hand that tries new firmware first; gives the latter."""
    for make in MAKES.values():
        DeviceGroup.objects.create(
            name=_("All: %(make)s") % {"make": make.title},
            purpose=_("Looked after together"),
            condition={"model": make.name},
            division_path=path,
        )
    canary = DeviceGroup.objects.create(
        name=_("First to try new firmware"),
        purpose=_("Easy to reach, so that a failure costs little"),
        division_path=path,
    )
    rows = DeviceRecord.objects.filter(model__name=MAKES[AIR].name).order_by("name")[:FIRST_TO_TRY]
    Membership.objects.bulk_create([Membership(group=canary, record=row) for row in rows])
    return canary


def _roll_out(path: str, canary: DeviceGroup) -> None:
    """Begin to bring new firmware to the air stations, as whoever may; without such an account nothing is rolled out."""
    actor = _officer()
    model = DeviceModel.objects.filter(name=MAKES[AIR].name).first()
    if actor is None or model is None or not model.records.exists():
        return
    given = Release(model=model, version=NEXT_FIRMWARE, notes=_("Steadier clock, less power"), division_path=path)
    release = releases.add(given, [CONTENT], actor)
    stages: Sequence[int] = (25, 50, 100)
    plan = Rollout(
        release=release, canary=canary, percents=list(stages), needed_share=0.9, failure_share=0.2, division_path=path
    )
    rolling.begin(rolling.plan(plan, actor).id, actor)


def _officer() -> Account | None:
    """The demonstration account that manages devices."""
    return Account.objects.filter(username="data", is_active=True).first()
