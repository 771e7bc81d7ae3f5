"""Pages of the check-up, of coverage with its gaps and costs, and of moving a device."""

import io
from typing import Any
from uuid import UUID

import openpyxl
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from onecity.domains.devices import coverage as covering
from onecity.domains.devices import findings, moving, registering, targets
from onecity.domains.devices.forms import TargetForm, divisions
from onecity.domains.devices.models import FindingKind
from onecity.domains.devices.permissions import MANAGE, VIEW
from onecity.domains.devices.views import lines
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.places import service as places

MOST = 500
PER_PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
@permission_required(VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """What is wrong now, the oldest first; `kind` narrows."""
    rows = findings.of(account_of(request)).filter(end__isnull=True)
    counts = [(kind.value, kind.label, rows.filter(kind=kind).count()) for kind in FindingKind]
    wanted = request.GET.get("kind", "")
    chosen = wanted if wanted in FindingKind.values else ""
    shown = list((rows.filter(kind=chosen) if chosen else rows)[:MOST])
    context = {
        "counts": [one for one in counts if one[2]],
        "total": sum(one[2] for one in counts),
        "chosen": chosen,
        "lines": lines.of(shown),
    }
    return render(request, "devices/health.html", context)


@require_GET
@permission_required(VIEW)
def points(request: HttpRequest) -> HttpResponse:
    """Devices with something wrong, as points of a map."""
    rows = list(findings.of(account_of(request)).filter(end__isnull=True)[:MOST])
    features = [
        _feature(line["record"], line["name"], f"{line['what']}", line["href"], "yellow")
        for line in lines.of(rows)
        if line["record"] is not None and line["record"].lon is not None
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})


@require_GET
@permission_required(VIEW)
def coverage(request: HttpRequest) -> HttpResponse:
    """Which villages have the nodes that they should have, and what nodes cost."""
    return coverage_page(request)


def coverage_page(request: HttpRequest, form: TargetForm | None = None, status: int = 200) -> HttpResponse:
    """The page of coverage; `kind` of the query narrows; `form`: a target that could not be kept."""
    account = account_of(request)
    everything = covering.coverage(account)
    named = dict(targets.kinds())
    kind = request.GET.get("kind", "")
    found = covering.coverage(account, kind=kind) if kind in named else everything
    page = Paginator(found.gaps, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "kinds": [(one, named.get(one.name, one.name)) for one in covering.kinds(everything)],
        "chosen": kind if kind in named else "",
        **targets.facts(account, form),
        "found": found,
        "rate": None if found.rate is None else 100 * found.rate,
        "before": None if found.rate_before is None else 100 * found.rate_before,
        "page": page,
        "gaps": [(places.title_for(village.division.path, full=True), village) for village in page],
        "by_model": covering.costs(account, by="model"),
        "by_town": covering.costs(account, by="town"),
    }
    return render(request, "devices/coverage.html", context, status=status)


@require_GET
@permission_required(VIEW)
def coverage_points(request: HttpRequest) -> HttpResponse:
    """Villages as points: red without any node, yellow with too few, green else."""
    features = []
    for village in covering.coverage(account_of(request), kind=request.GET.get("kind", "")).villages:
        if village.division.lon is None:
            continue
        state = "ok" if not village.missing else "yellow" if village.total else "red"
        detail = _("%(nodes)s of %(target)s nodes") % {"nodes": village.total, "target": village.target}
        features.append(_feature(village.division, village.division.name, detail, "", state))
    return JsonResponse({"type": "FeatureCollection", "features": features})


@require_GET
@permission_required(VIEW)
def coverage_table(request: HttpRequest) -> HttpResponse:
    """All villages as an Excel table."""
    found = covering.coverage(account_of(request))
    kinds = sorted({kind for village in found.villages for kind in village.nodes})
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_("Coverage"))
    sheet.append(
        [
            _("Village"),
            _("Code"),
            *(kind or "–" for kind in kinds),
            _("Nodes"),
            _("A year ago"),
            _("Target"),
            _("Missing"),
        ]
    )
    titles = places.titles_for({village.division.path for village in found.villages}, full=True)
    for village in found.villages:
        numbers = [village.nodes.get(kind, 0) for kind in kinds]
        facts = [village.total, village.before, village.target, village.missing]
        sheet.append([titles[village.division.path], village.division.code, *numbers, *facts])
    content = io.BytesIO()
    book.save(content)
    return HttpResponse(
        content.getvalue(), content_type=XLSX, headers={"Content-Disposition": 'attachment; filename="coverage.xlsx"'}
    )


@require_http_methods(["GET", "POST"])
@permission_required(MANAGE)
def move(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Give a device to another division."""
    account = account_of(request)
    record = registering.one(account, device_id)
    problem: Problem | None = None
    if request.method == "POST":
        try:
            moving.move(device_id, request.POST.get("division", ""), account, request.POST.get("reason", "")[:300])
        except Problem as found:
            if found.status != 422:
                raise
            problem = found
        else:
            return redirect("devices:show", device_id=device_id)
    context = {
        "record": record,
        "place": places.title_for(record.division_path, full=True),
        "divisions": divisions(account, MANAGE),
        "chosen": request.POST.get("division", ""),
        "reason": request.POST.get("reason", ""),
        "problem": problem,
    }
    return render(request, "devices/move.html", context, status=422 if problem else 200)


def _feature(where: Any, title: str, detail: str, href: str, state: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [where.lon, where.lat]},
        "properties": {"id": str(where.pk), "title": title, "detail": detail, "href": href, "state": state},
    }
