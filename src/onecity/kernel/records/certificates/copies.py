"""Copies of a certificate to show: the holder's own, and copies for one use with purpose, user and last moment (加注件).

Both are made when first asked for, signed, and kept sealed. Making and opening a copy for one use is in its log and in the
audit trail.
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.places.snapshot import today
from onecity.kernel.records.certificates.rendering import making
from onecity.kernel.records.certificates.rendering.content import Use, content_of
from onecity.kernel.records.models import AnnotatedCopy, AnnotatedLook, Certificate, Rendition, State

PDF: Final = "pdf"
LANGUAGES: Final = ("zh-hans", "en")
LONGEST: Final = 200
LONGEST_USE: Final = dt.timedelta(days=366)


def pdf(certificate: Certificate, language: str = "zh-hans") -> bytes:
    """The holder's copy as signed PDF; raises Problem 409 for a certificate that is suspended, revoked or replaced."""
    return rendered(certificate, PDF, language, lambda speech: making.make(content_of(certificate, speech)))


def rendered(certificate: Certificate, kind: str, language: str, make: Callable[[str], bytes]) -> bytes:
    """The holder's copy of this kind in this language: what `make` gives when first asked for, afterwards the same again."""
    _usable(certificate)
    speech = language if language in LANGUAGES else LANGUAGES[0]
    row = _rendition(certificate, kind, speech)
    if row is None:
        data = make(speech)
        identifier = new_id()
        made = Rendition(
            id=identifier, certificate_id=certificate.id, kind=kind, language=speech, sha256=_digest(data),
            stored=making.keep(identifier, data), size=len(data),
        )  # fmt: skip
        # two at once: one is kept, and both get that one
        Rendition.objects.bulk_create([made], ignore_conflicts=True)
        row = _rendition(certificate, kind, speech)
    if row is None:
        raise Problem("copy-refused", _("This copy may not be made by you."), status=403)
    return making.read(row.id, row.stored)


def annotate(
    certificate: Certificate, *, purpose: str, used_by: str, usable_until: dt.datetime, made_by: UUID | None
) -> AnnotatedCopy:
    """A copy for one use; raises Problem 422 without purpose or user, or for a moment that is past or too far, 409 as `pdf`."""
    _usable(certificate)
    use = Use(_plain(purpose), _plain(used_by), usable_until)
    _check(use)
    identifier = new_id()
    data = making.make(content_of(certificate, LANGUAGES[0], use))
    with transaction.atomic():
        made = AnnotatedCopy.objects.create(
            id=identifier, certificate_id=certificate.id, purpose=use.purpose, used_by=use.used_by, made_by_id=made_by,
            made_at=now(), usable_until=usable_until, sha256=_digest(data), stored=making.keep(identifier, data),
            size=len(data),
        )  # fmt: skip
        _record("certificates.copy.made", made, certificate, made_by)
    return made


def look(copy: AnnotatedCopy, account_id: UUID | None) -> bytes:
    """The PDF of a copy for one use; the look is in its log. Raises Problem 410 once it may not be used any more."""
    if copy.usable_until <= now():
        raise Problem("copy-expired", _("This copy may not be used any more. Ask for a new one."), status=410)
    with transaction.atomic():
        AnnotatedLook.objects.create(copy_id=copy.id, at=now(), actor_id=account_id)
        _record("certificates.copy.opened", copy, copy.certificate, account_id)
    return making.read(copy.id, copy.stored)


def _usable(certificate: Certificate) -> None:
    expired = certificate.valid_until is not None and certificate.valid_until < today()
    if certificate.state != State.VALID or expired:
        raise Problem(
            "certificate-state", _("There is no copy of a certificate that is not valid any more."), status=409
        )


def _check(use: Use) -> None:
    errors = []
    if not 0 < len(use.purpose) <= LONGEST:
        errors.append(FieldError("purpose", _("Say for what the copy is used, in at most 200 characters.")))
    if not 0 < len(use.used_by) <= LONGEST:
        errors.append(FieldError("used_by", _("Say who uses the copy, in at most 200 characters.")))
    if not now() < use.usable_until <= now() + LONGEST_USE:
        errors.append(FieldError("usable_until", _("Say until when it may be used: at most one year.")))
    if errors:
        raise Problem("copy-request", _("This copy cannot be made."), status=422, errors=tuple(errors))


def _rendition(certificate: Certificate, kind: str, language: str) -> Rendition | None:
    return Rendition.objects.filter(certificate_id=certificate.id, kind=kind, language=language).first()


def _record(action: str, copy: AnnotatedCopy, certificate: Certificate, account_id: UUID | None) -> None:
    audit.record(
        action,
        actor_id=account_id,
        object_type="certificate",
        object_id=certificate.id,
        division_path=certificate.division_path,
        purpose=copy.purpose,
        detail={"number": certificate.number, "copy": str(copy.id), "used_by": copy.used_by},
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _plain(text: str) -> str:
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
