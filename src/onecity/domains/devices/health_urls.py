"""Addresses of the check-up, of coverage and of moving."""

from django.urls import path

from onecity.domains.devices.views import exchange, health, places, targets

urlpatterns = [
    path("desk/devices/health", health.index, name="health"),
    path("desk/devices/health/points", health.points, name="health-points"),
    path("desk/devices/coverage", health.coverage, name="coverage"),
    path("desk/devices/coverage/points", health.coverage_points, name="coverage-points"),
    path("desk/devices/coverage/targets", targets.add, name="target-new"),
    path("desk/devices/coverage/targets/<uuid:target_id>/end", targets.remove, name="target-end"),
    path("desk/devices/coverage/table.xlsx", health.coverage_table, name="coverage-table"),
    path("desk/devices/<uuid:device_id>/move", health.move, name="move"),
    path("desk/devices/places", places.index, name="places"),
    path("desk/devices/places/<uuid:place_id>", places.show, name="place"),
    path("desk/devices/places/<uuid:place_id>/<int:series_id>", places.chart, name="place-chart"),
    path("desk/devices/exchange", exchange.index, name="exchange"),
    path("desk/devices/exchange/devices.zip", exchange.take_out, name="take-out"),
]
