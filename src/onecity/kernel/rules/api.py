"""Alerts and rules over HTTP: lists, evidence as charts, acknowledging, trying rules on history, export."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Body, Query, Router, Schema
from pydantic import Field, StringConstraints

from onecity.kernel.access.api import permission_auth
from onecity.kernel.core.clock import now
from onecity.kernel.core.moments import Moment
from onecity.kernel.core.openapi import CHART_SCHEMA, answers_with, with_body
from onecity.kernel.people.doors import account_of
from onecity.kernel.rules import acknowledging, backtest, charts, choices, exchange, finding, publishing
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules.backtest import Backtest
from onecity.kernel.rules.finding import AlertQuery
from onecity.kernel.rules.models import Alert
from onecity.kernel.rules.permissions import ALERTS_ACKNOWLEDGE, ALERTS_VIEW, RULES_VIEW
from onecity.kernel.rules.views.rules import describe

router = Router(tags=["rules"])
see_alerts = permission_auth(ALERTS_VIEW)
see_rules = permission_auth(RULES_VIEW)

Short = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
EXAMPLE = {
    "titles": {"en": "PM10 too high", "zh-hans": "PM10 偏高"},
    "entity_type": "AirQualityObserved",
    "attribute": "pm10",
    "condition": {
        "kind": "threshold",
        "direction": "above",
        "duration_seconds": 600,
        "levels": [{"severity": "yellow", "raise_at": 250.0, "clear_at": 225.0}],
    },
}
Colour = Literal["", "blue", "yellow", "orange", "red"]
Days = Annotated[int, Field(ge=1, le=366)]
RuleId = Annotated[int, Field(ge=1, le=2**62)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class AlertOut(Schema):
    """An alert; moments in UTC, `peak_value` in the unit of what the rule looks at."""

    id: UUID
    rule_id: int
    title: str
    severity: str
    state: str
    entity_id: UUID
    entity_urn: str
    entity_name: str
    entity_type: str
    attribute: str
    unit: str
    division_path: str
    lon: float | None
    lat: float | None
    onset: dt.datetime
    raised_at: dt.datetime
    peak_at: dt.datetime
    peak_value: float
    end: dt.datetime | None
    acknowledged_at: dt.datetime | None
    acknowledged_by_name: str
    note: str
    case_id: UUID | None


class AlertPage(Schema):
    """One page, newest first; `next` is the `before` of the next page, null on the last."""

    alerts: list[AlertOut]
    next: dt.datetime | None


class AlertsWanted(Schema):
    """Which alerts; empty members do not narrow."""

    severity: Colour = ""
    state: Literal["", "open", "ended", "withdrawn"] = ""
    division: Short = ""
    rule: RuleId | None = None
    entity: UUID | None = None
    before: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class Note(Schema):
    """What somebody wants to say with it."""

    note: Annotated[str, StringConstraints(max_length=acknowledging.LONGEST_NOTE, pattern=r"^[^\x00]*$")] = ""


class RuleOut(Schema):
    """A rule with the version shown: the one that holds, else the newest."""

    id: int
    name: str
    title: str
    sentence: str
    status: str
    error: str
    version: int
    effective_from: dt.datetime | None
    fired_7_days: int
    fired_30_days: int
    definition: dict[str, Any]


class IntervalOut(Schema):
    """One alert that would have been raised."""

    entity_id: UUID
    entity_name: str
    severity: str
    onset: dt.datetime
    end: dt.datetime | None
    peak_at: dt.datetime
    peak_value: float


class BacktestOut(Schema):
    """What a rule would have done, newest first; `complete` false: there was too much to read all of it."""

    start: dt.datetime
    end: dt.datetime
    stations: int
    readings: int
    complete: bool
    count: int
    intervals: list[IntervalOut]


class Trial(Schema):
    """A definition as the export holds it, and how many days to look back."""

    definition: dict[str, Any]
    days: Days = 30


class ChartWanted(Schema):
    """How far back, and which series."""

    days: Days = 30
    series: Annotated[int, Field(ge=1, le=2**31 - 1)]


@router.get("/alerts", response=AlertPage, auth=see_alerts, summary="Alerts, newest first")
def alerts(request: HttpRequest, wanted: Query[AlertsWanted]) -> AlertPage:
    """The alerts that the caller may see and that fit."""
    query = AlertQuery(wanted.severity, wanted.state, wanted.division, wanted.rule, wanted.entity)
    rows = finding.alerts(account_of(request), query)
    if wanted.before is not None:
        rows = rows.filter(onset__lt=wanted.before)
    found = list(rows[: wanted.limit + 1])
    more = len(found) > wanted.limit
    found = found[: wanted.limit]
    return AlertPage(alerts=[_out(alert) for alert in found], next=found[-1].onset if more else None)


@router.get("/alerts/{uuid:alert_id}", response=AlertOut, auth=see_alerts, summary="One alert")
def alert(request: HttpRequest, alert_id: UUID) -> AlertOut:
    """One alert that the caller may see."""
    return _out(finding.one_alert(account_of(request), alert_id))


@router.get(
    "/alerts/{uuid:alert_id}/chart",
    response=dict[str, Any],
    auth=see_alerts,
    summary="Its evidence as a chart",
    openapi_extra=answers_with({"application/json": CHART_SCHEMA}),
)
def alert_chart(request: HttpRequest, alert_id: UUID) -> dict[str, Any]:
    """Readings around the alert with the rule's levels, as the charts take them."""
    return charts.of_alert(finding.one_alert(account_of(request), alert_id))


