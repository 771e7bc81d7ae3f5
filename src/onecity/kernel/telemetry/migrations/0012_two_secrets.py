"""A device that is given a new secret may use the one before for a while."""

from django.db import migrations, models

KNOWN = """
DROP FUNCTION telemetry_known_devices();
CREATE FUNCTION telemetry_known_devices() RETURNS TABLE (
    id text, secret_hash text, active bool, readings_per_second int4, division_path text, earlier_hash text,
    earlier_until int8
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT id::text, encode(secret_hash, 'hex'), status = 'active', readings_per_second, division_path,
        encode(earlier_hash, 'hex'), coalesce((extract(epoch FROM earlier_until) * 1000000)::int8, 0)
    FROM public.telemetry_device ORDER BY id
$$;
REVOKE ALL ON FUNCTION telemetry_known_devices FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry_known_devices TO onecity_app;
"""
UNDO = """
DROP FUNCTION telemetry_known_devices();
CREATE FUNCTION telemetry_known_devices() RETURNS TABLE (
    id text, secret_hash text, active bool, readings_per_second int4, division_path text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT id::text, encode(secret_hash, 'hex'), status = 'active', readings_per_second, division_path
    FROM public.telemetry_device ORDER BY id
$$;
REVOKE ALL ON FUNCTION telemetry_known_devices FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry_known_devices TO onecity_app;
"""


class Migration(migrations.Migration):
    """Adds the earlier secret and tells the gateways of it."""

    dependencies = [("telemetry", "0011_raw_messages")]

    operations = [
        migrations.AddField(
            model_name="device",
            name="earlier_hash",
            field=models.BinaryField(default=b"", max_length=32),
        ),
        migrations.AddField(
            model_name="device",
            name="earlier_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.RunSQL(KNOWN, UNDO),
    ]
