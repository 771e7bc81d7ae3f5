"""Makes the signed PDF of a certificate, and keeps files sealed on disk."""

import hashlib
import logging
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.files import keep_whole
from onecity.kernel.core.sealing import SealBrokenError
from onecity.kernel.records.certificates import sealing
from onecity.kernel.records.certificates.rendering import drawing, layout
from onecity.kernel.records.certificates.rendering.authority import authority
from onecity.kernel.records.certificates.rendering.layout import Content
from onecity.kernel.records.certificates.rendering.signing_pdf import Seal, sign
from onecity.kernel.records.ofd import faces
from onecity.kernel.records.seals import drawing as seal_drawing

SEAL_WORDS: Final = "电子证照专用章"
# it warns that nothing is fetched, which is meant: whatever is needed is at hand
logging.getLogger("pyhanko").setLevel(logging.ERROR)


def make(content: Content) -> bytes:
    """The signed PDF of this content."""
    document = layout.document(content, drawing.width)
    left, top, size = layout.SEAL
    seal = Seal(_seal(content.issuer[: seal_drawing.LONGEST_NAME]), left, top, size, document.pages[-1].height)
    return sign(drawing.draw(document), authority(), seal, name=content.issuer, reason=content.title)


def keep(name: UUID, data: bytes) -> str:
    """Seal the file for this row, write it; the name under which it lies."""
    sealed = sealing.seal_file(name, data)
    stored = hashlib.sha256(sealed).hexdigest()
    keep_whole(_path(stored), sealed)
    return stored


def read(name: UUID, stored: str) -> bytes:
    """The file of a row again; raises Problem 503 where it is lost or was altered."""
    try:
        return sealing.open_file(name, _path(stored).read_bytes())
    except (FileNotFoundError, SealBrokenError) as error:
        raise Problem("copy-lost", _("This copy cannot be read any more. Ask for a new one."), status=503) from error


def _path(stored: str) -> Path:
    return Path(settings.ONECITY_UPLOADS) / "certificates" / stored[:2] / stored


@lru_cache(maxsize=64)
def _seal(issuer: str) -> bytes:
    return seal_drawing.draw(issuer, faces.path_of(bold=True), below=SEAL_WORDS)
