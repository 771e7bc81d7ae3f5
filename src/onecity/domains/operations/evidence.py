"""What stands behind a point of the map: readings, their course with limits and alerts, and who has it in hand."""

import datetime as dt
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.db.models import QuerySet

from onecity.domains.operations import situations
from onecity.domains.operations.scope import Scope
from onecity.kernel.access import policy
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.service import visible_cases
from onecity.kernel.core import units
from onecity.kernel.places import service as places
from onecity.kernel.rules.models import Alert, AlertState
from onecity.kernel.telemetry import query
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity, EntityKind
from onecity.kernel.web import words

HOURS = 24
MOST_ALERTS, MOST_CASES = 10, 5
POINTS = 288
GAP = 2.5
MILLI = 1000


def of_entity(entity: Entity, scope: Scope, attribute: str = "") -> dict[str, Any]:
    """Everything the panel shows of an entity."""
    kind = EntityKind.objects.filter(name=entity.type).first()
    values = twin.state([entity])[entity.id]
    alerts = list(_alerts(entity, scope)[: MOST_ALERTS + 1])
    cases = list(_cases(entity, scope)[: MOST_CASES + 1])
    chosen = attribute or _chosen(alerts, values)
    return {
        "entity": entity,
        "kind": kind,
        "readings": [(kind.attribute_title(v.attribute) if kind else v.attribute, v) for v in values],
        "chosen": chosen,
        "alerts": alerts[:MOST_ALERTS],
        "cases": cases[:MOST_CASES],
        "more": len(alerts) > MOST_ALERTS or len(cases) > MOST_CASES,
        "place": places.title_for(entity.division_path, full=True),
        "scope": scope,
        "worst": _worst(alerts),
    }


def chart(entity: Entity, attribute: str, scope: Scope) -> dict[str, Any]:
    """The course of a day around the moment, in means that fit the width, with what the alerts were measured against."""
    series = Series.objects.filter(entity_id=entity.id, attribute=attribute, active=True).first()
    kind = EntityKind.objects.filter(name=entity.type).first()
    title = kind.attribute_title(attribute) if kind else attribute
    if series is None:
        return {"title": title, "series": []}
    end = scope.moment
    start = end - dt.timedelta(hours=HOURS)
    step = HOURS * 3600 // POINTS
    found = query.aggregate([series.id], start, end, step, ("mean",))
    points = [
        [int(at) // MILLI, float(value) if math.isfinite(value) else None]
        for at, value in zip(found.bucket_start, found.values["mean"], strict=True)
    ]
    alerts = [a for a in _alerts(entity, scope)[:20] if a.attribute == attribute]
    return {
        "title": f"{entity.name} · {title}",
        "gap_seconds": max(step * GAP, _usual_step(points) * GAP),
        "series": [{"name": title, "unit": units.symbol(series.unit), "decimals": series.decimals, "points": points}],
        "thresholds": _limits(alerts),
        "bands": [_band(alert, start) for alert in alerts],
    }


def _usual_step(points: Sequence[Sequence[float | None]]) -> float:
    """The middle distance of the points in seconds, so that a station that reports hourly has no gaps between hours."""
    distances = sorted((b[0] or 0) - (a[0] or 0) for a, b in pairwise(points))
    return distances[len(distances) // 2] / MILLI if distances else 0.0


def _alerts(entity: Entity, scope: Scope) -> QuerySet[Alert]:
    rows = policy.visible(Alert.objects.select_related("rule", "version"), scope.account, "alerts.view")
    rows = rows.filter(entity_id=entity.id, onset__lte=scope.moment).exclude(state=AlertState.WITHDRAWN)
    return rows.order_by("-onset")


def _cases(entity: Entity, scope: Scope) -> QuerySet[Case]:
    return visible_cases(scope.account).filter(entity_id=entity.id).order_by("-opened_at")


def _chosen(alerts: Sequence[Alert], values: Sequence[twin.CurrentValue]) -> str:
    """The attribute of the gravest alert that runs, else of the last one, else the first that has a value."""
    grave = sorted(alerts, key=lambda a: -situations.RANK[str(a.severity)])
    running = [a.attribute for a in grave if a.end is None]
    past = [a.attribute for a in alerts]
    known = [v.attribute for v in values if v.value is not None]
    return (running or past or known or [v.attribute for v in values] or [""])[0]


def _worst(alerts: Sequence[Alert]) -> str:
    running = [str(a.severity) for a in alerts if a.end is None]
    return max(running, key=lambda severity: situations.RANK[severity], default="")


def _limits(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """The levels of the newest alert's rule, where they are values of the attribute itself."""
    if not alerts or alerts[0].version.definition.get("condition", {}).get("kind") != "threshold":
        return []
    levels = alerts[0].version.definition["condition"].get("levels", [])
    titles = words.states()
    return [
        {"value": level["raise_at"], "severity": level["severity"], "label": titles.get(level["severity"], "")}
        for level in levels
    ]


def _band(alert: Alert, start: dt.datetime) -> dict[str, Any]:
    first = max(alert.onset, start)
    return {
        "from": int(first.timestamp() * MILLI),
        "to": int(alert.end.timestamp() * MILLI) if alert.end else None,
        "severity": alert.severity,
    }
