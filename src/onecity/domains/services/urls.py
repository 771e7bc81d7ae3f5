"""Addresses of the domain: the catalogue of services, and applying."""

from django.urls import include, path

from onecity.domains.services import mine
from onecity.domains.services.items import slots

slots.add(mine.slot)
urlpatterns = [
    path("", include("onecity.domains.services.items.urls")),
    path("", include("onecity.domains.services.applying.urls")),
    path("", include("onecity.domains.services.kiosk.urls")),
]
