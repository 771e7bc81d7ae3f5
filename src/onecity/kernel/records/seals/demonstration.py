"""The seal of a demonstration: one for the whole district, put by the platform on every kind of certificate; it says what it is."""

import datetime as dt
from typing import Final

from django.db import transaction

from onecity.kernel.core import clock
from onecity.kernel.places import service as places
from onecity.kernel.records.keys import sm2_openssl
from onecity.kernel.records.models import CertificateTypeVersion, Seal, SubjectKind
from onecity.kernel.records.seals import custody
from onecity.kernel.records.seals.custody import Leave, NewSeal

NUMBER: Final = "DEMONSTRATION-1"
NAME: Final = "行政审批专用章"
HOLDS: Final = dt.timedelta(days=3 * 365)


def install() -> Seal | None:
    """Make the seal where it is missing and let the platform use it for every kind of certificate there is; idempotent.

    None without a district or on a machine without SM2.
    """
    root = places.root()
    if root is None or sm2_openssl.why_unavailable():
        return None
    with transaction.atomic():
        seal = Seal.objects.filter(number=NUMBER).first() or custody.make(
            NewSeal(NUMBER, f"{root.name}{NAME}"[:40], root.path, clock.now() + HOLDS, demonstration=True), None
        )
        for code in CertificateTypeVersion.objects.order_by("code").values_list("code", flat=True).distinct():
            custody.allow(seal.id, Leave(None, SubjectKind.CERTIFICATE, code), None)
    return seal
