"""The list of rules, one rule with its versions and alerts, and stopping or starting it."""

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from onecity.kernel.access import audit, policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.places import service as places
from onecity.kernel.rules import choices, exchange, finding, publishing, wording
from onecity.kernel.rules.definition import Definition
from onecity.kernel.rules.finding import AlertQuery, RuleLine
from onecity.kernel.rules.logic.conditions import Kind
from onecity.kernel.rules.models import Rule
from onecity.kernel.rules.permissions import RULES_EDIT, RULES_VIEW
from onecity.kernel.twin import charts as twin_charts
from onecity.kernel.twin.models import EntityKind

RECENT = 10


@require_GET
@permission_required(RULES_VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """All rules: what they say, how they are, how often they fired."""
    account = account_of(request)
    lines = finding.rule_lines(account)
    wanted, text = request.GET.get("status", ""), request.GET.get("q", "").strip().lower()
    shown = [line for line in lines if wanted in {"", line.status} and _fits(line, text)]
    counts = {status: sum(line.status == status for line in lines) for status in choices.STATUSES}
    context = {
        "listed": [(line, describe(line.definition), choices.STATUSES[line.status]) for line in shown],
        "statuses": [(status, title, counts[status]) for status, title in choices.STATUSES.items()],
        "wanted": wanted,
        "total": len(lines),
        "may_edit": policy.may_somewhere(account, RULES_EDIT),
        "kinds": [(kind.value, title) for kind, title in wording.KINDS.items()],
    }
    return render(request, "rules/rules.html", context)


@require_GET
@permission_required(RULES_VIEW)
def show(request: HttpRequest, rule_id: int) -> HttpResponse:
    """One rule: what it says, since when, and when it last fired."""
    account, rule = account_of(request), finding.one_rule(rule_id)
    versions = list(rule.versions.order_by("-number"))
    holding = next(iter(publishing.in_force(rules=Rule.objects.filter(pk=rule.pk), paused=True)), None)
    shown = holding or versions[0]
    status = finding.status_of(rule, holds=holding is not None)
    definition = finding.readable(shown)
    context = {
        "rule": rule,
        "definition": definition,
        "description": describe(definition),
        "kind": wording.KINDS[definition.condition.kind] if definition else "",
        "status": status,
        "status_title": choices.STATUSES[status],
        "holding": holding,
        "versions": versions,
        "draft": next((version for version in versions if version.state == "draft"), None),
        "owner": places.title_for(rule.division_path) if rule.division_path else "",
        "place": places.title_for(definition.division_path) if definition and definition.division_path else "",
        "case_type": choices.case_types().get(definition.case_type, "") if definition else "",
        "alerts": finding.alerts(account, AlertQuery(rule_id=rule.pk))[:RECENT],
        "may_edit": policy.may(account, RULES_EDIT, rule.division_path),
    }
    return render(request, "rules/rule.html", context)


@require_POST
@permission_required(RULES_EDIT)
def pause(request: HttpRequest, rule_id: int) -> HttpResponse:
    """Stop a rule, or start it again."""
    account, rule = account_of(request), finding.one_rule(rule_id)
    policy.require(account, RULES_EDIT, rule.division_path)
    publishing.pause(rule, paused=request.POST.get("paused") == "1")
    _record(request, "rule.paused" if rule.paused else "rule.resumed", rule)
    text = (
        _("The rule is paused: it raises nothing, and its open alerts end.")
        if rule.paused
        else _("The rule runs again.")
    )
    messages.success(request, text)
    return HttpResponseRedirect(reverse("rules:rule", args=[rule.pk]))


@require_GET
@permission_required(RULES_VIEW)
def export(request: HttpRequest) -> HttpResponse:
    """The rules in force as a file."""
    del request
    content = json.dumps(exchange.export(publishing.in_force()), ensure_ascii=False, indent=2)
    response = HttpResponse(content, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="onecity-rules.json"'
    return response


@require_POST
@permission_required(RULES_EDIT)
def bring_in(request: HttpRequest) -> HttpResponse:
    """Make drafts of the rules of a file."""
    account, file = account_of(request), request.FILES.get("file")
    scopes = policy.scopes(account, RULES_EDIT)
    root = places.root()
    owner = root.path if root is not None and policy.may(account, RULES_EDIT, root.path) else scopes[0]
    content = b"" if file is None else file.read(exchange.MOST_BYTES + 1)
    try:
        found = exchange.bring_in(content, division_path=owner, author=account, case_types=choices.case_types())
    except Problem as problem:
        messages.error(request, str(problem))
    else:
        numbers = {"new": len(found.created), "draft": len(found.drafted), "same": len(found.unchanged)}
        messages.success(
            request, _("Imported: %(new)d new, %(draft)d changed as drafts, %(same)d already the same.") % numbers
        )
    return HttpResponseRedirect(reverse("rules:index"))


def describe(definition: Definition | None) -> str:
    """What a rule asks, as one sentence."""
    if definition is None:
        return _("This rule cannot be read.")
    title = twin_charts.attribute_title(definition.entity_type, definition.attribute)
    return wording.sentence(definition.condition, title, unit_of(definition))


def unit_of(definition: Definition) -> str:
    """The unit of what a rule watches, as UCUM code."""
    kind = EntityKind.objects.filter(name=definition.entity_type).first()
    facts = kind.attribute(definition.attribute) if kind else None
    return facts["unit"] if facts else ""


def _fits(line: RuleLine, text: str) -> bool:
    if not text:
        return True
    titles = line.definition.titles.values() if line.definition else ()
    return any(text in one.lower() for one in (line.rule.name, *titles))


def _record(request: HttpRequest, action: str, rule: Rule) -> None:
    audit.record(
        action,
        actor_id=account_of(request).id,
        object_type="rule",
        object_id=rule.name,
        division_path=rule.division_path,
    )


def kind_of(name: str) -> Kind:
    """The kind named in an address; a limit value where it names none."""
    return Kind(name) if name in {kind.value for kind in Kind} else Kind.THRESHOLD
