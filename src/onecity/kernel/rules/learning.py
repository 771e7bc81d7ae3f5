"""Learns baselines from the stored history: a background job, once a day and soon after a rule that needs one."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings

from onecity.kernel.core.clock import now
from onecity.kernel.rules import baseline_store, publishing, watchers
from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.logic import baselines
from onecity.kernel.rules.logic.arrays import Int32s
from onecity.kernel.rules.logic.baselines import Table
from onecity.kernel.rules.logic.conditions import Baseline
from onecity.kernel.rules.models import Baselines
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Series

RELEARN_AFTER = dt.timedelta(hours=20)
HOUR_SECONDS = 3600
# series whose history is read in one go
SERIES_AT_ONCE = 500


def learn_due() -> int:
    """Learn the baselines that rules need and that are missing or a day old; returns of how many channels."""
    moment, learnt = now(), 0
    for entity_type, attribute, history in _needed():
        known = Baselines.objects.filter(entity_type=entity_type, attribute=attribute, history=history).first()
        if known is None or known.learnt_at < moment - RELEARN_AFTER:
            rows = Series.objects.filter(entity_type=entity_type, attribute=attribute, active=True)
            series = np.array(sorted(rows.values_list("id", flat=True)), np.int32)
            baseline_store.store(entity_type, attribute, history, learn(series, moment - history, moment))
            learnt += 1
    return learnt


def learn(series: Int32s, start: dt.datetime, end: dt.datetime) -> Table:
    """Learn what each hour of the week brought, from the hourly means stored between two moments (the district's hours)."""
    zone = ZoneInfo(settings.TIME_ZONE)
    tables = []
    for first in range(0, len(series), SERIES_AT_ONCE):
        ids = series[first : first + SERIES_AT_ONCE].tolist()
        found = query.aggregate(ids, start, end, HOUR_SECONDS, ("mean",))
        slot = baselines.hour_of_week(found.bucket_start, zone)
        tables.append(baselines.learn(found.series_id, slot, found.values["mean"]))
    return Table.concatenate(tables)


def _needed() -> list[tuple[str, str, dt.timedelta]]:
    needed: dict[tuple[str, str, dt.timedelta], Definition] = {}
    for work in watchers.roster(publishing.in_force()).working.values():
        if isinstance(work.definition.condition, Baseline):
            found = work.definition
            needed[found.entity_type, found.attribute, work.definition.condition.history] = found
    return list(needed)
