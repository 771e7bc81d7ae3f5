"""Addresses of field dispatch."""

from django.urls import path

from onecity.kernel.cases.dispatching import touring_views, views

urlpatterns = [
    path("desk/dispatch", views.desk, name="dispatch"),
    path("desk/dispatch/points", views.points, name="dispatch_points"),
    path("desk/dispatch/send", views.send, name="dispatch_send"),
    path("desk/dispatch/units/new", views.edit, name="unit_new"),
    path("desk/dispatch/units/<uuid:unit_id>", views.edit, name="unit"),
    path("desk/dispatch/units/<uuid:unit_id>/call-back", views.call_back, name="unit_call_back"),
    path("desk/rounds", touring_views.index, name="rounds"),
    path("desk/rounds/<uuid:rounds_id>", touring_views.show, name="rounds_plan"),
    path("desk/rounds/<uuid:rounds_id>/points", touring_views.points, name="rounds_points"),
]
