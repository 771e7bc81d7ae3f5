"""Addresses of devices and places."""

from django.urls import path

from onecity.kernel.twin import source_views, subscription_views, views
from onecity.kernel.twin.sensorthings.urls import urlpatterns as sensorthings

app_name = "twin"
urlpatterns = [
    path("desk/entities", views.index, name="index"),
    path("desk/entities/<uuid:entity_id>", views.moved, name="moved"),
    path("desk/subscriptions", subscription_views.subscriptions, name="subscriptions"),
    path("desk/sources", source_views.sources, name="sources"),
    path("desk/snapshots", source_views.snapshots, name="snapshots"),
    path("entities/<uuid:entity_id>", views.show, name="show"),
    *sensorthings,
]
