"""Row-level security over findings, work, coverage and models of places; moving a device with all that belongs to it."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurity
from onecity.kernel.access.session import CURRENT_ACCOUNT

VIEW, MANAGE = "devices.view", "devices.manage"
MAY = (
    f"EXISTS (SELECT 1 FROM public.access_grant g WHERE g.account_id = {CURRENT_ACCOUNT} "
    "AND g.permission IN ('devices.manage', '*') AND {path} ^@ g.path "
    "AND g.valid_from <= statement_timestamp() AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp()))"
)
FOLLOWS = """
CREATE FUNCTION devices_health_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE public.devices_finding SET division_path = NEW.division_path WHERE device_id = NEW.id;
    UPDATE public.devices_maintenance SET division_path = NEW.division_path WHERE device_id = NEW.id;
    UPDATE public.devices_clocksample SET division_path = NEW.division_path WHERE device_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER devices_health_follows AFTER UPDATE OF division_path ON telemetry_device FOR EACH ROW
    WHEN (OLD.division_path IS DISTINCT FROM NEW.division_path) EXECUTE FUNCTION devices_health_follows();
"""
# the one way over the wall: whoever manages devices on both sides moves a device, what it measures at, and their history
MOVE = f"""
CREATE FUNCTION devices_move(device uuid, goal text, moment timestamptz, OUT things uuid[], OUT series int, OUT alerts int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE origin text;
BEGIN
    SELECT d.division_path INTO origin FROM public.telemetry_device d WHERE d.id = device FOR UPDATE;
    IF origin IS NULL OR NOT ({MAY.format(path="origin")}) OR NOT ({MAY.format(path="goal")}) THEN
        RAISE EXCEPTION 'this account may not move the device' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT coalesce(array_agg(e.id ORDER BY e.id), ARRAY[]::uuid[]) INTO things
        FROM public.twin_entity e WHERE e.device_id = device AND e.tenant = '';
    UPDATE public.telemetry_device SET division_path = goal WHERE id = device;
    UPDATE public.telemetry_deviceaddress SET division_path = goal, changed_at = moment WHERE device_id = device;
    UPDATE public.telemetry_rawmessage SET division_path = goal WHERE device_id = device;
    UPDATE public.telemetry_quarantine SET division_path = goal WHERE device_id = device;
    UPDATE public.telemetry_command SET division_path = goal WHERE device_id = device;
    UPDATE public.twin_entity SET division_path = goal, changed_at = moment WHERE id = ANY (things);
    UPDATE public.telemetry_series SET division_path = goal, changed_at = moment
        WHERE device_id = device OR entity_id = ANY (things);
    GET DIAGNOSTICS series = ROW_COUNT;
    UPDATE public.devices_seriesmodel SET division_path = goal WHERE series_id IN (
        SELECT s.id FROM public.telemetry_series s WHERE s.device_id = device OR s.entity_id = ANY (things));
    UPDATE public.rules_alert SET division_path = goal, changed_at = moment
        WHERE entity_id = ANY (things) AND state = 'open';
    GET DIAGNOSTICS alerts = ROW_COUNT;
END $$;
"""  # noqa: S608 - our own names


class Migration(migrations.Migration):
    """Puts the wall under the tables of 0005."""

    dependencies = [
        ("devices", "0005_health"),
        ("telemetry", "0012_two_secrets"),
        ("twin", "0003_ngsild"),
        ("rules", "0001_initial"),
        ("access", "0001_initial"),
    ]

    operations = [
        *(RowSecurity(name, permission=VIEW) for name in ("Finding", "ClockSample", "SeriesModel")),
        *(
            RowSecurity(name, permission=VIEW, write_permission=MANAGE)
            for name in ("Maintenance", "CoverageTarget", "PlaceModel")
        ),
        migrations.RunSQL(
            FOLLOWS, "DROP TRIGGER devices_health_follows ON telemetry_device; DROP FUNCTION devices_health_follows"
        ),
        migrations.RunSQL(MOVE, "DROP FUNCTION devices_move"),
    ]
