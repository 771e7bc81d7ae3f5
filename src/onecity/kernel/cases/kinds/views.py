"""Kinds of case at the desk: the list by class, one kind with its states drawn, its versions, and files of kinds."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import asking, catalogue, permissions, type_store
from onecity.kernel.cases.kinds import describing, drafting
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.models import Case, CaseType, CaseTypeDraft
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.clock import now
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account


@permission_required(permissions.VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every kind in force, under its class; `q` narrows by title or short name."""
    wanted = request.GET.get("q", "").strip().lower()
    classes = {one.code: in_language(one.title) for one in catalogue.classes()}
    groups: dict[str, list[dict[str, object]]] = {code: [] for code in (*classes, "")}
    total = 0
    for kind in type_store.all_in_force():
        total += 1
        if wanted and wanted not in f"{kind.name} {' '.join(kind.definition.title.values())}".lower():
            continue
        code = kind.definition.category
        line = {"kind": kind, "limit": describing.shortest(kind.definition), "states": len(kind.definition.states)}
        groups[code if code in classes else ""].append(line)
    account = account_of(request)
    may_manage = _may_manage(account)
    context = {
        "groups": [(classes.get(code, _("Measured and others")), rows) for code, rows in groups.items() if rows],
        "total": total,
        "found": sum(len(rows) for rows in groups.values()),
        "may_manage": may_manage,
        "drafts": list(CaseTypeDraft.objects.filter(state__in=drafting.OPEN).order_by("name")) if may_manage else [],
    }
    return render(request, "cases/kinds/index.html", context)


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest, name: str) -> HttpResponse:
    """One kind as it is in force, or another version (`version` in the address), with everything it says."""
    rows = list(CaseType.objects.filter(name=name).order_by("-version"))
    if not rows:
        raise type_store.unknown(name)
    moment = now()
    holding = next((row for row in sorted(rows, key=_since, reverse=True) if row.effective_from <= moment), None)
    wanted = request.GET.get("version", "")
    row = next((one for one in rows if str(one.version) == wanted), holding or rows[0])
    kind = type_store.read_row(row)
    may_manage = _may_manage(account_of(request))
    context = {
        "kind": kind,
        "row": row,
        "rows": rows,
        "holding": holding,
        "may_manage": may_manage,
        "draft": drafting.open_draft(name) if may_manage else None,
        "running": Case.objects.filter(type_name=name, type_version=row.version, closed_at__isnull=True).count(),
        **described(kind.definition),
    }
    return render(request, "cases/kinds/kind.html", context)


def described(definition: Definition) -> dict[str, object]:
    """What the page of a kind shows of a definition."""
    return {
        "definition": definition,
        "description": in_language(definition.description),
        "drawing": describing.drawing(definition),
        "steps": describing.steps(definition),
        "limits": describing.limits(definition),
        "routes": describing.routes(definition),
        "provisions": describing.provisions(definition),
        "fields": asking.of_form(definition.form) if definition.form else [],
    }


@permission_required(permissions.VIEW)
@require_safe
def compare(request: HttpRequest, name: str) -> HttpResponse:
    """Where two versions of a kind differ; the newest two where the address names none."""
    rows = {str(row.version): row for row in CaseType.objects.filter(name=name).order_by("-version")}
    if not rows:
        raise type_store.unknown(name)
    numbers = list(rows)
    new = request.GET.get("new", "") if request.GET.get("new", "") in rows else numbers[0]
    old = request.GET.get("old", "") if request.GET.get("old", "") in rows else numbers[min(1, len(numbers) - 1)]
    context = {
        "kind": type_store.read_row(rows[new]),
        "numbers": numbers,
        "old": old,
        "new": new,
        "differences": describing.differences(rows[old].definition, rows[new].definition),
    }
    return render(request, "cases/kinds/compare.html", context)


@permission_required(permissions.VIEW)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The kinds in force as a file; `name` in the address chooses some of them."""
    names = request.GET.getlist("name")
    text = json.dumps(catalogue.export(names), ensure_ascii=False, indent=1)
    answer = HttpResponse(text, content_type="application/json; charset=utf-8")
    file_name = names[0] if len(names) == 1 and names[0].isidentifier() and names[0].isascii() else "case-types"
    answer["Content-Disposition"] = f'attachment; filename="{file_name}.json"'
    return answer


def _since(row: CaseType) -> tuple[object, int]:
    return row.effective_from, row.version


def _may_manage(account: Account) -> bool:
    return policy.may_somewhere(account, permissions.MANAGE)
