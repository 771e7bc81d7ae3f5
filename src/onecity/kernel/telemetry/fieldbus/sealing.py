"""Credentials of sources, sealed before they reach the database: whoever reads a row or a backup learns nothing."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from django.conf import settings

from onecity.kernel.core.sealing import SealBrokenError, Sealer
from onecity.kernel.telemetry.fieldbus.faults import Fault, SourceError

PURPOSE = "onecity field sources 1"


def seal(source: UUID, credentials: Mapping[str, str]) -> bytes:
    """Encrypt credentials so that they open for this source alone; nothing for none."""
    return _sealer().seal(msgspec.json.encode(dict(credentials)), source.bytes) if credentials else b""


def unseal(source: UUID, sealed: bytes) -> dict[str, str]:
    """The credentials of a source; raises SourceError where they were sealed by another installation or for another."""
    if not sealed:
        return {}
    try:
        text = _sealer().open(sealed, source.bytes)
    except SealBrokenError as error:
        raise SourceError(Fault.SETTINGS, "the credentials were sealed with another key") from error
    return msgspec.json.decode(text, type=dict[str, str])


def _sealer() -> Sealer:
    return Sealer(settings.SECRET_KEY, PURPOSE)
