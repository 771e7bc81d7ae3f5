"""From alerts to work: opens the cases that rules ask for, tells cases that their alert has ended, tells live pages."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import translation

from onecity.kernel.cases import service as cases
from onecity.kernel.cases import wording
from onecity.kernel.cases.service import NewCase
from onecity.kernel.cases.wording import Said
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify import feed
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules import sentences
from onecity.kernel.rules.alert_store import Written, facts_of
from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.logic.conditions import Severity
from onecity.kernel.rules.models import Alert, Rule

# cases opened in one go; a storm of alerts is worked off over the following seconds instead of stopping the flow
CASES_AT_ONCE = 200
# alerts told one by one to the live pages of one batch
MOST_TOLD = 1000
SOURCE = "alert"


def follow(written: Sequence[Written]) -> None:
    """Do what alerts that were raised, grew graver or ended call for."""
    opened = _open_waiting() if any(alert.wants_case and alert.case_id is None for alert in written) else {}
    ended = [alert.case_id for alert in written if alert.ended and alert.case_id is not None]
    if ended:
        cases.alert_ended(ended)
    news = {alert.id: alert for alert in written if alert.is_news}
    others = Alert.objects.filter(id__in=[identity for identity in opened if identity not in news])
    _tell([*((alert, opened.get(alert.id, alert.case_id)) for alert in news.values()), *_as_news(others)])


def open_waiting() -> int:
    """Open cases for the alerts that have waited longest; returns how many. A rule that cannot is marked as failed."""
    opened = _open_waiting()
    announce(list(opened))
    return len(opened)


def announce(identities: Sequence[UUID]) -> None:
    """Put these alerts on the change feed, each with what a live page needs to show it."""
    if identities:
        _tell(list(_as_news(Alert.objects.filter(id__in=identities))))


def _as_news(alerts: QuerySet[Alert]) -> Iterator[tuple[Written, UUID | None]]:
    for alert in alerts.select_related("version").order_by("onset", "id"):
        facts = facts_of(alert, alert.version.definition.get("titles", {}))
        yield (
            Written(alert.id, alert.severity, alert.state, alert.case_id, False, False, False, False, facts),
            alert.case_id,
        )


def _tell(news: Sequence[tuple[Written, UUID | None]]) -> None:
    """Tell the live pages of each, or of the gravest and of how many there are: nobody reads thousands of lines."""
    told = sorted(news, key=lambda one: -Severity(one[0].severity).rank)[:MOST_TOLD] if len(news) > MOST_TOLD else news
    feed.publish_many(
        feed.Change("alert", alert.facts.division_path, str(alert.id), _payload(alert, case_id))
        for alert, case_id in told
    )


def mark_failed(rule_id: int, reason: str) -> None:
    """Set a rule apart, with the reason shown in the list of rules."""
    Rule.objects.filter(pk=rule_id).update(error=reason[:2000], failed_at=now())


def source_key(alert: Alert) -> str:
    """Return the key by which the case of an alert is opened once."""
    return f"alert:{alert.rule_id}:{alert.entity_id}:{alert.onset.isoformat()}"


def _open_waiting() -> dict[UUID, UUID]:
    """Open cases for alerts that wait; returns the case by alert."""
    waiting = list(
        Alert.objects.filter(wants_case=True, rule__error="")
        .select_related("version")
        .order_by("onset")[:CASES_AT_ONCE]
    )
    opened: dict[UUID, UUID] = {}
    for rule_id in dict.fromkeys(alert.rule_id for alert in waiting):
        mine = [alert for alert in waiting if alert.rule_id == rule_id]
        try:
            with transaction.atomic():
                _open(mine)
        except (Problem, DatabaseError) as fault:
            mark_failed(rule_id, str(fault))
        else:
            opened |= {alert.id: alert.case_id for alert in mine if alert.case_id is not None}
    return opened


def _open(alerts: Sequence[Alert]) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        opened = cases.open_cases([_new_case(alert) for alert in alerts])
    for alert, case in zip(alerts, opened, strict=True):
        alert.case_id, alert.wants_case = case.id, False
    Alert.objects.bulk_update(alerts, ["case_id", "wants_case"])
    over = [alert.case_id for alert in alerts if alert.end is not None and alert.case_id is not None]
    if over:
        cases.alert_ended(over)


def _new_case(alert: Alert) -> NewCase:
    found = _definition(alert)
    said = Said(
        sentences.ALERT,
        {"entity": alert.entity_name, "rule": found.titles, "explanation": dict(found.descriptions) or ""},
    )
    return NewCase(
        type_name=found.case_type,
        title=wording.title(said.to_data(), ""),
        division_path=alert.division_path,
        source=SOURCE,
        source_key=source_key(alert),
        description=found.description,
        said=said,
        lon=alert.lon,
        lat=alert.lat,
        severity=alert.severity,
        entity_id=alert.entity_id,
        evidence={"alert_id": str(alert.id), "chart": f"/api/rules/alerts/{alert.id}/chart"},
    )


def _payload(alert: Written, case_id: UUID | None) -> dict[str, object]:
    facts = alert.facts
    return {
        "id": str(alert.id),
        "severity": alert.severity,
        "state": alert.state,
        "titles": dict(facts.titles),
        "entity_id": str(facts.entity_id),
        "entity_type": facts.entity_type,
        "entity_name": facts.entity_name,
        "attribute": facts.attribute,
        "lon": facts.lon,
        "lat": facts.lat,
        "onset": facts.onset,
        "end": facts.end,
        "peak_value": facts.peak_value,
        "case_id": None if case_id is None else str(case_id),
    }


def _definition(alert: Alert) -> Definition:
    return definitions.from_data(alert.version.definition)
