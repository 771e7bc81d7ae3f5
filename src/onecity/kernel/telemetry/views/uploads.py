"""The desk's page for tables: a file is looked at, its columns are given their meaning, then it is taken whole."""

import json
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import permission_required
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE
from onecity.kernel.telemetry.uploads import service
from onecity.kernel.telemetry.uploads.tables import MAX_FILE

# how long a file waits for its columns to be confirmed (s)
WAITS_S = 3600.0
TOKEN_LENGTH = 32


@permission_required(TELEMETRY_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """The page; what is posted is a file to look at, or the meaning of the columns of one that was."""
    account = account_of(request)
    division = policy.scopes(account, TELEMETRY_MANAGE)[0]
    context: dict[str, Any] = {"step": "choose"}
    try:
        given = request.FILES.get("file")
        if request.method == "POST" and isinstance(given, UploadedFile):
            file = given.read(MAX_FILE + 1)
            context |= {"step": "confirm", "token": _keep(account.id, file)}
            context |= _shown(service.preview(file, division, account))
        elif request.method == "POST":
            file = _kept(account.id, request.POST.get("token", ""))
            context |= {"step": "done", "report": service.take(file, _mapping(request), division, account)}
            _folder(account.id, request.POST.get("token", "")).unlink(missing_ok=True)
    except Problem as problem:
        context |= {"problem": problem, "step": "choose"}
    status = context["problem"].status if "problem" in context else 200
    return render(request, "telemetry/upload.html", context, status=status)


def _shown(found: service.Preview) -> dict[str, Any]:
    """The preview as the template needs it: each column with what it seems to mean."""
    chosen = {value.column: value for value in found.meaning.values}
    columns = [
        {
            "name": name,
            "samples": [row[number] for row in found.rows[:3]],
            "attribute": chosen[name].attribute if name in chosen else "",
            "unit": chosen[name].unit if name in chosen else "",
            "time": name == found.meaning.time_column,
            "entity": name == found.meaning.entity_column,
        }
        for number, name in enumerate(found.columns)
    ]
    return {"preview": found, "columns": columns, "names": json.dumps(list(found.columns))}


def _mapping(request: HttpRequest) -> dict[str, Any]:
    """The meaning of the columns as the form gives it."""
    try:
        names: Sequence[str] = msgspec.json.decode(request.POST.get("names", "[]"), type=list[str])
    except msgspec.DecodeError:
        names = []
    values = [
        {"column": name, "attribute": attribute, "unit": request.POST.get(f"unit-{number}", "").strip()}
        for number, name in enumerate(names)
        if (attribute := request.POST.get(f"attribute-{number}", "").strip())
    ]
    return {
        "time_column": request.POST.get("time", ""),
        "entity_column": request.POST.get("entity_column", ""),
        "entity": request.POST.get("entity", "").strip(),
        "values": values,
        "zone": settings.TIME_ZONE,
    }


def _folder(account: UUID, token: str) -> Path:
    if len(token) != TOKEN_LENGTH or not token.isalnum():
        raise Problem("upload-gone", _("The file is not here any more; choose it again"), status=410)
    return Path(settings.ONECITY_HOME) / "uploads" / "pending" / f"{account}~{token}"


def _keep(account: UUID, file: bytes) -> str:
    """Keep a file until its columns are confirmed; what waited too long goes."""
    token = secrets.token_hex(TOKEN_LENGTH // 2)
    path = _folder(account, token)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in path.parent.iterdir():
        if time.time() - old.stat().st_mtime > WAITS_S:
            old.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(file)
    return token


def _kept(account: UUID, token: str) -> bytes:
    try:
        return _folder(account, token).read_bytes()
    except OSError as error:
        raise Problem("upload-gone", _("The file is not here any more; choose it again"), status=410) from error
