"""Addresses of the tiers: the desk's page of links, and what belongs to it."""

from django.urls import path

from onecity.kernel.tiers import views

app_name = "tiers"
urlpatterns = [
    path("desk/tiers", views.index, name="index"),
    path("desk/tiers/parts", views.parts, name="parts"),
    path("desk/tiers/conflicts", views.conflicts, name="conflicts"),
]
