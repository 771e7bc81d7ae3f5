"""Certificates over HTTP: verification for everybody, a holder's own, and the steps of those in charge."""

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Query, Router, Schema
from ninja.files import UploadedFile
from pydantic import Field, StringConstraints

from onecity.kernel.access.api import permission_auth, public, signed_in_auth
from onecity.kernel.core.openapi import may_answer, with_body
from onecity.kernel.people.doors import account_of
from onecity.kernel.records import permissions
from onecity.kernel.records.certificates import asking, holding, states
from onecity.kernel.records.certificates.logic import sdjwt
from onecity.kernel.records.certificates.verification.files import MOST_BYTES
from onecity.kernel.records.certificates.verification.verdict import Finding, Verdict
from onecity.kernel.records.certificates.verifying import Asked
from onecity.kernel.records.identifiers import LONGEST
from onecity.kernel.records.models import Certificate

router = Router(tags=["records"])
manage = permission_auth(permissions.MANAGE)
Plain = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")]
Steps = {"suspend": states.suspend, "resume": states.resume, "revoke": states.revoke}


class StepOut(Schema):
    """One thing that was looked at. `ok` null: it was not looked at, `text` says why."""

    step: str
    ok: bool | None
    text: str


class ClaimOut(Schema):
    """One entry that may be shown: public ones, and what the holder disclosed."""

    title_zh: str
    title_en: str
    value: str | int | bool


class ShownOut(Schema):
    """What whoever verifies may see of the certificate; a person's name is masked unless the holder disclosed it."""

    number: str
    type_code: str
    title_zh: str
    title_en: str
    holder: str
    issuer_uscc: str
    issuer_name: str
    valid_from: dt.date
    valid_until: dt.date | None
    issued_at: dt.datetime
    claims: list[ClaimOut]


class VerdictOut(Schema):
    """What a certificate is worth now, and why."""

    state: Finding
    valid: bool
    title: str
    advice: str
    reasons: list[StepOut]
    certificate: ShownOut | None
    purpose: str
    used_by: str
    usable_until: dt.datetime | None


class VerifyIn(Schema):
    """A number or signed data (SD-JWT VC). `audience` and `nonce`: what the holder was asked to sign (key binding)."""

    number: Annotated[str, StringConstraints(max_length=LONGEST)] = ""
    token: Annotated[str, StringConstraints(max_length=sdjwt.LONGEST)] = ""
    audience: Plain = ""
    nonce: Plain = ""


class CertificateOut(Schema):
    """A certificate as its holder's lists show it."""

    id: UUID
    number: str
    type_code: str
    version: int
    holder_name: str
    issuer_uscc: str
    issuer_name: str
    state: Literal["valid", "suspended", "revoked", "replaced"]
    valid_from: dt.date
    valid_until: dt.date | None
    issued_at: dt.datetime


class ReasonIn(Schema):
    """Why it is done; stands in the history."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class Wanted(Schema):
    """Names of the entries to be shown: `name`, `identity`, those of the kind's fields, `age_over_18`."""

    show: Annotated[list[Plain], Field(max_length=64)] = Field(default_factory=list)


class TokenOut(Schema):
    """Signed data with the entries chosen."""

    token: str


EXAMPLE = {"number": "1.2.156.3005.2.11990000MA0000001K001.11990000MA0000002N.TEST0001.001.F"}


@router.post(
    "/verify",
    response=VerdictOut,
    auth=public,
    summary="Verify a certificate by number or signed data",
    openapi_extra=with_body(EXAMPLE) | may_answer(429),
)
def verify(request: HttpRequest, body: VerifyIn) -> VerdictOut:
    """What it is worth at this moment, each step with its reason; a revocation counts at once. Never says that it failed."""
    if body.token:
        asked = Asked(body.audience, body.nonce) if body.nonce or body.audience else None
        return _told(asking.token(request, body.token, asked))
    return _told(asking.number(request, body.number))


@router.post(
    "/verify/file",
    response=VerdictOut,
    auth=public,
    summary="Verify the PDF or OFD of a certificate",
    openapi_extra=may_answer(429),
)
def verify_file(request: HttpRequest, file: File[UploadedFile]) -> VerdictOut:
    """What a PDF or OFD is worth at this moment: ours and unchanged, altered, signed by somebody else, or not from here."""
    return _told(asking.file(request, file.read(MOST_BYTES + 1)))


@router.get("/mine", response=list[CertificateOut], auth=signed_in_auth, summary="My certificates")
def mine(request: HttpRequest) -> list[CertificateOut]:
    """Those issued to the caller's account, of all states, newest first."""
    return [_out(row) for row in holding.held_by(account_id=account_of(request).id)]


@router.get(
    "/mine/{certificate_id}/token",
    response=TokenOut,
    auth=signed_in_auth,
    summary="Signed data of one of my certificates",
    openapi_extra=may_answer(404),
)
def token(request: HttpRequest, certificate_id: UUID, wanted: Query[Wanted]) -> TokenOut:
    """An SD-JWT VC that proves the entries named in `show` and hides all others."""
    row = Certificate.objects.filter(id=certificate_id, account_id=account_of(request).id).first()
    if row is None:
        raise states.not_found()
    return TokenOut(token=holding.present(row, wanted.show))


@router.post(
    "/{certificate_id}/{step}",
    response=CertificateOut,
    auth=manage,
    summary="Suspend, resume or revoke a certificate",
    openapi_extra=may_answer(404, 409),
)
def act(
    request: HttpRequest, certificate_id: UUID, step: Literal["suspend", "resume", "revoke"], body: ReasonIn
) -> CertificateOut:
    """It counts everywhere at once; a certificate that is revoked stays so."""
    return _out(Steps[step](certificate_id, account_of(request), body.reason))


def _out(row: Certificate) -> CertificateOut:
    return CertificateOut(**{name: getattr(row, name) for name in CertificateOut.model_fields})


def _told(verdict: Verdict) -> VerdictOut:
    shown, copied = verdict.shown, verdict.copied
    certificate: dict[str, Any] | None = None
    if shown is not None:
        plain = {
            name: getattr(shown, name) for name in ShownOut.model_fields if hasattr(shown, name) and name != "claims"
        }
        claims = [ClaimOut(title_zh=t.zh, title_en=t.en, value=value) for t, value in shown.claims]
        certificate = plain | {"title_zh": shown.title.zh, "title_en": shown.title.en, "claims": claims}
    return VerdictOut(
        state=verdict.state,
        valid=verdict.valid,
        title=str(verdict.title),
        advice=str(verdict.advice),
        reasons=[StepOut(step=one.step, ok=one.ok, text=str(one.text)) for one in verdict.reasons],
        certificate=ShownOut(**certificate) if certificate else None,
        purpose=copied.purpose if copied else "",
        used_by=copied.used_by if copied else "",
        usable_until=copied.usable_until if copied else None,
    )
