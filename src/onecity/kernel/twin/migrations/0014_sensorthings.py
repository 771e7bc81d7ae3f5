"""Row-level security of the series of things that came through SensorThings: whoever may change the thing may add them."""

from django.db import migrations

from onecity.kernel.access.rls import scope_predicate

SCOPED = "'=' || division_path ^@ ANY (string_to_array(nullif(current_setting('onecity.{name}', true), ''), E'\\n'))"
SEES = f"({scope_predicate('entities.view')}) OR ({SCOPED.format(name='entities_seen')})"
WRITES = f"({scope_predicate('entities.edit')}) OR ({SCOPED.format(name='entities_written')})"
# the name of the kind under which such series are kept; no manifest declares it
OWN = "entity_type = 'Thing'"

POLICIES = f"""
CREATE POLICY sensorthings_select ON telemetry_series FOR SELECT TO onecity_app USING ({OWN} AND ({SEES}));
CREATE POLICY sensorthings_insert ON telemetry_series FOR INSERT TO onecity_app WITH CHECK ({OWN} AND ({WRITES}));
CREATE POLICY sensorthings_update ON telemetry_series FOR UPDATE TO onecity_app
    USING ({OWN} AND ({WRITES})) WITH CHECK ({OWN} AND ({WRITES}));
"""
BACK = """
DROP POLICY sensorthings_select ON telemetry_series;
DROP POLICY sensorthings_insert ON telemetry_series;
DROP POLICY sensorthings_update ON telemetry_series;
"""


class Migration(migrations.Migration):
    """Adds the policies beside those of telemetry."""

    dependencies = [("twin", "0013_contexts_by_tenant"), ("telemetry", "0003_walls"), ("access", "0001_initial")]

    operations = [migrations.RunSQL(POLICIES, BACK)]