@router.post(
    "/alerts/{uuid:alert_id}/acknowledge",
    response=AlertOut,
    auth=permission_auth(ALERTS_ACKNOWLEDGE),
    summary="Note that somebody has seen it",
    openapi_extra=with_body({"note": "The street sweeper is on its way."}),
)
def acknowledge(request: HttpRequest, alert_id: UUID, said: Body[Note]) -> AlertOut:
    """The first to say so is noted; a second time changes nothing."""
    account = account_of(request)
    return _out(acknowledging.acknowledge(finding.one_alert(account, alert_id), account, said.note))


@router.get("/", response=list[RuleOut], auth=see_rules, summary="All rules, failed ones first")
def rules(request: HttpRequest) -> list[RuleOut]:
    """Every rule with how it is and how often it fired, counting the alerts that the caller may see."""
    return [
        RuleOut(
            id=line.rule.pk,
            name=line.rule.name,
            title=line.definition.title if line.definition else line.rule.name,
            sentence=describe(line.definition),
            status=line.status,
            error=line.rule.error,
            version=line.version.number,
            effective_from=line.version.effective_from,
            fired_7_days=line.week,
            fired_30_days=line.month,
            definition=line.version.definition,
        )
        for line in finding.rule_lines(account_of(request))
    ]


@router.get("/export", response=dict[str, Any], auth=see_rules, summary="The rules in force as a file")
def export(request: HttpRequest) -> dict[str, Any]:
    """What another district can import."""
    del request
    return exchange.export(publishing.in_force())


@router.post(
    "/backtest",
    response=BacktestOut,
    auth=see_rules,
    summary="Try a rule on the stored history",
    openapi_extra=with_body({"definition": EXAMPLE, "days": 30}),
)
def try_out(request: HttpRequest, trial: Body[Trial]) -> BacktestOut:
    """What a rule would have done, over the stations that the caller may see; nothing is stored."""
    definition = definitions.from_data(trial.definition)
    definitions.check(definition, choices.case_types())
    start = now() - dt.timedelta(days=trial.days)
    return _tried(backtest.run(definition, start, asker=account_of(request)))


@router.get(
    "/{int:rule_id}/versions/{int:number}/backtest/chart",
    response=dict[str, Any],
    auth=see_rules,
    summary="One station over the time of a trial, as a chart",
    openapi_extra=answers_with({"application/json": CHART_SCHEMA}),
)
def backtest_chart(request: HttpRequest, rule_id: RuleId, number: Number, wanted: Query[ChartWanted]) -> dict[str, Any]:
    """Readings of one series with the stretches in which this version would have fired."""
    version = finding.one_version(rule_id, number)
    definition = definitions.from_data(version.definition)
    end = now()
    start = end - dt.timedelta(days=wanted.days)
    found = backtest.run(
        definition, start, end, owner=version.rule.division_path, only=wanted.series, asker=account_of(request)
    )
    return charts.of_intervals(definition, wanted.series, found.intervals, start, end)


def _out(alert: Alert) -> AlertOut:
    definition = finding.readable(alert.version)
    facts = {name: getattr(alert, name) for name in AlertOut.model_fields if name != "title"}
    return AlertOut(title=definition.title if definition else alert.rule.name, **facts)


def _tried(found: Backtest) -> BacktestOut:
    intervals = [
        IntervalOut(**{name: getattr(interval, name) for name in IntervalOut.model_fields})
        for interval in found.intervals
    ]
    return BacktestOut(
        start=found.start,
        end=found.end,
        stations=found.series,
        readings=found.readings,
        complete=found.complete,
        count=len(intervals),
        intervals=intervals,
    )
