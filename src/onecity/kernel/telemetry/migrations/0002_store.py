"""The hot store and what Django's models cannot say: partitions, block indexes, fill factor, change notices."""

from django.db import migrations

OBSERVATION = """
CREATE TABLE telemetry_observation (
    observed_at timestamptz NOT NULL,
    value float8 NOT NULL,
    series_id int4 NOT NULL
) PARTITION BY RANGE (observed_at);
CREATE INDEX telemetry_observation_at ON telemetry_observation
    USING brin (observed_at) WITH (pages_per_range = 32, autosummarize = off);
CREATE INDEX telemetry_observation_series ON telemetry_observation
    USING brin (series_id) WITH (pages_per_range = 32, autosummarize = off);
"""

ROLLUP = """
CREATE TABLE telemetry_rollup (
    hour timestamptz NOT NULL,
    series_id int4 NOT NULL,
    readings int4 NOT NULL,
    total float8 NOT NULL,
    minimum float8 NOT NULL,
    maximum float8 NOT NULL,
    newest float8 NOT NULL,
    PRIMARY KEY (series_id, hour)
) PARTITION BY RANGE (hour);
"""

# the newest reading is updated in place all day long: room on each page keeps the update off the index
LATEST = "ALTER TABLE telemetry_latest SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)"

NOTICE = """
CREATE FUNCTION telemetry_tell_catalogue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('telemetry_catalogue', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE FUNCTION telemetry_stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER telemetry_series_stamp BEFORE INSERT OR UPDATE ON telemetry_series
    FOR EACH ROW EXECUTE FUNCTION telemetry_stamp_change();
CREATE TRIGGER telemetry_series_told AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON telemetry_series
    FOR EACH STATEMENT EXECUTE FUNCTION telemetry_tell_catalogue();
CREATE TRIGGER telemetry_device_told AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON telemetry_device
    FOR EACH STATEMENT EXECUTE FUNCTION telemetry_tell_catalogue();
"""

UNDO_NOTICE = """
DROP TRIGGER telemetry_device_told ON telemetry_device;
DROP TRIGGER telemetry_series_told ON telemetry_series;
DROP TRIGGER telemetry_series_stamp ON telemetry_series;
DROP FUNCTION telemetry_tell_catalogue();
DROP FUNCTION telemetry_stamp_change();
"""

# gateways run inside the web process, whose role sees only what its user may see; a gateway must know every series and
# device. These two functions give it exactly that: names, limits and hashes of secrets, no reading.
KNOWN = """
CREATE FUNCTION telemetry_known_series(since timestamptz) RETURNS TABLE (
    id int4, entity_urn text, entity_key text, entity_type text, attribute text, unit text, minimum float8,
    maximum float8, late_after int8, device_id text, active bool
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT id, entity_urn, entity_key, entity_type, attribute, unit, minimum, maximum,
        (extract(epoch FROM late_after) * 1000000)::int8, device_id::text, active
    FROM public.telemetry_series WHERE changed_at >= since ORDER BY id
$$;
CREATE FUNCTION telemetry_known_devices() RETURNS TABLE (
    id text, secret_hash text, active bool, readings_per_second int4, division_path text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT id::text, encode(secret_hash, 'hex'), status = 'active', readings_per_second, division_path
    FROM public.telemetry_device ORDER BY id
$$;
CREATE FUNCTION telemetry_series_count() RETURNS int8
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT count(*) FROM public.telemetry_series
$$;
REVOKE ALL ON FUNCTION telemetry_known_series, telemetry_known_devices, telemetry_series_count FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry_known_series, telemetry_known_devices, telemetry_series_count TO onecity_app;
"""


class Migration(migrations.Migration):
    """Creates what is written above."""

    dependencies = [("telemetry", "0001_initial")]

    operations = [
        migrations.RunSQL(OBSERVATION, "DROP TABLE telemetry_observation"),
        migrations.RunSQL(ROLLUP, "DROP TABLE telemetry_rollup"),
        migrations.RunSQL(LATEST, "ALTER TABLE telemetry_latest RESET (fillfactor, autovacuum_vacuum_scale_factor)"),
        migrations.RunSQL(NOTICE, UNDO_NOTICE),
        migrations.RunSQL(
            KNOWN, "DROP FUNCTION telemetry_known_series, telemetry_known_devices, telemetry_series_count"
        ),
    ]
