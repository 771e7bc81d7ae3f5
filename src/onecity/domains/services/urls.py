"""Addresses of the domain: the catalogue of services, and applying."""

from django.urls import include, path

urlpatterns = [
    path("", include("onecity.domains.services.items.urls")),
    path("", include("onecity.domains.services.applying.urls")),
    path("", include("onecity.domains.services.kiosk.urls")),
]
