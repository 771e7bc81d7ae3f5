"""The holder's sealed OFD of a certificate."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from onecity.kernel.core.errors import Problem
from onecity.kernel.people.doors import account_of, signed_in
from onecity.kernel.records.models import Certificate
from onecity.kernel.records.seals import renditions


@signed_in
@require_safe
def ofd(request: HttpRequest, certificate_id: UUID) -> HttpResponse:
    """One of my certificates as sealed OFD, made when first asked for."""
    row = Certificate.objects.filter(id=certificate_id, account_id=account_of(request).id).first()
    if row is None:
        raise Problem("no-such-certificate", _("You hold no such certificate."), status=404)
    response = HttpResponse(renditions.ofd(row, get_language() or "zh-hans"), content_type="application/ofd")
    response["Content-Disposition"] = f'attachment; filename="{row.type_code}-{row.serial}.ofd"'
    response["Cache-Control"] = "private, no-store"
    return response
