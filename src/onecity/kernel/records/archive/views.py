"""The reading room and the keeper's desk: find, ask, read, export, hold, and end by two people."""

import mimetypes
from pathlib import PurePosixPath
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account
from onecity.kernel.records.archive import archiving, keeping, permissions, reading
from onecity.kernel.records.archive.forms import PERIOD_TITLES, ReasonForm, SearchForm
from onecity.kernel.records.archive.wording import DEEDS
from onecity.kernel.records.models import ArchivePackage, PackageState, ReadingRequest

PAGE = 50
# shown in the browser as they are; everything else is only taken away
UNKNOWN = UUID(int=0)
SHOWN = {"image/jpeg", "image/png", "application/pdf", "text/plain"}


@permission_required(permissions.VIEW)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What is in the archive of my divisions."""
    form = SearchForm(request.GET or None)
    asked = form.cleaned_data if form.is_valid() else {}
    wanted = reading.Wanted(
        asked.get("q", ""), asked.get("year"), asked.get("retention", ""), asked.get("soundness", "")
    )
    account = account_of(request)
    page = Paginator(reading.search(account, wanted), PAGE).get_page(request.GET.get("page"))
    lines = [(row, PERIOD_TITLES.get(row.retention, row.retention)) for row in page.object_list]
    shown = {"form": form, "page": page, "lines": lines, "may_keep": policy.scopes(account, permissions.KEEP)}
    return render(
        request, "records/archive/index.html", shown | {"may_approve": policy.scopes(account, permissions.APPROVE)}
    )


@permission_required(permissions.VIEW)
@require_safe
def show(request: HttpRequest, package_id: UUID) -> HttpResponse:
    """One archived matter: what it is, what the checks found, what happened to it, and its files for whoever may."""
    account = account_of(request)
    row = reading.find(package_id, account)
    may_read = reading.may_read(row, account)
    return render(
        request,
        "records/archive/show.html",
        {
            "row": row,
            "period": PERIOD_TITLES.get(row.retention, row.retention),
            "checks": _checks(row),
            "events": _events(row),
            "files": _files(row) if may_read else [],
            "may_read": may_read,
            "may_keep": policy.may(account, permissions.KEEP, row.division_path),
            "may_approve": policy.may(account, permissions.APPROVE, row.division_path),
            "requests": _requests(row, account),
            "may_release": policy.may(account, permissions.RELEASE, row.division_path),
            "form": ReasonForm(),
        },
    )


@permission_required(permissions.VIEW)
@require_safe
def file(request: HttpRequest, package_id: UUID, path: str) -> HttpResponse:
    """One file of it."""
    account = account_of(request)
    content = reading.file(reading.find(package_id, account), path, account)
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return _sent(content, PurePosixPath(path).name, kind if kind in SHOWN else "application/octet-stream")


@permission_required(permissions.KEEP)
@require_safe
def export(request: HttpRequest, package_id: UUID) -> HttpResponse:
    """The package as it lies here."""
    account = account_of(request)
    row = reading.find(package_id, account)
    return _sent(reading.export(row, account), f"{row.call_number}.zip", "application/zip")


@permission_required(permissions.VIEW)
@require_POST
def ask(request: HttpRequest, package_id: UUID) -> HttpResponse:
    """Ask to read it."""
    account = account_of(request)
    reading.ask(reading.find(package_id, account), account, _reason(request))
    return _back(package_id)


@permission_required(permissions.RELEASE)
@require_POST
def decide(request: HttpRequest, package_id: UUID, request_id: UUID) -> HttpResponse:
    """Let somebody read it for a week, or not."""
    reading.decide(request_id, account_of(request), allow=request.POST.get("decision") == "allow")
    return _back(package_id)


@permission_required(permissions.VIEW)
@require_POST
def act(request: HttpRequest, package_id: UUID) -> HttpResponse:
    """Hold, release, propose, approve or refuse a disposal; each asks for the right of its own."""
    deed, account, reason = request.POST.get("deed", ""), account_of(request), _reason(request)
    if deed in {"hold", "release"}:
        keeping.hold(package_id, account, reason, held=deed == "hold")
    elif deed == "propose":
        keeping.propose(package_id, account, reason)
    elif deed == "approve":
        keeping.approve(package_id, account, reason)
    elif deed == "refuse":
        keeping.refuse(package_id, account, reason)
    else:
        raise Problem("unknown-deed", _("There is no such deed."), status=422)
    return _back(package_id)


@permission_required(permissions.VIEW)
@require_safe
def disposal(request: HttpRequest) -> HttpResponse:
    """What may be ended by its time, and what waits for a second person."""
    account = account_of(request)
    proposed = policy.visible(
        ArchivePackage.objects.filter(state=PackageState.PROPOSED).order_by("kept_until"), account, permissions.VIEW
    )
    due = Paginator(keeping.due(account), PAGE).get_page(request.GET.get("page"))
    return render(request, "records/archive/disposal.html", {"page": due, "proposed": list(proposed[:200])})


def _reason(request: HttpRequest) -> str:
    form = ReasonForm(request.POST)
    return str(form.cleaned_data["reason"]) if form.is_valid() else ""


def _back(package_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("records:archived", args=[package_id]))


def _sent(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = content_disposition_header(kind not in SHOWN, name) or "attachment"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    response["Cache-Control"] = "private, no-store"
    return response


def _checks(row: ArchivePackage) -> list[dict[str, object]]:
    return [
        {
            "property": archiving.PROPERTIES.get(check["property"], check["property"]),
            "title": archiving.CHECKS.get(check["code"], check["code"]),
            "outcome": check["outcome"],
            "about": check["about"],
        }
        for check in row.report
    ]


def _events(row: ArchivePackage) -> list[dict[str, object]]:
    events = list(row.events.order_by("-id")[:100])
    names = dict(Account.objects.filter(id__in={e.actor_id for e in events}).values_list("id", "display_name"))
    return [
        {
            "at": e.at,
            "title": DEEDS.get(e.what, e.what),
            "who": names.get(e.actor_id or UNKNOWN, ""),
            "reason": e.reason,
            "detail": e.detail,
        }
        for e in events
    ]


def _files(row: ArchivePackage) -> list[dict[str, object]]:
    try:
        found = reading.names(row)
    except Problem:  # damaged: the page says so beside its state
        return []
    return [{"path": path, "shown": path.removeprefix("data/"), "size": size} for path, size in found]


def _requests(row: ArchivePackage, account: Account) -> list[dict[str, object]]:
    rows = ReadingRequest.objects.filter(package=row).order_by("-asked_at")
    if not policy.may(account, permissions.RELEASE, row.division_path):
        rows = rows.filter(reader_id=account.id)
    found = list(rows[:50])
    names = dict(Account.objects.filter(id__in={r.reader_id for r in found}).values_list("id", "display_name"))
    return [{"row": r, "who": names.get(r.reader_id, ""), "mine": r.reader_id == account.id} for r in found]
