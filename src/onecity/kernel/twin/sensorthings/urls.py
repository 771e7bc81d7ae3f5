"""Addresses of SensorThings."""

from django.urls import path, re_path

from onecity.kernel.twin.sensorthings import views

urlpatterns = [
    path("sta/v1.1", views.serve, name="sensorthings"),
    re_path(r"^sta/v1\.1/(?P<path>.*)$", views.serve, name="sensorthings_path"),
]
