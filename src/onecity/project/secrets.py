"""Secrets of one installation: made at first use, kept in files only their owner can read, never printed."""

import os
import secrets as random
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def folder(home: Path) -> Path:
    """The folder of the secrets, readable by nobody else."""
    path = home / "secrets"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def text(home: Path, name: str) -> str:
    """The random text of this name, 256 bits, made at first use."""
    return _kept(folder(home) / name, lambda: random.token_urlsafe(32))


def rsa_key(home: Path, name: str) -> str:
    """An RSA private key in PEM form (2048 bits), made at first use."""
    return _kept(folder(home) / f"{name}.pem", _new_rsa_key)


def _new_rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem.decode()


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        # written under another name and linked, so that two processes at first start agree on one value
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return path.read_text()
        finally:
            temporary.unlink()
    return path.read_text()
