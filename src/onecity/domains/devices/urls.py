"""Addresses of the sensor network."""

from django.urls import path

from onecity.domains.devices import health_urls
from onecity.domains.devices.views import claims, device, groups, models, rollouts, state, upkeep
from onecity.kernel.twin import panels

app_name = "devices"
panels.add(state.outlook_panel)
DEVICE = "desk/devices/<uuid:device_id>"
urlpatterns = [
    *health_urls.urlpatterns,
    path("desk/devices", state.index, name="index"),
    path("devices/outlook/<uuid:entity_id>/<slug:attribute>", state.outlook_data, name="outlook"),
    path("desk/devices/new", device.new, name="new"),
    path("desk/devices/models", models.index, name="models"),
    path("desk/devices/models/new", models.edit, name="model-new"),
    path("desk/devices/models/<uuid:model_id>", models.show, name="model"),
    path("desk/devices/models/<uuid:model_id>/edit", models.edit, name="model-edit"),
    path("desk/devices/groups", groups.index, name="groups"),
    path("desk/devices/groups/new", groups.edit, name="group-new"),
    path("desk/devices/groups/<uuid:group_id>", groups.show, name="group"),
    path("desk/devices/groups/<uuid:group_id>/edit", groups.edit, name="group-edit"),
    path("desk/devices/groups/<uuid:group_id>/points", groups.points, name="group-points"),
    path("desk/devices/groups/<uuid:group_id>/members", groups.member, name="group-member"),
    path("desk/devices/rollouts", rollouts.index, name="rollouts"),
    path("desk/devices/rollouts/new", rollouts.new, name="rollout-new"),
    path("desk/devices/rollouts/<uuid:rollout_id>", rollouts.show, name="rollout"),
    path("desk/devices/rollouts/<uuid:rollout_id>/<slug:action>", rollouts.act, name="rollout-act"),
    path("desk/devices/releases/new", rollouts.release_new, name="release-new"),
    path("desk/devices/labels", claims.labels, name="labels"),
    path(DEVICE, device.show, name="show"),
    path(f"{DEVICE}/edit", device.edit, name="edit"),
    path(f"{DEVICE}/secret", device.rotate, name="rotate"),
    path(f"{DEVICE}/overlap/end", device.end_overlap, name="end-overlap"),
    path(f"{DEVICE}/revoke", device.revoke, name="revoke"),
    path(f"{DEVICE}/commands", device.command, name="command"),
    path(f"{DEVICE}/commands/<uuid:command_id>/cancel", device.cancel, name="cancel"),
    path(f"{DEVICE}/work/<uuid:work_id>/cost", upkeep.cost, name="work-cost"),
    path(f"{DEVICE}/photos/<uuid:photo_id>", device.photo, name="photo"),
    path("claim", claims.enter, name="claim-enter"),
    path("claim/<slug:code>", claims.claim, name="claim"),
    path("api/devices/releases/<uuid:release_id>/content", rollouts.content, name="release-content"),
]
