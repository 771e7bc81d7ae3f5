"""Certificates, seals and archived cases: verified by everybody, read by their holders and by those in charge."""

from ninja import Router

from onecity.kernel.records.certificates import api as certificates
from onecity.kernel.records.seals import api as seals

router = Router(tags=["records"])
router.add_router("/certificates", certificates.router)
router.add_router("/seals", seals.router)
