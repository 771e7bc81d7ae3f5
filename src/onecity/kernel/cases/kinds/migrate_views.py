"""Running cases moved to another version at the desk: choose the version, map the states, look at it, then move."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import permissions, type_store
from onecity.kernel.cases.kinds import migrating
from onecity.kernel.cases.kinds.migrating import Plan, Preview
from onecity.kernel.cases.models import CaseType
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account


@permission_required(permissions.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def migrate(request: HttpRequest, name: str) -> HttpResponse:
    """The mapping of states and what would happen; `move` in what is sent moves the next batch."""
    numbers = list(CaseType.objects.filter(name=name).order_by("-version").values_list("version", flat=True))
    if not numbers:
        raise type_store.unknown(name)
    asked = request.POST.get("to") or request.GET.get("to") or ""
    target = int(asked) if asked.isdecimal() and len(asked) < len(str(2**31)) and int(asked) in numbers else numbers[0]
    account = account_of(request)
    kind = type_store.version(name, target)
    plan = Plan(name, target, {})
    sent = request.method == "POST"
    states = _sent(request, plan, account) if sent else migrating.usual(plan, account, kind.definition)
    plan = Plan(name, target, states)
    preview, problem = _do(request, plan, account) if sent else (None, None)
    context = {
        "kind": kind,
        "numbers": numbers,
        "target": target,
        "rows": _rows(plan, account),
        "states": [(one.name, in_language(one.title)) for one in kind.definition.states if not one.final],
        "preview": preview,
        "problem": problem,
        "note": request.POST.get("note", ""),
        "batch": migrating.BATCH,
        "titles": _titles(plan, preview),
    }
    return render(request, "cases/kinds/migrate.html", context, status=problem.status if problem else 200)


def _do(request: HttpRequest, plan: Plan, account: Account) -> tuple[Preview | None, Problem | None]:
    try:
        if "move" in request.POST:
            done, left = migrating.move(plan, account, request.POST.get("note", ""))
            words = _("%(done)s cases were moved; %(left)s are left.") % {"done": done, "left": left}
            messages.success(request, words)
        return migrating.preview(plan, account), None
    except Problem as problem:
        return None, problem


def _sent(request: HttpRequest, plan: Plan, account: Account) -> migrating.Mapped:
    return {
        (version, state): request.POST.get(f"state.{version}.{state}", "")
        for version, state in migrating.meant(plan, account)
    }


def _rows(plan: Plan, account: Account) -> list[dict[str, object]]:
    found = []
    for (version, state), count in migrating.meant(plan, account).items():
        old = type_store.version(plan.name, version).definition
        found.append(
            {
                "field": f"state.{version}.{state}",
                "version": version,
                "title": in_language(old.state(state).title),
                "count": count,
                "goes_on": plan.states.get((version, state), ""),
            }
        )
    return found


def _titles(plan: Plan, preview: Preview | None) -> list[tuple[migrating.Moved, str, str]]:
    if preview is None:
        return []
    new = type_store.version(plan.name, plan.target).definition
    found = []
    for row in preview.rows:
        old = type_store.version(plan.name, row.from_version).definition
        titles = in_language(old.state(row.from_state).title), in_language(new.state(row.to_state).title)
        found.append((row, *titles))
    return found
