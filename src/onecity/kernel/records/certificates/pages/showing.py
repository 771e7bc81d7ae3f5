"""Verdicts and certificates as the pages show them."""

from collections.abc import Sequence
from typing import Any

import segno
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from onecity.kernel.records.certificates import types
from onecity.kernel.records.certificates.logic.kind import Words
from onecity.kernel.records.certificates.rendering.content import verification_address
from onecity.kernel.records.certificates.verification.verdict import Verdict
from onecity.kernel.records.models import Certificate

TONES = {"valid": "good", "suspended": "warn", "expired": "warn", "not_yet": "warn", "replaced": "warn"}
ICONS = {"good": "badge-check", "warn": "circle-alert", "bad": "badge-x"}


def facts(verdict: Verdict, language: str) -> dict[str, Any]:
    """Tone, icon and the rows about the certificate, in the language of the reader."""
    tone = TONES.get(verdict.state, "bad")
    shown = verdict.shown
    rows: list[tuple[str, str]] = []
    if shown is not None:
        rows = [
            (_("Certificate"), shown.title.in_(language)),
            (_("Holder"), shown.holder),
            *((words.in_(language), spoken(value)) for words, value in shown.claims),
            (_("Issuer"), f"{shown.issuer_name} {shown.issuer_uscc}".strip()),
            (_("Validity"), period(shown.valid_from, shown.valid_until)),
            (_("Certificate number"), shown.number),
        ]
    return {"tone": tone, "icon": ICONS[tone], "rows": rows}


def spoken(value: object) -> str:
    """A claim as people write it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def period(first: Any, last: Any) -> str:
    """From when to when."""
    if last is None:
        return _("from %(first)s, without end") % {"first": first.isoformat()}
    return _("%(first)s to %(last)s") % {"first": first.isoformat(), "last": last.isoformat()}


def qr(certificate: Certificate) -> SafeString:
    """The code that leads to the verification of a certificate."""
    drawn = segno.make(verification_address(certificate.number), error="m").svg_inline(scale=4, border=2, omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - drawn by us from our own address and a number


def titled(rows: Sequence[Certificate], language: str) -> list[tuple[Certificate, str]]:
    """Certificates with the title of their kind."""
    titles = types.titles()
    unknown = Words("证照", "Certificate")
    return [(row, titles.get(row.type_code, unknown).in_(language)) for row in rows]
