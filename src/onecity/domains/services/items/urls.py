"""Addresses of the items: the portal for residents, the editor at the desk."""

from django.urls import path

from onecity.domains.services.items.views import desk, drafts, portal
from onecity.domains.services.items.views import help as helping
from onecity.kernel.web import finding, front

app_name = "services"
front.use(portal.home)
finding.add(portal.hits)
urlpatterns = [
    path("services", portal.index, name="index"),
    path("services/help", helping.ask, name="help"),
    path("services/things/<str:code>", portal.bundle, name="bundle"),
    path("services/<str:code>", portal.show, name="item"),
    path("desk/items", desk.index, name="desk"),
    path("desk/items/export", desk.export, name="desk-export"),
    path("desk/items/import", desk.take_in, name="desk-import"),
    path("desk/items/drafts/<uuid:draft_id>", drafts.show, name="desk-draft"),
    path("desk/items/drafts/<uuid:draft_id>/edit", drafts.edit, name="desk-edit"),
    path("desk/items/drafts/<uuid:draft_id>/act", drafts.act, name="desk-act"),
    path("desk/items/drafts/<uuid:draft_id>/judge", drafts.judge, name="desk-judge"),
    path("desk/items/<str:sort>/<str:code>", desk.show, name="desk-entry"),
    path("desk/items/<str:sort>/<str:code>/begin", drafts.begin, name="desk-begin"),
    path("desk/items/<str:sort>/<str:code>/status", desk.set_status, name="desk-status"),
]
