"""Open alerts against rules at work: ends those that nobody watches any more, finds silences that go on."""

from collections.abc import Iterator
from uuid import UUID

import numpy as np

from onecity.kernel.core.clock import now
from onecity.kernel.rules.alert_store import Written, facts_of
from onecity.kernel.rules.logic.arrays import Int32s
from onecity.kernel.rules.logic.conditions import Absence, Severity
from onecity.kernel.rules.models import Alert, AlertState
from onecity.kernel.rules.watchers import Roster
from onecity.kernel.telemetry.models import Series

NO_LONGER_WATCHED = "no_longer_watched"


def end_orphans(roster: Roster) -> list[Written]:
    """End open alerts of rules that were changed, paused or failed, and of series they no longer watch.

    Alerts of another installation end there: their series have an origin, or are not known here yet (0).
    """
    scopes = {watcher.rule: watcher.scope for watcher in roster.watchers}
    orphans: list[UUID] = []
    by_run: dict[int, list[tuple[UUID, int]]] = {}
    own = Alert.objects.filter(state=AlertState.OPEN, series_id__in=Series.objects.filter(origin="").values("id"))
    rows = own.values_list("id", "version__run", "series_id")
    for identity, run, series in rows:
        by_run.setdefault(run, []).append((identity, series))
    for run, alerts in by_run.items():
        if run not in scopes:
            orphans += [identity for identity, _series in alerts]
            continue
        watched = scopes[run].contains(np.array([series for _identity, series in alerts], np.int32))
        orphans += [identity for (identity, _series), known in zip(alerts, watched.tolist(), strict=True) if not known]
    return [_end(alert) for alert in Alert.objects.filter(id__in=orphans).select_related("version").order_by("id")]


def silences(roster: Roster) -> Iterator[tuple[int, int, Int32s]]:
    """Yield (run, rank, series) of the alerts for silence that are open."""
    runs = [watcher.rule for watcher in roster.watchers if isinstance(watcher.condition, Absence)]
    found: dict[tuple[int, int], list[int]] = {}
    rows = Alert.objects.filter(state=AlertState.OPEN, version__run__in=runs)
    for run, severity, series in rows.values_list("version__run", "severity", "series_id"):
        found.setdefault((run, Severity(severity).rank), []).append(series)
    for (run, rank), series_ids in found.items():
        yield run, rank, np.array(sorted(series_ids), np.int32)


def _end(alert: Alert) -> Written:
    moment = max(now(), alert.onset)
    alert.state, alert.end, alert.changed_at, alert.wants_case = AlertState.ENDED, moment, now(), False
    alert.evidence = {**alert.evidence, "ended_because": NO_LONGER_WATCHED}
    alert.save(update_fields=["state", "end", "changed_at", "wants_case", "evidence"])
    return Written(
        id=alert.id,
        severity=alert.severity,
        state=alert.state,
        case_id=alert.case_id,
        wants_case=False,
        raised=False,
        escalated=False,
        ended=True,
        facts=facts_of(alert, alert.version.definition.get("titles", {})),
    )
