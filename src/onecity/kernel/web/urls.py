"""Addresses of the shell."""

from django.urls import path

from onecity.kernel.web import maps, preferences, views
from onecity.kernel.web.live import live

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("search", views.search, name="search"),
    path("offline", views.offline, name="offline"),
    path("worker.js", views.worker, name="worker"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("health", views.health, name="health"),
    path("live", live, name="live"),
    path("map/divisions", maps.divisions, name="divisions"),
    path("map/labels", maps.labels, name="labels"),
    path("preferences", preferences.save, name="preferences"),
]
