"""SM2 keys behind the key port: files of this installation now, cryptographic devices by an opener that is registered.

A key is named by a reference, `scheme:name`, which is all that the database knows of it. `software:` keys are PKCS#8 files
in `ONECITY_HOME/secrets/seals`, readable by their owner only; they make a reference implementation, not a certified seal. A
device (PKCS#11 token, SDF card of GM/T 0018) registers an opener for its own scheme by `register`; whoever signs cannot tell
the difference, and the private key never leaves the device.
"""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import Problem
from onecity.kernel.records.keys import sm2_openssl
from onecity.kernel.records.keys.port import SigningKey

ALGORITHM: Final = "SM2"
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
SOFTWARE: Final = "software"


class Sm2Key(SigningKey, Protocol):
    """What a seal needs of a key, wherever the key lives; `kid` is its reference, a signature DER SEQUENCE { r, s }."""

    @property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        ...


class SoftwareKey:
    """A key that OpenSSL holds in this process's memory."""

    algorithm: Final = ALGORITHM

    def __init__(self, name: str, private: sm2_openssl.PrivateKey) -> None:
        self.kid = f"{SOFTWARE}:{name}"
        self.public_key = private.info
        self._private = private

    def sign(self, data: bytes) -> bytes:
        """SM2 signature with SM3, DER."""
        return self._private.sign(data)


Opener = Callable[[str], Sm2Key]
_openers: dict[str, Opener] = {}
_opened: dict[Path, SoftwareKey] = {}


def register(scheme: str, opener: Opener) -> None:
    """Let `scheme:name` be opened by `opener(name)`; a device's driver calls this when the process starts."""
    if not NAME.match(scheme) or scheme == SOFTWARE or scheme in _openers:
        raise ValueError(f"a key scheme is a new word of small letters, not {scheme!r}")
    _openers[scheme] = opener


def open_key(reference: str) -> Sm2Key:
    """The key of this reference; Problem when the machine has no SM2, no such key, or no driver for its device."""
    scheme, _colon, name = reference.partition(":")
    if scheme != SOFTWARE:
        if scheme not in _openers:
            raise _no_key(reference)
        return _openers[scheme](name)
    require_sm2()
    path = _path(name)
    if path not in _opened:
        _opened[path] = SoftwareKey(name, _read(path, reference))
    return _opened[path]


def make_key(name: str) -> Sm2Key:
    """A new software key, or the one of this name that another process just made: two first starts agree on one."""
    require_sm2()
    path = _path(name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = sm2_openssl.PrivateKey.generate().to_pem()
        temporary = path.with_name(f".{name}.{os.getpid()}")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            _link(path, temporary)
        finally:
            pem[:] = bytes(len(pem))
            temporary.unlink(missing_ok=True)
    return open_key(f"{SOFTWARE}:{name}")


def destroy_key(reference: str) -> None:
    """Overwrite and remove a software key; what a device holds is destroyed by the device's own means."""
    scheme, _colon, name = reference.partition(":")
    if scheme != SOFTWARE:
        return
    path = _path(name)
    _opened.pop(path, None)
    if path.exists():
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()


def require_sm2() -> None:
    """Problem 501 in the reader's language when this machine's OpenSSL has no SM2."""
    reason = sm2_openssl.why_unavailable()
    if reason:
        raise Problem(
            "no-sm2",
            _("No SM2 here: this machine can neither apply seals nor check them."),
            status=501,
            detail=reason,
        )


def _link(path: Path, temporary: Path) -> None:
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return  # another process was first: its key is the key


def _read(path: Path, reference: str) -> sm2_openssl.PrivateKey:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise _no_key(reference) from None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise Problem(
                "seal-key-readable",
                _("The file of a seal's key can be read by others."),
                status=500,
                detail=_("Its owner alone may read it: set its mode to 600 and make a new key if others had access."),
            )
        pem = bytearray(status.st_size)
        file.readinto(pem)
    return sm2_openssl.PrivateKey.from_pem(pem)


def _path(name: str) -> Path:
    if not NAME.match(name):
        raise ValueError(f"a key is named by small letters, digits and hyphens, not {name!r}")
    return Path(settings.ONECITY_HOME) / "secrets" / "seals" / f"{name}.pem"


def _no_key(reference: str) -> Problem:
    return Problem(
        "no-seal-key",
        _("The key of this seal is not on this machine."),
        status=503,
        detail=_("Connect the device that holds %(reference)s, or restore the key from the backup.")
        % {"reference": reference},
    )
