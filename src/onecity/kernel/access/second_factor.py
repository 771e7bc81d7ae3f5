"""Who must prove themselves in two steps: of whom the installation asks it, nothing opens before they can."""

import json

from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access.two_steps import asked_of
from onecity.kernel.core.errors import MEDIA_TYPE, Problem
from onecity.kernel.people import service
from onecity.kernel.people.models import Account, Duty

# recovery codes alone are no second factor
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
ADMINISTRATIVE = ("people.assign", "people.assign_duty", "audit.view")
# what must stay open: the way to the second factor, out again, and what every page needs
OPEN = frozenset(
    {
        "account_login", "account_logout", "account_reauthenticate", "account_change_password", "access:second_factor",
        "web:preferences", "web:worker", "web:manifest", "web:offline", "web:health",
        "telemetry:healthz", "telemetry:metrics",
    }
)  # fmt: skip
OPEN_PREFIX = "mfa_"


def lacking(account: Account) -> bool:
    """Whether a second factor is asked of the account and it has none."""
    asked = asked_of()
    if asked == "none" or Authenticator.objects.filter(user_id=account.pk, type__in=FACTORS).exists():
        return False
    roles = list(
        service.current_assignments(account).order_by().values_list("role__duty", "role__permissions").distinct()
    )
    if account.is_superuser or (asked == "staff" and roles):
        return True
    return any(duty != Duty.NONE or any(map(_administrative, permissions)) for duty, permissions in roles)


def _administrative(permission: str) -> bool:
    return permission.endswith(".manage") or permission in ADMINISTRATIVE


def in_the_way(request: HttpRequest) -> HttpResponseBase | None:
    """What a request is answered whose account lacks its second factor; None where it may pass.

    A page leads to where the factor is set up; a program is told the problem (403).
    """
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name in OPEN or name.startswith(OPEN_PREFIX):
        return None
    account = request.user
    if not isinstance(account, Account) or not lacking(account):
        return None
    if request.path.startswith(("/api/", "/live")) or "text/html" not in request.headers.get("Accept", "text/html"):
        body = json.dumps(refusal().to_dict(request.path), ensure_ascii=False)
        return HttpResponse(body, status=403, content_type=MEDIA_TYPE)
    back = request.get_full_path() if request.method == "GET" else ""
    return HttpResponseRedirect(f"{reverse('access:second_factor')}{'?' + urlencode({'next': back}) if back else ''}")


def refusal() -> Problem:
    """403 for who must set up a second factor first."""
    return Problem(
        "second-factor-needed",
        _("Set up two-step sign-in first"),
        status=403,
        detail=_("Your roles need it. Open your account, choose two-step sign-in or a passkey, then come back."),
    )
