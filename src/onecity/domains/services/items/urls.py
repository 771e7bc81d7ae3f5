"""Addresses of the items: the portal for residents, the editor at the desk."""

from django.urls import path

from onecity.domains.services.items.views import help as helping
from onecity.domains.services.items.views import portal
from onecity.kernel.web import finding, front

app_name = "services"
front.use(portal.home)
finding.add(portal.hits)
urlpatterns = [
    path("services", portal.index, name="index"),
    path("services/help", helping.ask, name="help"),
    path("services/things/<str:code>", portal.bundle, name="bundle"),
    path("services/<str:code>", portal.show, name="item"),
]
