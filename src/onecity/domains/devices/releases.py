"""Firmware and configurations as files: taken with their hash, given to devices that a roll-out has told of them."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.models import Release
from onecity.domains.devices.permissions import COMMAND
from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.ingest.sign_in import credentials
from onecity.kernel.telemetry.service import hash_secret

MOST_BYTES = 32 * 1024 * 1024
FOR_DEVICE = "SELECT known, sha256, size FROM devices_release_for(%s, %s, %s, %s)"


def add(release: Release, pieces: Iterable[bytes], actor: Account) -> Release:
    """Keep a release with its file, durable before the row. Raises Problem 403, 409 (version known), 422 (empty, too big)."""
    policy.require(actor, COMMAND, release.division_path)
    release.sha256, release.size = _store(pieces)
    release.created_by = actor.id
    try:
        with transaction.atomic():
            release.save(force_insert=True)
            audit.record(
                "devices.release_added", actor_id=actor.id, object_type="device_release", object_id=release.id,
                division_path=release.division_path, detail={"version": release.version, "sha256": release.sha256},
            )  # fmt: skip
    except IntegrityError as error:
        detail = _("This version of the model is there already; give it another number.")
        errors = [FieldError("version", detail)]
        raise Problem("release-known", detail, status=409, errors=errors) from error
    return release


def path_of(digest: str) -> Path:
    """Where the bytes with this SHA-256 lie."""
    root: Path = settings.ONECITY_UPLOADS
    return root / "releases" / digest[:2] / digest


def for_device(authorization: str, release_id: UUID) -> Path:
    """The file of a release for the device that signs in. Raises Problem 401, and 404 where no roll-out has it for it."""
    name, secret = credentials(authorization)
    try:
        device = UUID(name)
    except ValueError:
        raise _unknown() from None
    with connection.cursor() as cursor:
        cursor.execute(FOR_DEVICE, [device, hash_secret(secret), release_id, now()])
        found = cursor.fetchone()
    if found is None:
        raise _unknown()
    if found[1] is None or not path_of(found[1]).exists():
        raise Problem("no-release", _("There is no such file for this device"), status=404)
    return path_of(found[1])


def _unknown() -> Problem:
    title = _("The device is not registered, was revoked, or its secret is wrong")
    return Problem("device_unknown", title, status=401)


def _store(pieces: Iterable[bytes]) -> tuple[str, int]:
    """Write piece by piece under a temporary name, sync, rename; the SHA-256 and the size."""
    root: Path = settings.ONECITY_UPLOADS / "releases"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=root)
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in pieces:
                size = _grown(size + len(piece))
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        _grown(size, least=1)
        target = path_of(digest.hexdigest())
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return digest.hexdigest(), size


def _grown(size: int, least: int = 0) -> int:
    """The size so far, where a file may have it."""
    if size < least:
        raise _refused(_("The file is empty."))
    if size > MOST_BYTES:
        raise _refused(_("The file is larger than 32 MB."))
    return size


def _refused(detail: object) -> Problem:
    return Problem("release-file", detail, status=422, errors=[FieldError("file", detail)])
