"""Takes evidence for a case: checks the bytes, keeps them under their digest outside the web root, gives them back.

A photo is written anew without what the camera put beside it; that copy is what people see. The bytes as they came are kept
apart, for whoever has the right to know where, when and by whom a photo was taken.
"""

import datetime as dt
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import acting, custody
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.models import Attachment, Case
from onecity.kernel.core import pictures
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.core.files import keep_whole
from onecity.kernel.core.pictures import Picture
from onecity.kernel.people.models import Account

MOST_FOR_ONE_CASE = 50
# a phone's clock may be ahead of ours by so much
EARLY = dt.timedelta(minutes=10)
REASONS = {
    "empty": _("The file is empty."),
    "too_big": _("The file is larger than 10 MB. Choose a smaller one."),
    "unknown_type": _("Only photos (JPEG, PNG, WebP) and PDF files can be added."),
    "broken": _("The file is damaged and cannot be read."),
    "too_large": _("The picture has too many pixels. Choose a smaller one."),
    "too_many": _("This case has as many files as it can take."),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """Where (WGS-84 degrees) and when a photo was taken, as the phone says it beside the photo."""

    lon: float | None = None
    lat: float | None = None
    at: dt.datetime | None = None


def attach(
    case_id: UUID, name: str, content: bytes, actor: Account | None, note: str = "", taken: Taken = Taken()
) -> Attachment:
    """Add a file to a case, with its entry in the history; the same file a second time is the one already there.

    Raises Problem 422 that says what is wrong with the file, 404 and 403 as `acting.act`. The bytes are on disk before the
    row is committed, so that no row ever lacks its file.
    """
    try:
        checked = upload.check(content)
        picture = _seen(content, checked)
    except upload.RejectedError as error:
        raise rejected(error.reason) from error
    came = hashlib.sha256(content).hexdigest()
    shown = picture.content if picture else content
    digest = hashlib.sha256(shown).hexdigest()
    with transaction.atomic():
        known = Attachment.objects.filter(Q(sha256__in=[came, digest]) | Q(original=came), case_id=case_id).first()
        if known is not None:
            return known
        named = _shown_name(name, _ending(checked, picture))
        acting.append(case_id, "attach", actor, note, {"name": named, "sha256": digest})
        if Attachment.objects.filter(case_id=case_id).count() >= MOST_FOR_ONE_CASE:
            raise rejected("too_many")
        keep_whole(path_of(digest), shown)
        if picture:
            keep_whole(original_path(came), content)
        return Attachment.objects.create(
            case_id=case_id,
            sha256=digest,
            original=came if picture else "",
            media_type=picture.media_type if picture else checked.media_type,
            size=len(shown),
            width=picture.width if picture else None,
            height=picture.height if picture else None,
            name=named,
            added_by_id=actor.id if actor else None,
            **_place_and_time(picture, taken),
        )


def _seen(content: bytes, checked: upload.Checked) -> Picture | None:
    """What people will see of a photo; None for what is none. Raises RejectedError."""
    if checked.width is None:
        return None
    try:
        return pictures.rewritten(content, timezone.get_default_timezone())
    except pictures.BrokenPictureError as error:
        raise upload.RejectedError("broken") from error


def _ending(checked: upload.Checked, picture: Picture | None) -> str:
    return upload.ENDINGS[picture.media_type] if picture else checked.ending


def _place_and_time(picture: Picture | None, taken: Taken) -> dict[str, float | dt.datetime | None]:
    """What the phone says goes before what the camera wrote; a time that has not come yet is none."""
    if picture is None:
        return {}
    lon, lat = (taken.lon, taken.lat) if taken.lon is not None and taken.lat is not None else (picture.lon, picture.lat)
    at = taken.at or picture.taken_at
    return {"lon": lon, "lat": lat, "taken_at": at if at and at <= now() + EARLY else None}


def read(attachment: Attachment) -> bytes:
    """The bytes of an attachment; raises Problem 404 while they come from another installation, 500 where they are gone or
    not what they were."""
    with suppress(FileNotFoundError):
        content = path_of(attachment.sha256).read_bytes()
        if hashlib.sha256(content).hexdigest() == attachment.sha256:
            return content
    why = custody.awaited([attachment.sha256]).get(attachment.sha256)
    if why is not None:
        raise Problem("attachment-awaited", _("This file is not here."), status=404, detail=why)
    raise Problem(
        "attachment-damaged",
        _("This file is missing or was changed on the disk."),
        status=500,
        detail=_("Tell the administrator; the file can be restored from the backup."),
    )


def path_of(digest: str) -> Path:
    """Where the bytes with this SHA-256 lie."""
    root: Path = settings.ONECITY_UPLOADS
    return root / "cases" / digest[:2] / digest


def original_path(digest: str) -> Path:
    """Where the bytes of a photo lie as they came."""
    root: Path = settings.ONECITY_UPLOADS
    return root / "cases-originals" / digest[:2] / digest


def read_original(attachment: Attachment) -> bytes:
    """A photo as it came, with all that its camera wrote; raises Problem 404 where there is none."""
    with suppress(FileNotFoundError):
        content = original_path(attachment.original).read_bytes() if attachment.original else b""
        if hashlib.sha256(content).hexdigest() == attachment.original:
            return content
    raise Problem("no-original", _("This file is not kept as it came."), status=404)


def of_case(case: Case) -> list[Attachment]:
    """The evidence of a case, oldest first; what another installation still has says so (`awaited`)."""
    found = list(case.attachments.all())
    sentences = custody.awaited([one.sha256 for one in found if not path_of(one.sha256).exists()])
    for one in found:
        one.awaited = sentences.get(one.sha256, "")
    return found


def keep(digest: str, content: bytes) -> None:
    """Keep a file that was added elsewhere; raises ValueError where the bytes are not those of this SHA-256, RejectedError
    for what would not be taken here."""
    if hashlib.sha256(content).hexdigest() != digest:
        raise ValueError("these bytes are not those of the digest")
    upload.check(content)
    keep_whole(path_of(digest), content)


def rejected(reason: str) -> Problem:
    """The problem for a file that is not taken."""
    detail = REASONS[reason]
    return Problem("upload-rejected", detail, status=422, errors=[FieldError("file", detail, reason)])


def _shown_name(name: str, ending: str) -> str:
    stem = "".join(c for c in Path(name.replace("\\", "/")).stem if c.isprintable() and c not in '<>:"/|?*')[:120]
    return f"{stem or 'file'}.{ending}"
