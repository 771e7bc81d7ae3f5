"""Seals over HTTP: everybody may have one verified."""

import datetime as dt
from typing import Literal

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import File, Router, Schema
from ninja.files import UploadedFile

from onecity.kernel.access.api import public
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.openapi import may_answer
from onecity.kernel.records.seals.pages.checking import MOST_BYTES, asked

router = Router(tags=["records"])
Verdict = Literal["valid", "incomplete", "invalid"]


class SaidOut(Schema):
    """A sentence in Chinese and English."""

    zh: str
    en: str


class SealStepOut(Schema):
    """One of the ten steps."""

    number: int
    title: SaidOut
    state: Literal["ok", "failed", "not_checked"]
    reason: SaidOut


class SealOut(Schema):
    """What the seal says of itself; empty where it cannot be read."""

    name: str
    number: str


class StampOut(Schema):
    """One stamp with its ten steps. `proven_at` is by a time stamp, `claimed_at` only what the signer says."""

    stamp: str
    version: int | None
    seal: SealOut
    signer: str
    claimed_at: dt.datetime | None
    proven_at: dt.datetime | None
    verdict: Verdict
    summary: SaidOut
    steps: list[SealStepOut]


class ReportOut(Schema):
    """The verdict on a file: the worst of its stamps, and "invalid" for a file without one."""

    verdict: Verdict
    summary: SaidOut
    stamps: list[StampOut]


@router.post(
    "/verify",
    response=ReportOut,
    auth=public,
    summary="Verify the electronic seals of an OFD or PDF",
    openapi_extra=may_answer(413, 429),
)
def verify(request: HttpRequest, file: File[UploadedFile]) -> ReportOut:
    """Ten steps for each stamp (GB/T 38540-2020), each with its reason. The file is looked at and not kept."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Problem("too-large", _("The file is larger than 16 MB."), status=413)
    return ReportOut.model_validate(asked(request, data).to_dict())
