"""Addresses of telemetry: the desk's quarantine, and monitoring."""

from django.urls import path

from onecity.kernel.telemetry.views import monitoring, quarantine, uploads

app_name = "telemetry"
urlpatterns = [
    path("desk/quarantine", quarantine.index, name="quarantine"),
    path("desk/quarantine/replay", quarantine.replay, name="replay"),
    path("desk/quarantine/<uuid:row_id>", quarantine.show, name="refused"),
    path("desk/uploads", uploads.upload, name="upload"),
    path("metrics", monitoring.metrics, name="metrics"),
    path("healthz", monitoring.healthz, name="healthz"),
]
