"""What upkeep and the figures for operators need: a time of change that cannot lie, and counts of what is held."""

from django.db import migrations

# A transaction that stores readings stamps the day when it holds the day's row, not when it began: otherwise a roll-up
# made in between would look newer than readings it does not contain.
CHANGE = """
CREATE FUNCTION telemetry_stamp_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER telemetry_day_stamp BEFORE UPDATE OF readings ON telemetry_day
    FOR EACH ROW EXECUTE FUNCTION telemetry_stamp_day();
"""
UNDO_CHANGE = """
DROP TRIGGER telemetry_day_stamp ON telemetry_day;
DROP FUNCTION telemetry_stamp_day();
"""

# figures about the whole for monitoring; they name nobody and no place
HELD = """
CREATE FUNCTION telemetry_held() RETURNS TABLE (reason text, messages int8, readings int8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT reason, count(*), sum(readings)::int8 FROM public.telemetry_quarantine
    WHERE state = 'held' GROUP BY 1 ORDER BY 1
$$;
REVOKE ALL ON FUNCTION telemetry_held FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry_held TO onecity_app;
"""


class Migration(migrations.Migration):
    """Creates what is written above."""

    dependencies = [("telemetry", "0003_walls")]

    operations = [
        migrations.RunSQL(CHANGE, UNDO_CHANGE),
        migrations.RunSQL(HELD, "DROP FUNCTION telemetry_held"),
    ]
