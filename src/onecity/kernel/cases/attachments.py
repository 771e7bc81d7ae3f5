"""Takes evidence for a case: checks the bytes, keeps them under their digest outside the web root, gives them back."""

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import acting, custody
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.models import Attachment, Case
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

MOST_FOR_ONE_CASE = 50
REASONS = {
    "empty": _("The file is empty."),
    "too_big": _("The file is larger than 10 MB. Choose a smaller one."),
    "unknown_type": _("Only photos (JPEG, PNG, WebP) and PDF files can be added."),
    "broken": _("The file is damaged and cannot be read."),
    "too_large": _("The picture has too many pixels. Choose a smaller one."),
    "too_many": _("This case has as many files as it can take."),
}


def attach(case_id: UUID, name: str, content: bytes, actor: Account | None, note: str = "") -> Attachment:
    """Add a file to a case, with its entry in the history; the same file a second time is the one already there.

    Raises Problem 422 that says what is wrong with the file, 404 and 403 as `acting.act`. The bytes are on disk before the
    row is committed, so that no row ever lacks its file.
    """
    try:
        checked = upload.check(content)
    except upload.RejectedError as error:
        raise rejected(error.reason) from error
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        known = Attachment.objects.filter(case_id=case_id, sha256=digest).first()
        if known is not None:
            return known
        shown = _shown_name(name, checked.ending)
        acting.append(case_id, "attach", actor, note, {"name": shown, "sha256": digest})
        if Attachment.objects.filter(case_id=case_id).count() >= MOST_FOR_ONE_CASE:
            raise rejected("too_many")
        _store(digest, content)
        return Attachment.objects.create(
            case_id=case_id,
            sha256=digest,
            media_type=checked.media_type,
            size=len(content),
            width=checked.width,
            height=checked.height,
            name=shown,
            added_by_id=actor.id if actor else None,
        )


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
    _store(digest, content)


def rejected(reason: str) -> Problem:
    """The problem for a file that is not taken."""
    detail = REASONS[reason]
    return Problem("upload-rejected", detail, status=422, errors=[FieldError("file", detail, reason)])


def _store(digest: str, content: bytes) -> None:
    """Write under a temporary name, sync, rename: at its final name a file is whole or absent."""
    target = path_of(digest)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(target)


def _shown_name(name: str, ending: str) -> str:
    stem = "".join(c for c in Path(name.replace("\\", "/")).stem if c.isprintable() and c not in '<>:"/|?*')[:120]
    return f"{stem or 'file'}.{ending}"
