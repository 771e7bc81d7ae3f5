"""Addresses of devices and places."""

from django.urls import path

from onecity.kernel.twin import views
from onecity.kernel.twin.sensorthings.urls import urlpatterns as sensorthings

app_name = "twin"
urlpatterns = [
    path("desk/entities", views.index, name="index"),
    path("desk/entities/<uuid:entity_id>", views.moved, name="moved"),
    path("entities/<uuid:entity_id>", views.show, name="show"),
    *sensorthings,
]
