"""My certificates: a list, and one with the code that an officer reads."""

from dataclasses import dataclass
from uuid import UUID

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from onecity.domains.services.applying import parties
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of, signed_in
from onecity.kernel.people.models import Account
from onecity.kernel.records.certificates import holding, types
from onecity.kernel.records.models import Certificate


@dataclass(frozen=True)
class Card:
    """A certificate as its holder sees it."""

    certificate: Certificate
    title: str
    claims: tuple[tuple[str, object], ...]
    expired: bool

    @property
    def valid(self) -> bool:
        """Whether it counts today."""
        return self.certificate.state == "valid" and not self.expired


def cards(account: Account) -> list[Card]:
    """What an account holds, and the companies and children for whom it speaks, newest first."""
    found = {one.id: one for one in holding.held_by(account_id=account.id)}
    for party in parties.parties(account):
        found |= {one.id: one for one in holding.held_by(party.number)}
    rows = sorted(found.values(), key=lambda one: one.issued_at, reverse=True)
    return [_card(one) for one in rows]


def card(certificate_id: UUID) -> Card | None:
    """One certificate that the asking account may see."""
    found = Certificate.objects.filter(id=certificate_id).first()
    return _card(found) if found else None


def _card(row: Certificate) -> Card:
    kind = types.version(row.type_code, row.type_version)
    language = get_language() or "zh-hans"
    said = holding.claims_of(row)
    claims = tuple((one.title.in_(language), said[one.name]) for one in kind.fields if one.name in said)
    today = timezone.localdate(now())
    return Card(row, kind.title.in_(language), claims, row.valid_until is not None and row.valid_until < today)


@signed_in
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All my certificates."""
    return render(request, "applying/certificates.html", {"cards": cards(account_of(request))})


@signed_in
@require_safe
def show(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """One of them, to be shown to an officer."""
    found = next((one for one in cards(account_of(request)) if one.certificate.id == certificate_id), None)
    if found is None:
        raise Problem("certificate-unknown", _("There is no such certificate among yours."), status=404)
    address = verify_address(found.certificate)
    drawn = segno.make(address, error="m").svg_inline(scale=4, border=2, omitsize=True)
    context = {"card": found, "address": address, "qr": mark_safe(drawn)}  # noqa: S308 - drawn by us from an address
    return render(request, "applying/certificate.html", context)


def verify_address(certificate: Certificate) -> str:
    """Where anybody sees whether a certificate counts now."""
    return f"{str(settings.ONECITY_BASE_URL).rstrip('/')}/verify?number={certificate.number}"
