"""Photos from a phone in pieces: a lost signal costs one piece, not the photo, and a killed phone goes on where it was.

The phone says size and SHA-256 first. Each piece is on the disk before it is confirmed; a piece that comes twice is taken
once. When all is here and its digest is what was said, the photo goes to its case as any other evidence does.
"""

import hashlib
import os
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import attachments
from onecity.kernel.cases.attachments import Taken
from onecity.kernel.cases.field import sending
from onecity.kernel.cases.field.once import Done, find, hold, once
from onecity.kernel.cases.logic import upload
from onecity.kernel.cases.models import Case, FieldPhoto
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

PIECE: Final = 262_144
MOST_AT_ONCE: Final = 60


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What will come."""

    key: UUID
    size: Annotated[int, msgspec.Meta(ge=1, le=upload.MOST_BYTES)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]


class Finish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To which case it goes, and where and when it was taken, as the phone says."""

    case_id: UUID
    spot: sending.Spot
    name: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")] = ""


@transaction.atomic
def begin(account: Account, body: bytes) -> dict[str, Any]:
    """Begin, or go on: `received` bytes are here; `done` says that the photo is with its case already.

    Raises Problem 422 for too many at once, and for a key that was begun for other bytes.
    """
    wanted: Begin = sending.read(body, Begin)
    hold(account, wanted.key)
    if find(account, wanted.key) is not None:
        return {"received": wanted.size, "done": True}
    mine = FieldPhoto.objects.filter(account_id=account.id)
    known = mine.filter(key=wanted.key).first()
    if known is None:
        if mine.count() >= MOST_AT_ONCE:
            raise _refused(_("Too many photos are on their way at once. Wait until some have arrived."))
        known = mine.create(account_id=account.id, key=wanted.key, size=wanted.size, sha256=wanted.sha256)
    if (known.size, known.sha256) != (wanted.size, wanted.sha256):
        raise _refused(_("This id was already used for something else."))
    return {"received": known.received, "done": False}


@transaction.atomic
def piece(account: Account, key: UUID, offset: int, content: bytes) -> dict[str, Any]:
    """Take one piece that begins at `offset`; one that is here already changes nothing.

    Returns how many bytes are here. Raises Problem 404 for a photo that was not begun, 409 for a gap, 422 for a piece that
    is empty, too large, or more than was said.
    """
    hold(account, key)
    photo = _find(account, key)
    if not content or len(content) > PIECE or offset + len(content) > photo.size:
        raise _refused(_("This piece of a photo is not as long as was said."))
    if offset > photo.received:
        raise Problem(
            "field-gap",
            _("A piece of this photo is missing."),
            status=409,
            detail=_("Send it again from where it ends."),
            extra={"received": photo.received},
        )
    if offset + len(content) > photo.received:
        _write(path_of(account.id, key), offset, content)
        photo.received = offset + len(content)
        photo.save(update_fields=["received"])
    return {"received": photo.received, "done": False}


def finish(account: Account, key: UUID, body: bytes) -> Done:
    """Give the whole photo to its case, once. Raises Problem 404, 409 while pieces are missing, 422 for broken bytes (then
    it begins anew), and what `attachments.attach` raises."""
    wanted: Finish = sending.read(body, Finish)
    return once(account, key, body, lambda: _attach(account, key, wanted))


def _attach(account: Account, key: UUID, wanted: Finish) -> Case:
    sending.seen(account, wanted.case_id)
    photo = _find(account, key)
    path = path_of(account.id, key)
    content = path.read_bytes()[: photo.size] if path.exists() else b""
    if photo.received < photo.size:
        raise Problem(
            "field-gap",
            _("A piece of this photo is missing."),
            status=409,
            detail=_("Send it again from where it ends."),
            extra={"received": photo.received},
        )
    if hashlib.sha256(content).hexdigest() != photo.sha256:
        raise Problem(
            "field-broken",
            _("The photo did not arrive as it was sent."),
            status=409,
            detail=_("It is sent again from its beginning."),
        )
    spot = wanted.spot
    attachments.attach(wanted.case_id, wanted.name, content, account, taken=Taken(spot.lon, spot.lat, spot.at))
    photo.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))
    return Case.objects.defer("search").get(id=wanted.case_id)


@transaction.atomic
def forget(account: Account, key: UUID) -> dict[str, Any]:
    """Drop what has come of a photo, to begin anew or because it was discarded on the phone."""
    hold(account, key)
    FieldPhoto.objects.filter(account_id=account.id, key=key).delete()
    transaction.on_commit(lambda: path_of(account.id, key).unlink(missing_ok=True))
    return {"received": 0, "done": find(account, key) is not None}


def path_of(account_id: UUID, key: UUID) -> Path:
    """Where the pieces of a photo lie."""
    root: Path = settings.ONECITY_UPLOADS
    return root / "field" / str(account_id) / str(key)


def _find(account: Account, key: UUID) -> FieldPhoto:
    found = FieldPhoto.objects.filter(account_id=account.id, key=key).first()
    if found is None:
        raise Problem(
            "field-not-begun",
            _("This photo was not begun."),
            status=404,
            detail=_("It is sent again from its beginning."),
        )
    return found


def _write(path: Path, offset: int, content: bytes) -> None:
    """Write and sync, so that what is confirmed is there after a crash; what lay beyond is written over."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        written = 0
        while written < len(content):
            written += os.pwrite(handle, content[written:], offset + written)
        os.fsync(handle)
    finally:
        os.close(handle)


def _refused(detail: object) -> Problem:
    return Problem("field-photo", detail, status=422)
