"""Addresses of the environment's pages."""

from django.urls import path

from onecity.domains.environment import views

app_name = "environment"
urlpatterns = [
    path("environment", views.index, name="index"),
    path("environment/stations/<str:key>", views.station, name="station"),
]
