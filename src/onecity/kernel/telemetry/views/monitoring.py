"""What monitoring asks: can the web serve now, and the figures of telemetry."""

import hmac
import os

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from onecity.kernel.access import policy
from onecity.kernel.access.decorators import public
from onecity.kernel.core.errors import Problem
from onecity.kernel.telemetry import metrics as figures
from onecity.kernel.telemetry import reach
from onecity.kernel.telemetry.permissions import TELEMETRY_VIEW

LOOPBACK = frozenset({"127.0.0.1", "::1"})
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
BEARER = "Bearer "


@public
@never_cache
@require_safe
# no transaction: an unreachable database is an answer here, not an error
@transaction.non_atomic_requests
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while database and broker are reached, 503 otherwise, naming which; answers within two seconds."""
    del request
    found = reach.reached()
    well = all(found.values())
    checks = {name: "ok" if reached else "not reached" for name, reached in found.items()}
    return JsonResponse({"status": "ok" if well else "fail", "checks": checks}, status=200 if well else 503)


@public
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures of the whole installation, for this machine, for a bearer of ONECITY_METRICS_TOKEN, and for staff."""
    if not _allowed(request):
        title = _("These figures are for monitoring")
        detail = _("Ask from this machine, or with the token of the setting ONECITY_METRICS_TOKEN.")
        raise Problem("forbidden", title, status=403, detail=detail)
    return HttpResponse(figures.text(), content_type=figures.MEDIA_TYPE)


def _allowed(request: HttpRequest) -> bool:
    token = os.environ.get("ONECITY_METRICS_TOKEN", "")
    header = request.headers.get("Authorization", "")
    if token and header.startswith(BEARER) and hmac.compare_digest(header[len(BEARER) :].encode(), token.encode()):
        return True
    # behind a proxy every request comes from this machine
    if request.META.get("REMOTE_ADDR") in LOOPBACK and not any(request.headers.get(name) for name in FORWARDED):
        return True
    return policy.may_somewhere(request.user, TELEMETRY_VIEW)
