"""Every address of the platform, by package; a package brings its own list."""

from django.urls import URLPattern, URLResolver, include, path

from onecity.project import domains
from onecity.project.api import api

KERNEL = ("web", "people", "access", "telemetry", "twin", "rules", "tiers", "cases", "notify", "records")

urlpatterns: list[URLPattern | URLResolver] = [
    *(path("", include(f"onecity.kernel.{name}.urls")) for name in KERNEL),
    *(path("", include(module.__name__)) for module in domains.modules("urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("allauth.idp.urls")),
    path("api/", api.urls),
]

handler400 = "onecity.kernel.web.errors.bad_request"
handler403 = "onecity.kernel.web.errors.forbidden"
handler404 = "onecity.kernel.web.errors.not_found"
handler500 = "onecity.kernel.web.errors.server_error"
