"""The list of alerts, and one alert with its evidence."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.service import visible_cases
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.places import service as places
from onecity.kernel.rules import acknowledging, finding, wording
from onecity.kernel.rules.finding import AlertQuery
from onecity.kernel.rules.forms import AlertFilter
from onecity.kernel.rules.models import Alert
from onecity.kernel.rules.permissions import ALERTS_ACKNOWLEDGE, ALERTS_VIEW
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin import charts as twin_charts

PER_PAGE = 50


@require_GET
@permission_required(ALERTS_VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """Alerts, newest first, by what somebody looks for."""
    account = account_of(request)
    form = AlertFilter(account, request.GET)
    values = form.cleaned_data if form.is_valid() else {}
    wanted = AlertQuery(
        severity=values.get("severity", ""),
        state=values.get("state", ""),
        division_path=values.get("place", ""),
        rule_id=values.get("rule"),
    )
    page = Paginator(finding.alerts(account, wanted), PER_PAGE).get_page(request.GET.get("page"))
    titles = places.titles_for({alert.division_path for alert in page}, full=True)
    listed = [(alert, title_of(alert), titles[alert.division_path]) for alert in page]
    return render(request, "rules/alerts.html", {"form": form, "page": page, "listed": listed})


@require_GET
@permission_required(ALERTS_VIEW)
def show(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """One alert: what happened when, against which level, and who has it in hand."""
    account = account_of(request)
    alert = finding.one_alert(account, alert_id)
    definition = finding.readable(alert.version)
    attribute = twin_charts.attribute_title(alert.entity_type, alert.attribute)
    context = {
        "alert": alert,
        "title": title_of(alert),
        "place": places.title_for(alert.division_path, full=True),
        "sentence": wording.sentence(definition.condition, attribute, alert.unit) if definition else "",
        "feature": wording.feature_title(definition.condition, attribute) if definition else attribute,
        "peak": wording.peak(definition.condition, alert.peak_value, alert.unit, _decimals(alert))
        if definition
        else wording.rounded(alert.peak_value, _decimals(alert)),
        "lasted": wording.lasted(alert.onset, alert.end),
        "case": _case(request, alert),
        "may_acknowledge": policy.may(account, ALERTS_ACKNOWLEDGE, alert.division_path),
        "earlier": finding.alerts(account, AlertQuery(entity_id=alert.entity_id)).exclude(pk=alert.pk)[:5],
    }
    return render(request, "rules/alert.html", context)


@require_POST
@permission_required(ALERTS_ACKNOWLEDGE)
def acknowledge(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """Note that somebody has seen the alert."""
    account = account_of(request)
    try:
        acknowledging.acknowledge(finding.one_alert(account, alert_id), account, request.POST.get("note", ""))
    except Problem as problem:
        if problem.status != 422:
            raise
        messages.error(request, str(problem.title))
    else:
        messages.success(request, _("Noted that you have seen this alert."))
    return HttpResponseRedirect(reverse("rules:alert", args=[alert_id]))


def _decimals(alert: Alert) -> int | None:
    return Series.objects.filter(id=alert.series_id).values_list("decimals", flat=True).first()


def title_of(alert: Alert) -> str:
    """The title of the rule as it was when the alert was raised."""
    definition = finding.readable(alert.version)
    return definition.title if definition else alert.rule.name


def _case(request: HttpRequest, alert: Alert) -> Case | None:
    if alert.case_id is None:
        return None
    return visible_cases(account_of(request)).filter(id=alert.case_id).first()
