"""The keys that sign certificates: private halves in files of this installation, public halves where everybody can read them.

A key is made at first use. It is replaced by `rotate`, what it signed stays valid; `withdraw` says that somebody else may have
it, then nothing that it signed is believed any more.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.files import keep_whole
from onecity.kernel.records.keys import es256
from onecity.kernel.records.keys.es256 import SoftwareKey
from onecity.kernel.records.keys.port import SigningKey
from onecity.kernel.records.models import IssuerKey

LOCK: Final = 0x0CE27
FIRST: Final = "SELECT records_first_key(%s, %s, %s, %s)"


def current() -> SigningKey:
    """The key that signs now, made where none was yet; raises Problem 503 where its file is missing here."""
    row = _signing()
    if row is None:
        _first()
        row = _signing()
    if row is None:
        raise Problem("no-signing-key", _("There is no key that could sign certificates."), status=503)
    return _private(row.kid)


def issuer() -> str:
    """The address that new certificates name as their issuer."""
    return str(settings.ONECITY_BASE_URL).rstrip("/")


def published() -> list[IssuerKey]:
    """The keys whose signatures are believed, oldest first."""
    return list(IssuerKey.objects.filter(compromised_at__isnull=True))


def rotate() -> SoftwareKey:
    """Let a new key sign from now on; what the one before signed stays valid. For the owner of the tables."""
    with transaction.atomic():
        _lock()
        key = _made()
        IssuerKey.objects.filter(retired_at__isnull=True).update(retired_at=now())
        IssuerKey.objects.create(
            kid=key.kid, algorithm=key.algorithm, public_jwk=key.public_jwk, issuer=issuer(), signs_from=now()
        )
    return key


def withdraw(kid: str) -> None:
    """Believe nothing any more that this key signed; a new one signs. Raises IssuerKey.DoesNotExist for an unknown key."""
    with transaction.atomic():
        row = IssuerKey.objects.select_for_update().get(kid=kid)
        row.compromised_at = row.compromised_at or now()
        row.retired_at = row.retired_at or now()
        row.save(update_fields=["compromised_at", "retired_at"])
        if _signing() is None:
            rotate()


def _signing() -> IssuerKey | None:
    open_ = IssuerKey.objects.filter(retired_at__isnull=True, compromised_at__isnull=True)
    return open_.order_by("-signs_from").first()


def _first() -> None:
    with transaction.atomic():
        _lock()
        if IssuerKey.objects.exists():
            return
        key = _made()
        with connection.cursor() as cursor:
            # any process may be the first; the function adds a key only while there is none
            cursor.execute(FIRST, [key.kid, key.algorithm, es256.text_of(key.public_jwk), issuer()])


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _made() -> SoftwareKey:
    key = SoftwareKey.make()
    keep_whole(_file(key.kid), key.written())
    return key


def _file(kid: str) -> Path:
    return Path(settings.ONECITY_HOME) / "secrets" / "certificates" / f"{kid}.pem"


@lru_cache(maxsize=8)
def _private(kid: str) -> SoftwareKey:
    try:
        return SoftwareKey.read(_file(kid).read_bytes())
    except FileNotFoundError as error:
        raise Problem(
            "signing-key-missing",
            _("The key that signs certificates is not on this machine."),
            status=503,
            detail=_("Restore the folder “secrets” of the installation from the backup, or let a new key sign."),
        ) from error
