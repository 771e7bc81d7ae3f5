"""Addresses of the operations centre."""

from django.urls import path

from onecity.domains.operations import desk, views

app_name = "operations"
urlpatterns = [
    path("ops", views.wall, name="wall"),
    path("ops/parts", views.parts, name="parts"),
    path("ops/layers", views.layers, name="layers"),
    path("ops/entity/<uuid:entity_id>", views.entity, name="entity"),
    path("ops/chart/<uuid:entity_id>/<slug:attribute>", views.chart, name="chart"),
    path("ops/mode", views.change_mode, name="mode"),
    path("desk", desk.today, name="desk"),
]
