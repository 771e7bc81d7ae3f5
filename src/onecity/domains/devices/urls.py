"""Addresses of the sensor network."""

from django.urls import path

from onecity.domains.devices import views
from onecity.kernel.twin import panels

app_name = "devices"
panels.add(views.outlook_panel)
urlpatterns = [
    path("desk/devices", views.index, name="index"),
    path("devices/outlook/<uuid:entity_id>/<slug:attribute>", views.outlook_data, name="outlook"),
]
