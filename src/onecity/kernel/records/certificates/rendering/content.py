"""What is printed of a certificate, in the language of whoever asks for the copy."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from onecity.kernel.records.certificates import holding, types
from onecity.kernel.records.certificates.logic.kind import PLACEHOLDER, Kind
from onecity.kernel.records.certificates.rendering.drawing import width
from onecity.kernel.records.certificates.rendering.layout import Content, Wording, wrapped
from onecity.kernel.records.keys import store
from onecity.kernel.records.models import Certificate

MARK_WIDTH: Final = 62.0
MARK_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Use:
    """For what and whom a copy is made, and until when it may be used."""

    purpose: str
    used_by: str
    usable_until: dt.datetime


def content_of(certificate: Certificate, language: str, use: Use | None = None) -> Content:
    """Everything that the page says; `use`: for a copy that serves one use."""
    kind = types.version(certificate.type_code, certificate.type_version)
    said = holding.claims_of(certificate)
    with translation.override(language):
        entries = tuple((one.title.in_(language), _value(said[one.name])) for one in kind.fields if one.name in said)
        other = "en" if language.startswith("zh") else "zh"
        return Content(
            title=kind.title.in_(language),
            subtitle=kind.title.in_(other),
            number=certificate.number,
            holder=certificate.holder_name,
            entries=entries + _use_entries(use),
            body=_body(kind, said | {"name": certificate.holder_name}, language),
            period=_period(certificate),
            issuer=certificate.issuer_name or certificate.issuer_uscc,
            issued=timezone.localdate(certificate.issued_at),
            address=verification_address(certificate.number),
            note=kind.template.note.in_(language) if kind.template.note else "",
            words=_words(),
            marks=_marks(use),
        )


def verification_address(number: str) -> str:
    """Where the code on a certificate leads."""
    return f"{store.issuer()}/verify?number={quote(number)}"


def _words() -> Wording:
    return Wording(
        number=_("Certificate number"),
        holder=_("Holder"),
        period=_("Validity"),
        issued_by=_("Issuer"),
        issued_on=_("Issued"),
        verify=_("Scan to verify"),
        foot=_("Electronic certificate with a digital signature. Verify it at %(address)s.")
        % {"address": f"{store.issuer()}/verify"},
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def _period(certificate: Certificate) -> str:
    if certificate.valid_until is None:
        return _("from %(first)s, without end") % {"first": certificate.valid_from.isoformat()}
    return _("%(first)s to %(last)s") % {
        "first": certificate.valid_from.isoformat(),
        "last": certificate.valid_until.isoformat(),
    }


def _body(kind: Kind, said: Mapping[str, Any], language: str) -> str:
    if kind.template.body is None:
        return ""
    return PLACEHOLDER.sub(lambda found: _value(said.get(found[1], "")), kind.template.body.in_(language))


def _use_entries(use: Use | None) -> tuple[tuple[str, str], ...]:
    if use is None:
        return ()
    return (
        (_("Purpose of this copy"), use.purpose),
        (_("Who uses it"), use.used_by),
        (_("Usable until"), _moment(use)),
    )


def _marks(use: Use | None) -> tuple[str, ...]:
    if use is None:
        return ()
    purpose = wrapped(_("Only for: %(purpose)s") % {"purpose": use.purpose}, MARK_WIDTH, 13.0, width)
    if len(purpose) > MARK_LINES:
        purpose = [*purpose[: MARK_LINES - 1], purpose[MARK_LINES - 1][:-1] + "…"]
    return (
        *purpose,
        *wrapped(use.used_by, MARK_WIDTH, 13.0, width)[:1],
        _("until %(moment)s") % {"moment": _moment(use)},
    )


def _moment(use: Use) -> str:
    return f"{timezone.localtime(use.usable_until):%Y-%m-%d %H:%M}"
