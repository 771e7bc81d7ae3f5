"""The last step of signing in to another system: strong enough, written down, and led on where a redirect would be stopped.

Our pages may send forms only to ourselves (`form-action 'self'`), and browsers hold every redirect after a form to that
too; so a browser gets a page that leads on by itself, and a program the redirect of the standard.
"""

import hashlib
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from allauth.account.internal.flows.login import get_authentication_records
from allauth.idp.oidc.internal.oauthlib.utils import respond_html_error
from allauth.idp.oidc.models import Client
from allauth.idp.oidc.views import AuthorizationView, LogoutView, errors
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from onecity.kernel.people import client_sessions, strength
from onecity.kernel.people.doors import PUBLIC, mark
from onecity.kernel.people.models import Account

UNMET = "unmet_authentication_requirements"
DECLINED = "step_up_declined"  # our own parameter: the person would rather go back than be known better


class LeadOn:
    """Turns a redirect to another host into a page for browsers."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer as the library does, then lead on."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc] # of the library's view
        target = response.headers.get("Location", "")
        address = urlsplit(target)
        elsewhere = address.scheme in {"http", "https"} and address.netloc != request.get_host()
        if response.status_code != 302 or not elsewhere or "text/html" not in request.headers.get("Accept", ""):
            return response
        page: HttpResponse = render(request, "people/onwards.html", {"target": target, "host": address.hostname})
        page["Cache-Control"] = "no-store"
        return page


class LeadingAuthorizationView(LeadOn, AuthorizationView):  # type: ignore[misc] # the sign-in library ships no types
    """OpenID Connect's authorization endpoint.

    Whoever keeps no secret must send a PKCE challenge, and S256 is the only method (RFC 9700, 2.1.1). `max_age` and
    `acr_values` are held: who signed in too long ago does so again, who is not known well enough is led to where he is.
    """

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse a request without the proof it must have, and send its system back with the reason."""
        client = Client.objects.filter(pk=request.GET.get("client_id", "")).first()
        reason = _unproved(request, client)
        if client is not None and reason:
            return _sent_back(request, client, "invalid_request", reason)
        stopped = self._too_weak(request, client) if client is not None else None
        answer: HttpResponse = stopped or super().get(request, *args, **kwargs)
        return _written_down(request, answer, request.GET.get("client_id", ""))

    def form_valid(self, form: Any) -> HttpResponse:
        """Consent was given."""
        answer: HttpResponse = super().form_valid(form)
        return _written_down(self.request, answer, str(self._request_info["client_id"]))

    def _too_weak(self, request: HttpRequest, client: Client) -> HttpResponse | None:
        account = request.user
        if not isinstance(account, Account):
            return None
        silent = "none" in request.GET.get("prompt", "").split()
        found = strength.signed_in(get_authentication_records(request, account))
        if strength.too_old(found, request.GET.get("max_age", ""), time.time()):
            if silent:
                return _sent_back(request, client, "login_required", "the last sign-in lies too far back")
            again: HttpResponse = self._handle_login_prompt(request, ["login"])
            return again
        if account.assurance_level >= strength.level_asked(request.GET.get("acr_values", "")):
            return None
        if silent or DECLINED in request.GET:
            return _sent_back(request, client, UNMET, "the person is not known at the level asked for")
        return HttpResponseRedirect(f"{reverse('access:my_identity')}?{urlencode({'next': request.get_full_path()})}")


class LeadingLogoutView(LeadOn, LogoutView):  # type: ignore[misc] # the sign-in library ships no types
    """OpenID Connect's RP-initiated log-out."""


def _unproved(request: HttpRequest, client: Client | None) -> str:
    challenge, method = request.GET.get("code_challenge", ""), request.GET.get("code_challenge_method", "plain")
    must = client is not None and client.type == Client.Type.PUBLIC
    if (challenge and method == "S256") or not (challenge or must):
        return ""
    return "code_challenge_method must be S256" if challenge else "code_challenge is required"


def _sent_back(request: HttpRequest, client: Client, error: str, reason: str) -> HttpResponse:
    back = request.GET.get("redirect_uri", "")
    if back not in client.get_redirect_uris():
        # shown here: nobody is sent to an address that is not registered
        page: HttpResponse = respond_html_error(request, error=errors.MismatchingRedirectURIError())
        return page
    told = {"error": error, "error_description": reason}
    told |= {"state": request.GET["state"]} if "state" in request.GET else {}
    response = HttpResponse(status=302)
    response["Location"] = f"{back}{'&' if '?' in back else '?'}{urlencode(told)}"
    return response


def _written_down(request: HttpRequest, response: HttpResponse, client_id: str) -> HttpResponse:
    codes = parse_qs(urlsplit(response.headers.get("Location", "")).query).get("code", [])
    account = request.user
    if response.status_code == 302 and codes and isinstance(account, Account):
        found = strength.signed_in(get_authentication_records(request, account))
        session = hashlib.sha256(str(request.session.session_key).encode()).hexdigest()
        client_sessions.opened(client_id, codes[0], account, session, found)
    return response


def _exempt(view: Any) -> Any:
    view.csrf_exempt = True  # as the library's own: the standard lets the other system post here; consent checks itself
    return mark(view, PUBLIC)


authorization = _exempt(LeadingAuthorizationView.as_view())
logout = _exempt(LeadingLogoutView.as_view())
