"""Making, changing, trying and publishing rules."""

import datetime as dt
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from onecity.kernel.access import audit, policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.places import service as places
from onecity.kernel.rules import backtest, choices, finding, form_data, publishing, wording
from onecity.kernel.rules.backtest import Interval
from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.forms import BacktestForm, NewRuleForm, PublishForm, RuleForm
from onecity.kernel.rules.logic.conditions import SEVERITIES, Kind
from onecity.kernel.rules.models import RuleVersion, VersionState
from onecity.kernel.rules.permissions import RULES_EDIT, RULES_VIEW
from onecity.kernel.rules.views.rules import describe, kind_of, unit_of

MOST_SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(RULES_EDIT)
def create(request: HttpRequest) -> HttpResponse:
    """A new rule of one kind."""
    account, kind = account_of(request), kind_of(request.GET.get("kind", ""))
    form = NewRuleForm(kind, account, request.POST or None)
    if request.method == "POST" and (definition := form.definition()) is not None:
        owner = form.cleaned_data["division"]
        policy.require(account, RULES_EDIT, owner)
        try:
            rule = publishing.create(form.cleaned_data["name"], definition, division_path=owner, author=account)
        except Problem as problem:
            form.add_error("name", str(problem.title))
        else:
            return _onwards(request, rule.versions.get())
    return _form(request, form, kind, None)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(RULES_EDIT)
def edit(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Change a rule: what is entered becomes its draft."""
    account, rule = account_of(request), finding.one_rule(rule_id)
    policy.require(account, RULES_EDIT, rule.division_path)
    newest = rule.versions.exclude(state=VersionState.DISCARDED).order_by("-number").first()
    says = finding.readable(newest) if newest else None
    kind = kind_of(request.GET.get("kind") or (says.condition.kind.value if says else ""))
    initial = form_data.initial_of(says) if says else None
    form = RuleForm(kind, account, request.POST or None, initial=initial)
    if request.method == "POST" and (definition := form.definition()) is not None:
        draft = publishing.save_draft(rule, definition, author=account, comment=form.cleaned_data["comment"])
        return _onwards(request, draft)
    return _form(request, form, kind, newest)


@require_GET
@permission_required(RULES_VIEW)
def version(request: HttpRequest, rule_id: int, number: int) -> HttpResponse:
    """One version: what it says, how it differs from the one before, and publishing it."""
    account, shown = account_of(request), finding.one_version(rule_id, number)
    return _version(request, shown, PublishForm(), may=policy.may(account, RULES_EDIT, shown.rule.division_path))


@require_POST
@permission_required(RULES_EDIT)
def publish(request: HttpRequest, rule_id: int, number: int) -> HttpResponse:
    """Let a draft hold, or discard it."""
    account, draft = account_of(request), finding.one_version(rule_id, number)
    policy.require(account, RULES_EDIT, draft.rule.division_path)
    form = PublishForm(request.POST)
    if request.POST.get("discard"):
        publishing.discard(draft)
        messages.success(request, _("The draft was discarded."))
        return HttpResponseRedirect(reverse("rules:rule", args=[rule_id]))
    if form.is_valid():
        try:
            published = publishing.publish(draft, by=account, effective_from=form.cleaned_data["effective_from"])
        except Problem as problem:
            form.add_error(None, str(problem))
        else:
            audit.record(
                "rule.published",
                actor_id=account.id,
                object_type="rule",
                object_id=draft.rule.name,
                division_path=draft.rule.division_path,
                detail={"version": published.number, "effective_from": str(published.effective_from)},
            )
            messages.success(request, _("Version %(number)d is published.") % {"number": published.number})
            return HttpResponseRedirect(reverse("rules:rule", args=[rule_id]))
    return _version(request, draft, form, may=True)


@require_GET
@permission_required(RULES_VIEW)
def try_out(request: HttpRequest, rule_id: int, number: int) -> HttpResponse:
    """What this version would have done over the stored history."""
    shown = finding.one_version(rule_id, number)
    form = BacktestForm(request.GET)
    days = int(form.cleaned_data["days"] or 30) if form.is_valid() else 30
    definition = finding.readable(shown)
    result = None
    if definition is not None:
        start, owner = now() - dt.timedelta(days=days), shown.rule.division_path
        result = backtest.run(definition, start, owner=owner, asker=account_of(request))
    chosen = request.GET.get("series", "")
    first = result.intervals[0].series_id if result and result.intervals else None
    context = {
        "version": shown,
        "definition": definition,
        "description": describe(definition),
        "form": form,
        "days": days,
        "result": result,
        "intervals": _worded(definition, result.intervals[:MOST_SHOWN]) if definition and result else (),
        "counts": [(s, result.of_severity(s)) for s in SEVERITIES] if result else [],
        "series": int(chosen) if chosen.isdigit() and len(chosen) < 10 else first,
    }
    return render(request, "rules/backtest.html", context)


def _worded(definition: Definition, intervals: Sequence[Interval]) -> list[tuple[Interval, str]]:
    unit = unit_of(definition)
    return [(interval, wording.peak(definition.condition, interval.peak_value, unit)) for interval in intervals]


def _onwards(request: HttpRequest, draft: RuleVersion) -> HttpResponse:
    messages.success(request, _("The draft is saved. It changes nothing until it is published."))
    name = "rules:backtest" if request.POST.get("try") else "rules:version"
    return HttpResponseRedirect(reverse(name, args=[draft.rule_id, draft.number]))


def _form(request: HttpRequest, form: RuleForm, kind: Kind, newest: RuleVersion | None) -> HttpResponse:
    says = finding.readable(newest) if newest else None
    context = {
        "form": form,
        "kind": kind,
        "kind_title": wording.KINDS[kind],
        "kinds": [(one.value, title, one is kind) for one, title in wording.KINDS.items()],
        "rule": newest.rule if newest else None,
        "title": says.title if says else "",
    }
    return render(request, "rules/edit.html", context, status=422 if form.errors else 200)


def _version(request: HttpRequest, shown: RuleVersion, form: PublishForm, *, may: bool) -> HttpResponse:
    earlier = (
        shown.rule.versions.filter(number__lt=shown.number, state=VersionState.PUBLISHED).order_by("-number").first()
    )
    definition = finding.readable(shown)
    differences = publishing.differences(earlier, shown) if earlier else []
    context = {
        "version": shown,
        "rule": shown.rule,
        "definition": definition,
        "description": describe(definition),
        "place": places.title_for(definition.division_path) if definition and definition.division_path else "",
        "case_type": choices.case_types().get(definition.case_type, "") if definition else "",
        "earlier": earlier,
        "differences": [
            (wording.member(name), wording.shown(name, old), wording.shown(name, new)) for name, old, new in differences
        ],
        "form": form,
        "may_edit": may,
    }
    return render(request, "rules/version.html", context, status=422 if form.errors else 200)
