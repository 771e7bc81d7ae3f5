"""Addresses of telemetry: the desk's quarantine, and monitoring."""

from django.urls import path

from onecity.kernel.telemetry.views import codecs, monitoring, quarantine, uploads

app_name = "telemetry"
urlpatterns = [
    path("desk/quarantine", quarantine.index, name="quarantine"),
    path("desk/quarantine/replay", quarantine.replay, name="replay"),
    path("desk/quarantine/<uuid:row_id>", quarantine.show, name="refused"),
    path("desk/uploads", uploads.upload, name="upload"),
    path("desk/codecs", codecs.index, name="codecs"),
    path("desk/codecs/edit", codecs.edit, name="codec_edit"),
    path("desk/codecs/<str:name>/<int:version>", codecs.show, name="codec"),
    path("desk/codecs/<str:name>/<int:version>/back", codecs.roll_back, name="codec_back"),
    path("metrics", monitoring.metrics, name="metrics"),
    path("healthz", monitoring.healthz, name="healthz"),
]
