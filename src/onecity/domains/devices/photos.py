"""Photos of installations: checked by their bytes, written anew without metadata, kept outside the web root."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.models import DevicePhoto, DeviceRecord
from onecity.kernel.cases.attachments import REASONS
from onecity.kernel.cases.logic import upload
from onecity.kernel.core import pictures
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.files import keep_whole
from onecity.kernel.people.models import Account

MOST_FOR_ONE_DEVICE = 20
PHOTO_ONLY = _("Only photos (JPEG, PNG, WebP) can be added.")


def add(record: DeviceRecord, content: bytes, actor: Account) -> DevicePhoto:
    """Keep a photo; the same a second time is the one already there. Raises Problem 422 that says what is wrong with it."""
    try:
        checked = upload.check(content)
        clean = pictures.rewritten(content, timezone.get_default_timezone()) if checked.width else None
    except upload.RejectedError as error:
        raise _refused(PHOTO_ONLY if error.reason == "unknown_type" else REASONS[error.reason]) from error
    except pictures.BrokenPictureError as error:
        raise _refused(REASONS["broken"]) from error
    if clean is None:
        raise _refused(PHOTO_ONLY)
    digest = hashlib.sha256(clean.content).hexdigest()
    taken = DevicePhoto.objects.filter(record=record)
    known = taken.filter(sha256=digest).first()
    if known is not None:
        return known
    if taken.count() >= MOST_FOR_ONE_DEVICE:
        raise _refused(_("This device has as many photos as it can take."))
    keep_whole(path_of(digest), clean.content)
    return DevicePhoto.objects.create(
        record=record,
        sha256=digest,
        media_type=clean.media_type,
        width=clean.width,
        height=clean.height,
        size=len(clean.content),
        added_by=actor.id,
    )


def path_of(digest: str) -> Path:
    """Where the bytes with this SHA-256 lie."""
    root: Path = settings.ONECITY_UPLOADS
    return root / "devices" / digest[:2] / digest


def missing() -> Problem:
    """404 for a photo that is not there."""
    return Problem("no-photo", _("There is no such photo"), status=404)


def _refused(detail: object) -> Problem:
    return Problem("photo", detail, status=422, errors=[FieldError("photo", detail)])
