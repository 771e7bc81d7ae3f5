"""Uploading a table over HTTP: the same as the desk's page, with the mapping that was remembered or one that is sent along."""

from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile
from pydantic import StringConstraints

from onecity.kernel.access import policy
from onecity.kernel.access.api import permission_auth
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.openapi import may_answer
from onecity.kernel.people.doors import account_of
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE
from onecity.kernel.telemetry.uploads import service
from onecity.kernel.telemetry.uploads.tables import MAX_FILE

router = Router(tags=["telemetry"], auth=permission_auth(TELEMETRY_MANAGE))
Path = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00]*$")]
Mapped = Annotated[str, StringConstraints(max_length=200_000)]


class PreviewOut(Schema):
    """A table before it is taken; `mapping` is what would be used, `remembered` whether it was used before."""

    columns: list[str]
    rows: list[list[str]]
    count: int
    mapping: dict[str, Any]
    remembered: bool


class LineOut(Schema):
    """Readings that were not taken for one reason, by the line of the file where they begin."""

    line: int
    reason: str
    title: str
    detail: str
    readings: int


class ReportOut(Schema):
    """What became of a table: `readings` = `accepted` + `quarantined`."""

    rows: int
    readings: int
    accepted: int
    quarantined: int
    reasons: dict[str, int]
    errors: list[LineOut]


@router.post(
    "/preview", response=PreviewOut, summary="Look at a table before it is taken", openapi_extra=may_answer(413)
)
def preview(request: HttpRequest, file: File[UploadedFile], division: Form[Path | None] = None) -> PreviewOut:
    """Columns, first rows, and the meaning of the columns that is remembered or guessed; nothing is taken."""
    account = account_of(request)
    found = service.preview(_content(file), _division(account, division), account)
    return PreviewOut(
        columns=list(found.columns),
        rows=[list(row) for row in found.rows],
        count=found.count,
        mapping=msgspec.to_builtins(found.meaning),
        remembered=found.remembered,
    )


@router.post("", response=ReportOut, summary="Take a table of readings", openapi_extra=may_answer(409, 413, 503))
def take(
    request: HttpRequest,
    file: File[UploadedFile],
    mapping: Form[Mapped | None] = None,
    division: Form[Path | None] = None,
) -> ReportOut:
    """Take a CSV or Excel file. `mapping` is JSON as `preview` shows it; without it the remembered one is used.

    Every reading is taken or in quarantine; where the answer is no success nothing counts as taken, and the same file may
    be sent again: nothing is stored twice.
    """
    account = account_of(request)
    path, content = _division(account, division), _content(file)
    report = service.take(content, _mapping(mapping, content, path, account), path, account)
    return ReportOut(**asdict(report))


def _content(file: UploadedFile) -> bytes:
    """The file, of which the server has kept what is large on disk; raises Problem 413."""
    if (file.size or 0) > MAX_FILE:
        detail = _("It may have %(most)d MB.") % {"most": MAX_FILE // 1024**2}
        raise Problem("too_large", _("The file is too large"), status=413, detail=detail)
    return bytes(file.read(MAX_FILE + 1))


def _division(account: Account, wanted: str | None) -> str:
    return wanted or policy.scopes(account, TELEMETRY_MANAGE)[0]


def _mapping(given: str | None, content: bytes, path: str, account: Account) -> dict[str, Any]:
    if not given:
        shown = service.preview(content, path, account)
        found: dict[str, Any] = msgspec.to_builtins(shown.meaning)
        if shown.remembered:
            return found
        title = _("The columns of this table are not known yet")
        detail = _("Send “mapping” along, as the preview shows it; it will be remembered.")
        raise Problem("upload-mapping-unknown", title, status=409, detail=detail, extra={"mapping": found})
    try:
        return msgspec.json.decode(given, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        title = _("The columns cannot be understood in this way")
        errors = [FieldError("mapping", str(error)[:200])]
        raise Problem("upload-mapping", title, status=422, errors=errors) from error
