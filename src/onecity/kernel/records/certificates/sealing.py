"""What of a certificate is personal and sensitive, sealed in its row: identity number, sensitive claims, disclosures."""

from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from onecity.kernel.core.sealing import Sealer


class Inside(msgspec.Struct, frozen=True, array_like=True):
    """The content of the sealed part."""

    identity: str
    claims: dict[str, Any]
    disclosures: tuple[str, ...]


def seal(certificate_id: UUID, inside: Inside) -> bytes:
    """Sealed so that it opens for this certificate alone."""
    return _sealer().seal(msgspec.msgpack.encode(inside), certificate_id.bytes)


def unseal(certificate_id: UUID, sealed: bytes | memoryview) -> Inside:
    """What was sealed; raises SealBrokenError where it belongs to another certificate or installation."""
    return msgspec.msgpack.decode(_sealer().open(bytes(sealed), certificate_id.bytes), type=Inside)


def seal_file(name: UUID, data: bytes) -> bytes:
    """A file, sealed for the row of this id."""
    return _sealer().seal(data, name.bytes)


def open_file(name: UUID, sealed: bytes) -> bytes:
    """The file again; raises SealBrokenError."""
    return _sealer().open(sealed, name.bytes)


def identity_hash(identity: str) -> str:
    """By what a holder is found: the keyed digest of his number, however it is written."""
    return _sealer().fingerprint(plain(identity))


def plain(identity: str) -> str:
    """An identity number without spaces, in capital letters."""
    return "".join(identity.split()).upper()


def serial_key() -> bytes:
    """The key that scatters serial numbers."""
    return bytes.fromhex(_sealer().fingerprint("serial numbers"))


def _sealer() -> Sealer:
    return _made(str(settings.SECRET_KEY))


@lru_cache(maxsize=4)
def _made(secret: str) -> Sealer:
    return Sealer(secret, "onecity certificates 1")
