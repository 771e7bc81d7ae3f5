"""The last step of signing in to another system: a page that leads on, where a redirect would be stopped.

Our pages may send forms only to ourselves (`form-action 'self'`), and browsers hold every redirect after a form to that
too; so a browser gets a page that leads on by itself, and a program the redirect of the standard.
"""

from typing import Any
from urllib.parse import urlsplit

from allauth.idp.oidc.views import AuthorizationView, LogoutView
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
    """OpenID Connect's authorization endpoint."""


class LeadingLogoutView(LeadOn, LogoutView):  # type: ignore[misc] # the sign-in library ships no types
    """OpenID Connect's RP-initiated log-out."""


def _exempt(view: Any) -> Any:
    view.csrf_exempt = True  # as the library's own: the standard lets the other system post here; consent checks itself
    return mark(view, PUBLIC)


authorization = _exempt(LeadingAuthorizationView.as_view())
logout = _exempt(LeadingLogoutView.as_view())
