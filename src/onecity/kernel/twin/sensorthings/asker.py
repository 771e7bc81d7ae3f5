"""Who asks at the SensorThings door: a device, an account by token or session, or nobody, as the NGSI-LD door has it."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.utils import check_csrf

from onecity.kernel.access import authentication, policy
from onecity.kernel.access.middleware import request_account
from onecity.kernel.access.policy import Principal
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.errors import Problem
from onecity.kernel.places import service as places
from onecity.kernel.telemetry import quarantine
from onecity.kernel.telemetry.ingest import sign_in
from onecity.kernel.telemetry.logic.catalogue import KnownDevice
from onecity.kernel.twin.ngsild.store.principal import SEEN, WRITTEN
from onecity.kernel.twin.permissions import ENTITIES_EDIT

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SET = f"SELECT set_config('{SEEN}', %s, true), set_config('{WRITTEN}', %s, true)"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks. `account`: his grants hold; `within`: a division that is seen beside them (None: none), `writes`: and written.

    `device`: the device that proved itself, which will send the observations of what it makes.
    """

    account: Principal = None
    within: str | None = None
    writes: bool = False
    device: KnownDevice | None = None

    @contextmanager
    def acting(self) -> Iterator[None]:
        """A transaction in which the database knows who asks."""
        with acting_as(policy.account_id(self.account)):
            path = "" if self.within is None else f"={self.within}"
            with connection.cursor() as cursor:
                cursor.execute(SET, [path, path if self.writes else ""])
            yield

    def beside(self) -> Q:
        """What is seen beside the grants."""
        return Q(pk__in=[]) if self.within is None else Q(division_path__startswith=self.within)

    def may_write(self, division_path: str) -> bool:
        """Whether entities of a division may be changed."""
        if self.writes and self.within is not None and division_path.startswith(self.within):
            return True
        return self.account is not None and policy.may(self.account, ENTITIES_EDIT, division_path)

    def require(self, division_path: str) -> None:
        """Raises Problem 401 where nobody has signed in, 403 where the division is not his."""
        if self.may_write(division_path):
            return
        if self.account is None and self.device is None:
            raise _nobody()
        if self.account is not None:
            raise policy.refusal(ENTITIES_EDIT, division_path)
        raise Problem("forbidden", _("The device may change only what belongs to its own division"), status=403)

    def home(self, position: tuple[float, float] | None) -> str:
        """The division of something new: a device's own, else where it stands, else the first where he may write."""
        if self.device is not None:
            return self.device.division_path
        located = places.locate(position[0], position[1])[0] if position is not None else ""
        if located:
            return located
        scopes = [] if self.account is None else sorted(policy.scopes(self.account, ENTITIES_EDIT))
        if scopes and scopes[0]:
            return scopes[0]
        root = places.root()
        return "" if root is None else root.path


def of(request: HttpRequest) -> Asker:
    """Who sends a request. Raises Problem 401 and 403."""
    given = request.headers.get("Authorization", "")
    if not given and request.user.is_authenticated:
        if request.method not in SAFE and check_csrf(request) is not None:
            raise Problem(
                "csrf",
                _("The request does not prove that it comes from our own pages"),
                status=403,
                detail=_(
                    "Send the value of the cookie “csrftoken” in the header “X-CSRFToken”, and the page as “Referer”."
                ),
            )
        return Asker(request.user)
    if not given:
        return _anonymous(request)
    with acting_as(request_account(request)):
        name, secret = sign_in.credentials(given)
        device = sign_in.verify(quarantine.known_catalogue(), name, secret) if name else None
        if device is not None:
            return Asker(None, device.division_path, writes=True, device=device)
        account = authentication.by_token(request) if given.startswith(authentication.BEARER) else None
    if account is None:
        raise Problem(
            "unauthenticated",
            _("The device or the access token is not known, was revoked, or has expired"),
            status=401,
            detail=_("Send “Authorization: Bearer <device id>.<secret>” or an access token of this platform."),
        )
    return Asker(account)


def _anonymous(request: HttpRequest) -> Asker:
    allowed: str = settings.ONECITY_NGSI_LD_ANONYMOUS
    forwarded = "Forwarded" in request.headers or "X-Forwarded-For" in request.headers
    if allowed == "none" or forwarded or not _is_loopback(request.META.get("REMOTE_ADDR", "")):
        return Asker()
    return Asker(None, "", writes=allowed == "write")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _nobody() -> Problem:
    return Problem(
        "unauthenticated",
        _("Sign in to change entities"),
        status=401,
        detail=_("Send “Authorization: Bearer <device id>.<secret>” or an access token of this platform."),
    )
