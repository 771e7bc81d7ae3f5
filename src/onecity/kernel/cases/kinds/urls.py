"""Addresses of the kinds of case at the desk."""

from django.urls import path

from onecity.kernel.cases.kinds import draft_views, migrate_views, views

urlpatterns = [
    path("desk/case-types", views.index, name="kinds"),
    path("desk/case-types/file", views.export, name="kinds-file"),
    path("desk/case-types/import", draft_views.take_in, name="kinds-import"),
    path("desk/case-types/drafts", draft_views.begin, name="kind-begin"),
    path("desk/case-types/drafts/<uuid:draft_id>", draft_views.show, name="kind-draft"),
    path("desk/case-types/drafts/<uuid:draft_id>/edit", draft_views.edit, name="kind-edit"),
    path("desk/case-types/drafts/<uuid:draft_id>/act", draft_views.act, name="kind-act"),
    path("desk/case-types/<slug:name>", views.show, name="kind"),
    path("desk/case-types/<slug:name>/compare", views.compare, name="kind-compare"),
    path("desk/case-types/<slug:name>/migrate", migrate_views.migrate, name="kind-migrate"),
]
