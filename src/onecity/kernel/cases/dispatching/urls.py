"""Addresses of field dispatch."""

from django.urls import path

from onecity.kernel.cases.dispatching import views

urlpatterns = [
    path("desk/dispatch", views.desk, name="dispatch"),
    path("desk/dispatch/points", views.points, name="dispatch_points"),
    path("desk/dispatch/send", views.send, name="dispatch_send"),
    path("desk/dispatch/units/new", views.edit, name="unit_new"),
    path("desk/dispatch/units/<uuid:unit_id>", views.edit, name="unit"),
    path("desk/dispatch/units/<uuid:unit_id>/call-back", views.call_back, name="unit_call_back"),
]
