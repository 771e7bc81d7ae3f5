"""The six methods of GeoReport v2 and the discovery document, for everybody; reporting needs a key."""

import datetime as dt
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from onecity.kernel.access import throttle
from onecity.kernel.access.session import acting_as
from onecity.kernel.access.throttle import Limit
from onecity.kernel.cases.intake.open311 import filing, keys, published, query, services
from onecity.kernel.cases.intake.open311.door import READING, Document, door
from onecity.kernel.cases.intake.open311.logic import moments
from onecity.kernel.cases.intake.open311.published import Wanted
from onecity.kernel.cases.intake.open311.query import RefusedError, Sent
from onecity.kernel.people.models import Account

SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
# of one key; a program that files more than so many an hour is out of hand
FILED: Final = Limit("open311", 2000, dt.timedelta(hours=1))
WRONG_KEYS: Final = Limit("open311-key", 60, dt.timedelta(hours=1))


def _jurisdiction(sent: Sent) -> None:
    """One district answers here: its name may be left out, another's is not found."""
    wanted = sent.values.get("jurisdiction_id", "").strip()
    if wanted and wanted not in published.jurisdictions():
        raise RefusedError(404, _("jurisdiction_id %(id)s was not found") % {"id": wanted[:100]})


@door(*READING)
def discovery(request: HttpRequest) -> Document:
    """Where the interface lies, what it speaks, and whom to ask (Service Discovery)."""
    with acting_as(None):
        _jurisdiction(query.read(request))
        changed = moments.write(services.changed_at())
    base = settings.ONECITY_BASE_URL.rstrip("/")
    return "discovery", {
        "changeset": changed,
        "contact": _("Write to %(address)s") % {"address": settings.DEFAULT_FROM_EMAIL},
        "key_service": _("Whoever may open cases makes keys for programs at %(address)s")
        % {"address": f"{base}/desk/keys"},
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": f"{base}/open311/v2",
                "changeset": changed,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }


@door(*READING)
def service_list(request: HttpRequest) -> Document:
    """GET Service List."""
    with acting_as(None):
        _jurisdiction(query.read(request))
        return "services", services.listed()


@door(*READING)
def service(request: HttpRequest, code: str) -> Document:
    """GET Service Definition."""
    with acting_as(None):
        _jurisdiction(query.read(request))
        kind = services.named(code)
        if kind is None:
            raise RefusedError(404, _("service_code %(code)s was not found") % {"code": code[:100]})
        return "service_definition", services.defined(kind)


@door(*READING, "POST")
def requests(request: HttpRequest) -> Document:
    """GET Service Requests, and POST Service Request."""
    if request.method == "POST":
        return _file(request)
    sent = query.read(request)
    with acting_as(None):
        _jurisdiction(sent)
        return "service_requests", published.find(query.wanted(sent), extended=query.extended(sent))


@door(*READING)
def one_request(request: HttpRequest, number: str) -> Document:
    """GET Service Request: a list of one."""
    sent = query.read(request)
    with acting_as(None):
        _jurisdiction(sent)
        found = published.find(Wanted(numbers=(query.plain(number),)), extended=query.extended(sent))
    if not found:
        raise RefusedError(404, _("service_request_id %(id)s was not found") % {"id": number[:100]})
    return "service_requests", found


@door(*READING)
def token(request: HttpRequest, given: str) -> Document:
    """GET service_request_id from a token. Ours are given at once, so a request's own number is a token of it too."""
    with acting_as(None):
        _jurisdiction(query.read(request))
        number = published.number_of(query.plain(given))
    if number is None:
        raise RefusedError(404, _("token %(token)s was not found") % {"token": given[:100]})
    return "service_requests", [{"service_request_id": number, "token": given}]


def _file(request: HttpRequest) -> Document:
    sent = query.read(request)
    account = _account(request, sent)
    with acting_as(account.id):
        _jurisdiction(sent)
        throttle.take(FILED, str(account.id))
        case = filing.file(sent, account)
        found = published.find(Wanted(numbers=(case.number,)))
    notice = found[0]["service_notice"] if found else None
    given = sent.values.get("account_id", "").strip()[:100]
    return "service_requests", [
        {"service_request_id": case.number, "service_notice": notice, "account_id": given or None}
    ]


def _account(request: HttpRequest, sent: Sent) -> Account:
    """The account of the key that was sent as the standard says, or in a header."""
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    text = sent.values.get("api_key", "") or request.headers.get("X-Api-Key", "") or bearer
    with acting_as(None):
        account = keys.account_of_key(text)
        if account is None and text.strip():
            throttle.take(WRONG_KEYS, throttle.address_of(request))
    if account is None:
        raise RefusedError(
            403, _("api_key is wrong or was withdrawn") if text.strip() else _("api_key was not provided")
        )
    return account
