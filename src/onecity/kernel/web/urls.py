"""Addresses of the shell."""

from django.urls import path

from onecity.kernel.web import preferences, views

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("offline", views.offline, name="offline"),
    path("health", views.health, name="health"),
    path("preferences", preferences.save, name="preferences"),
]
