"""Addresses of the archive at the desk."""

from django.urls import path

from onecity.kernel.records.archive import views

urlpatterns = [
    path("desk/archive", views.index, name="archive"),
    path("desk/archive/disposal", views.disposal, name="archive_disposal"),
    path("desk/archive/<uuid:package_id>", views.show, name="archived"),
    path("desk/archive/<uuid:package_id>/file/<path:path>", views.file, name="archived_file"),
    path("desk/archive/<uuid:package_id>/export", views.export, name="archived_export"),
    path("desk/archive/<uuid:package_id>/ask", views.ask, name="archived_ask"),
    path("desk/archive/<uuid:package_id>/requests/<uuid:request_id>", views.decide, name="archived_decide"),
    path("desk/archive/<uuid:package_id>/act", views.act, name="archived_act"),
]
