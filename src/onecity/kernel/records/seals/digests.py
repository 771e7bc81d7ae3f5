"""The digests that seals use; SM3 (GB/T 32905-2016) comes from Python's cryptography."""

import hashlib

from cryptography.hazmat.primitives import hashes

from onecity.kernel.records.seals import oids


def sm3(data: bytes) -> bytes:
    """SM3 of `data`, 32 bytes."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def digest(method: str, data: bytes) -> bytes:
    """The digest that `method` (an identifier or a name) asks for; ValueError names an unknown or a broken one."""
    name = oids.DIGESTS.get(method.strip(), method.strip().lower().replace("-", ""))
    if name == "sm3":
        return sm3(data)
    if name == "sha256":
        return hashlib.sha256(data).digest()
    if name in oids.WEAK_DIGESTS:
        raise ValueError(f"{name.upper()} no longer proves anything")
    raise ValueError(f"unknown digest method {method!r}")
