"""The last step of signing in to another system: a page that leads on, where a redirect would be stopped.

Our pages may send forms only to ourselves (`form-action 'self'`), and browsers hold every redirect after a form to that
too; so a browser gets a page that leads on by itself, and a program the redirect of the standard.
"""

from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.idp.oidc.internal.oauthlib.utils import respond_html_error
from allauth.idp.oidc.models import Client
from allauth.idp.oidc.views import AuthorizationView, LogoutView, errors
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from onecity.kernel.people.doors import PUBLIC, mark


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

    Whoever keeps no secret must send a PKCE challenge, and S256 is the only method (RFC 9700, 2.1.1).
    """

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse a request without the proof it must have, and send its system back with the reason."""
        sent = request.GET
        client = Client.objects.filter(pk=sent.get("client_id", "")).first()
        back = sent.get("redirect_uri", "")
        challenge, method = sent.get("code_challenge", ""), sent.get("code_challenge_method", "plain")
        must = client is not None and client.type == Client.Type.PUBLIC
        if client is None or (challenge and method == "S256") or not (challenge or must):
            answer: HttpResponse = super().get(request, *args, **kwargs)
            return answer
        if back not in client.get_redirect_uris():
            # shown here: nobody is sent to an address that is not registered
            page: HttpResponse = respond_html_error(request, error=errors.MismatchingRedirectURIError())
            return page
        reason = "code_challenge_method must be S256" if challenge else "code_challenge is required"
        told = {"error": "invalid_request", "error_description": reason} | (
            {"state": sent["state"]} if "state" in sent else {}
        )
        response = HttpResponse(status=302)
        response["Location"] = f"{back}{'&' if '?' in back else '?'}{urlencode(told)}"
        return response


class LeadingLogoutView(LeadOn, LogoutView):  # type: ignore[misc] # the sign-in library ships no types
    """OpenID Connect's RP-initiated log-out."""


def _exempt(view: Any) -> Any:
    view.csrf_exempt = True  # as the library's own: the standard lets the other system post here; consent checks itself
    return mark(view, PUBLIC)


authorization = _exempt(LeadingAuthorizationView.as_view())
logout = _exempt(LeadingLogoutView.as_view())
