"""Which alerts and rules somebody may see, and which of them he asks for."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.access.policy import Principal
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.models import Alert, Rule, RuleVersion, VersionState
from onecity.kernel.rules.permissions import ALERTS_VIEW

WEEK, MONTH = dt.timedelta(days=7), dt.timedelta(days=30)


@dataclass(frozen=True)
class AlertQuery:
    """Which alerts; empty members do not narrow."""

    severity: str = ""
    state: str = ""
    division_path: str = ""
    rule_id: int | None = None
    entity_id: UUID | None = None
    acknowledged: bool | None = None


@dataclass(frozen=True)
class RuleLine:
    """A rule as the list shows it: what it says, how it is, how often it fired in the last 7 and 30 days."""

    rule: Rule
    version: RuleVersion
    definition: Definition | None
    status: str
    has_draft: bool
    week: int
    month: int


def alerts(account: Principal, wanted: AlertQuery = AlertQuery()) -> QuerySet[Alert]:
    """The alerts that the account may see and that fit, newest first."""
    rows = policy.visible(Alert.objects.select_related("rule", "version"), account, ALERTS_VIEW)
    exact = {
        "severity": wanted.severity,
        "state": wanted.state,
        "rule_id": wanted.rule_id,
        "entity_id": wanted.entity_id,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.division_path:
        rows = rows.filter(division_path__startswith=wanted.division_path)
    if wanted.acknowledged is not None:
        rows = rows.filter(acknowledged_at__isnull=not wanted.acknowledged)
    return rows.order_by("-onset", "-id")


def one_alert(account: Principal, alert_id: UUID) -> Alert:
    """One visible alert; raises Problem 404, which does not tell whether it is absent or hidden."""
    found = policy.visible(Alert.objects.select_related("rule", "version"), account, ALERTS_VIEW)
    alert = found.filter(id=alert_id).first()
    if alert is None:
        raise Problem("alert-unknown", _("There is no such alert, or you may not see it."), status=404)
    return alert


def one_rule(rule_id: int) -> Rule:
    """One rule; raises Problem 404."""
    rule = Rule.objects.filter(pk=rule_id).first()
    if rule is None:
        raise Problem("rule-unknown", _("There is no such rule."), status=404)
    return rule


def one_version(rule_id: int, number: int) -> RuleVersion:
    """One version of a rule; raises Problem 404."""
    version = RuleVersion.objects.select_related("rule").filter(rule_id=rule_id, number=number).first()
    if version is None:
        raise Problem("rule-version-unknown", _("The rule has no such version."), status=404)
    return version


def rule_lines(account: Principal) -> list[RuleLine]:
    """All rules with how they are, failed ones first, then by title; counts are of the alerts the account may see."""
    fired = _fired(account)
    holding = _holding()
    newest = {version.rule_id: version for version in RuleVersion.objects.order_by("rule_id", "number")}
    drafts = set(RuleVersion.objects.filter(state=VersionState.DRAFT).values_list("rule_id", flat=True))
    lines = []
    for rule in Rule.objects.all():
        version = holding.get(rule.pk) or newest.get(rule.pk)
        if version is not None:
            week, month = fired.get(rule.pk, (0, 0))
            status = status_of(rule, holds=rule.pk in holding)
            lines.append(RuleLine(rule, version, readable(version), status, rule.pk in drafts, week, month))
    return sorted(lines, key=lambda line: (line.status != "failed", line.definition.title if line.definition else ""))


def status_of(rule: Rule, *, holds: bool) -> str:
    """`failed`, `paused`, `running` or `draft` (nothing of it is published yet)."""
    if rule.error:
        return "failed"
    if rule.paused:
        return "paused"
    return "running" if holds else "draft"


def readable(version: RuleVersion) -> Definition | None:
    """What a version says, None where it cannot be read (any more)."""
    try:
        return definitions.from_data(version.definition)
    except Problem:
        return None


def _holding() -> dict[int, RuleVersion]:
    rows = (
        RuleVersion.objects.filter(state=VersionState.PUBLISHED, effective_from__lte=now())
        .order_by("rule_id", "-effective_from", "-number")
        .distinct("rule_id")
    )
    return {version.rule_id: version for version in rows}


def _fired(account: Principal) -> Mapping[int, tuple[int, int]]:
    moment = now()
    rows = (
        policy.visible(Alert.objects.filter(onset__gt=moment - MONTH), account, ALERTS_VIEW)
        .order_by()
        .values("rule_id")
        .annotate(month=Count("id"), week=Count("id", filter=Q(onset__gt=moment - WEEK)))
    )
    return {row["rule_id"]: (row["week"], row["month"]) for row in rows}
