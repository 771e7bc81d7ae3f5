"""Addresses of the hot spots."""

from django.urls import path

from onecity.kernel.cases.heat import views

urlpatterns = [
    path("desk/hotspots", views.show, name="hotspots"),
    path("desk/hotspots/cell", views.cell, name="cell"),
]
