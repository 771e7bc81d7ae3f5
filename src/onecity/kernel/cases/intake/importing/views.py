"""The desk's page for tables of cases: choose a file, see what it would do, change what columns mean, take it."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from onecity.kernel.access.decorators import permission_required
from onecity.kernel.cases import choices, permissions
from onecity.kernel.cases.intake.importing import pending, service
from onecity.kernel.cases.intake.importing.logic.meaning import FIELDS, Meaning
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.uploads.tables import MAX_FILE

TITLES = {
    "key": _("Its number at the source"),
    "title": _("Title"),
    "description": _("Description"),
    "kind": _("Kind"),
    "address": _("Address"),
    "division": _("Division"),
    "lon": _("Longitude"),
    "lat": _("Latitude"),
    "opened_at": _("Reported at"),
    "name": _("Who reported it"),
    "phone": _("Telephone"),
}


@permission_required(permissions.OPEN)
@require_http_methods(["GET", "HEAD", "POST"])
def importing(request: HttpRequest) -> HttpResponse:
    """The page; nothing is opened before it was confirmed."""
    account = account_of(request)
    context: dict[str, Any] = {"step": "choose"}
    status = 200
    try:
        if request.method == "POST":
            context |= _posted(request, account)
    except Problem as problem:
        context, status = {"step": "choose", "problem": problem}, problem.status
    return render(request, "cases/import.html", context, status=status)


def _posted(request: HttpRequest, account: Account) -> dict[str, Any]:
    given = request.FILES.get("file")
    if isinstance(given, UploadedFile):
        file = given.read(MAX_FILE + 1)
        found = service.preview(file, account)
        return _shown(account, found, pending.keep(account.id, file))
    token = request.POST.get("token", "")
    file, meaning = pending.kept(account.id, token), _meaning(request)
    if request.POST.get("do") != "take":
        return _shown(account, service.preview(file, account, meaning), token)
    result = service.take(file, account, meaning)
    pending.forget(account.id, token)
    return {"step": "done", "result": result}


def _meaning(request: HttpRequest) -> Meaning:
    columns = {field: name for field in FIELDS if (name := request.POST.get(f"column-{field}", ""))}
    return Meaning(columns, request.POST.get("kind", ""), request.POST.get("division", ""))


def _shown(account: Account, found: service.Preview, token: str) -> dict[str, Any]:
    return {
        "step": "confirm",
        "token": token,
        "preview": found,
        "result": found.result,
        "fields": [(field, TITLES[field], found.meaning.columns.get(field, "")) for field in FIELDS],
        "kinds": choices.kinds(manual_only=True),
        "divisions": choices.divisions(account, permissions.OPEN),
    }
