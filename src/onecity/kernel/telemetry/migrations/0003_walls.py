"""Row-level security: devices, series and quarantine by division, readings by the series they belong to."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough

THEIR_SERIES = "EXISTS (SELECT 1 FROM telemetry_series s WHERE s.id = series_id)"
VIEW, MANAGE = "telemetry.view", "telemetry.manage"
# figures about the whole, which name nobody
FIGURES = ("telemetry_counter", "telemetry_day", "telemetry_logposition", "telemetry_heartbeat")


class Migration(migrations.Migration):
    """Puts the wall under the tables of 0001 and 0002."""

    dependencies = [("telemetry", "0002_store"), ("access", "0001_initial")]

    operations = [
        RowSecurity("Device", permission=VIEW, write_permission=MANAGE),
        RowSecurity("Series", permission=VIEW, write_permission=MANAGE, public_when="public"),
        RowSecurity("Quarantine", permission=VIEW, write_permission=MANAGE),
        RowSecurityThrough("telemetry_latest", THEIR_SERIES, commands=("select",)),
        RowSecurityThrough("telemetry_observation", THEIR_SERIES, commands=("select",)),
        RowSecurityThrough("telemetry_rollup", THEIR_SERIES, commands=("select",)),
        *(RowSecurityThrough(table, "true", commands=("select",)) for table in FIGURES),
    ]
