"""Verifies a certificate by its number, as somebody reads it off a paper or a QR code."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.records import identifiers
from onecity.kernel.records.certificates.verification import standing
from onecity.kernel.records.certificates.verification.verdict import Step, Verdict


def verify_number(number: str) -> Verdict:
    """What the certificate of this number is worth now. Never raises for what somebody typed."""
    report = identifiers.read(number)
    if report.number is None or not report.valid:
        return Verdict("unknown", tuple(Step("number", False, fault.text) for fault in report.faults))
    row = standing.find(str(report.number))
    well = Step("number", True, _("The number is written correctly."))
    if row is None:
        return Verdict("unknown", (well, Step("register", False, _("There is no certificate with this number."))))
    state, steps = standing.of(row)
    return Verdict(state, (well, *steps), standing.shown(row))
