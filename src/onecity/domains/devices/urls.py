"""Addresses of the sensor network."""

from django.urls import path

from onecity.domains.devices.views import state
from onecity.kernel.twin import panels

app_name = "devices"
panels.add(state.outlook_panel)
urlpatterns = [
    path("desk/devices", state.index, name="index"),
    path("devices/outlook/<uuid:entity_id>/<slug:attribute>", state.outlook_data, name="outlook"),
]
