"""Addresses of rules and alerts at the desk; adds the alerts and cases of an entity to its page."""

from django.urls import path

from onecity.kernel.rules.views import alerts, editor, entity_panels, rules
from onecity.kernel.twin import panels

panels.add(entity_panels.alerts)
panels.add(entity_panels.cases)

app_name = "rules"
urlpatterns = [
    path("desk/alerts", alerts.index, name="alerts"),
    path("desk/alerts/<uuid:alert_id>", alerts.show, name="alert"),
    path("desk/alerts/<uuid:alert_id>/acknowledge", alerts.acknowledge, name="acknowledge"),
    path("desk/rules", rules.index, name="index"),
    path("desk/rules/new", editor.create, name="new"),
    path("desk/rules/export", rules.export, name="export"),
    path("desk/rules/import", rules.bring_in, name="import"),
    path("desk/rules/<int:rule_id>", rules.show, name="rule"),
    path("desk/rules/<int:rule_id>/edit", editor.edit, name="edit"),
    path("desk/rules/<int:rule_id>/pause", rules.pause, name="pause"),
    path("desk/rules/<int:rule_id>/versions/<int:number>", editor.version, name="version"),
    path("desk/rules/<int:rule_id>/versions/<int:number>/publish", editor.publish, name="publish"),
    path("desk/rules/<int:rule_id>/versions/<int:number>/backtest", editor.try_out, name="backtest"),
]
