"""The installation's own small authority: a root, the maker of its seals, its time stamper, and whom else it trusts.

All keys are software keys (keys.sm2), which makes this a reference implementation. A district with a state-certified device
names its maker's and signers' keys by the device's scheme and lays the roots of its provider into `ONECITY_HOME/seals/trusted`
(DER, *.crt; revocation lists *.crl beside them).
"""

import datetime as dt
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection

from onecity.kernel.core import clock
from onecity.kernel.records.keys import sm2
from onecity.kernel.records.seals import making, sm2_certificates, time_stamps
from onecity.kernel.records.seals.making import Signer
from onecity.kernel.records.seals.sm2_certificates import Subject, Usage
from onecity.kernel.records.seals.trust import Trust

ORGANISATION: Final = "OneCity"
ROOT: Final = "seal-root"
MAKER: Final = "seal-maker"
TIME: Final = "seal-time"
TITLES: Final = {ROOT: "OneCity Seal Root", MAKER: "OneCity Seal Maker", TIME: "OneCity Time Stamps"}
YEARS: Final = {ROOT: 20, MAKER: 10, TIME: 10}
LIST_HOLDS: Final = dt.timedelta(days=1)
SLACK: Final = dt.timedelta(minutes=5)
"""A certificate begins a little earlier, for verifiers whose clocks are behind."""


def root() -> Signer:
    """The root, made at first use."""
    return _party(ROOT, "authority", None)


def maker() -> Signer:
    """The maker of seals (制章者)."""
    return _party(MAKER, "sign", root)


def stamper() -> making.Stamper:
    """The time stamper, at the time of the platform's clock."""
    signer = _party(TIME, "time", root)
    return lambda data: time_stamps.make(data, signer, at=clock.now(), serial=serial())


def certify(subject: Subject, key: bytes, *, usage: Usage, until: dt.datetime) -> tuple[bytes, int]:
    """A certificate by the root for a seal's key, and its serial number."""
    number = serial()
    start = clock.now() - SLACK
    issued = sm2_certificates.issue(subject, key, usage=usage, valid=(start, until), issuer=root(), serial=number)
    return issued, number


def serial() -> int:
    """A number that nobody can guess or meet twice (63 bits; RFC 5280, 4.1.2.2 allows up to 20 bytes)."""
    return secrets.randbits(63) | 1 << 62


def trusted() -> Trust:
    """Our root with a fresh list of what was revoked, and what the operator laid into the folder of trusted roots."""
    own = root()
    at = clock.now()
    revoked = sm2_certificates.revocation_list(
        own, _revoked(), at=at - SLACK, until=at + LIST_HOLDS, number=int(at.timestamp())
    )
    folder = _folder() / "trusted"
    return Trust(
        anchors=(own.certificate, *_files(folder, "*.crt")),
        revocation_lists=(revoked, *_files(folder, "*.crl")),
    )


def _revoked() -> dict[int, dt.datetime]:
    """Serial numbers of seals that must not be used, and since when; asked through a function that shows nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT serial, since FROM records_seals_revoked()")
        return {int(number): since for number, since in cursor.fetchall()}


def _files(folder: Path, pattern: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(folder.glob(pattern)))


def _folder() -> Path:
    return Path(settings.ONECITY_HOME) / "seals"


def _party(name: str, usage: Usage, issuer: Callable[[], Signer] | None) -> Signer:
    key = sm2.make_key(name)
    path = _folder() / f"{name}.crt"
    if not path.exists():
        start = clock.now() - SLACK
        certificate = sm2_certificates.issue(
            Subject(TITLES[name], ORGANISATION),
            key.public_key,
            usage=usage,
            valid=(start, start + dt.timedelta(days=365 * YEARS[name])),
            issuer=issuer() if issuer else None,
            sign=Signer(b"", key.sign),
            serial=serial(),
        )
        _keep(path, certificate)
    return Signer(path.read_bytes(), key.sign)


def _keep(path: Path, data: bytes) -> None:
    """Write once: of two processes that start together, the first one's file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(data)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
