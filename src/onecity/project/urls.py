"""Every address of the platform, by package; a package brings its own list."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from onecity.project.api import api

PACKAGES = [
    "onecity.kernel.web",
    "onecity.kernel.people",
    "onecity.kernel.access",
    "onecity.kernel.places",
    "onecity.kernel.telemetry",
    "onecity.kernel.twin",
    "onecity.kernel.rules",
    "onecity.kernel.cases",
    "onecity.kernel.notify",
    "onecity.domains.operations",
    "onecity.domains.environment",
]

urlpatterns: list[URLPattern | URLResolver] = [
    *(path("", include(f"{name}.urls")) for name in PACKAGES if find_spec(f"{name}.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("allauth.idp.urls")),
    path("api/", api.urls),
]

handler400 = "onecity.kernel.web.errors.bad_request"
handler403 = "onecity.kernel.web.errors.forbidden"
handler404 = "onecity.kernel.web.errors.not_found"
handler500 = "onecity.kernel.web.errors.server_error"
