"""Hourly figures of a day that still grows: how far they reach, and the question whether they hold."""

from django.db import migrations, models

NEWEST_AT = "ALTER TABLE telemetry_rollup ADD COLUMN newest_at timestamptz"

# They hold together with the readings behind `part_end` where both are all that the day counts. The count reads what was
# stored since; it names nobody, so whoever asks for figures of own series may have it made.
PART = """
CREATE FUNCTION telemetry_part(wanted date) RETURNS TABLE (behind tid, made_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    part public.telemetry_day;
    later int8;
BEGIN
    SELECT * INTO part FROM public.telemetry_day d WHERE d.day = wanted;
    IF part.part_relation IS NULL
        OR part.part_relation IS DISTINCT FROM
            to_regclass('public.telemetry_observation_' || to_char(wanted, 'YYYYMMDD'))::oid::int8
    THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT count(*) FROM public.telemetry_observation_%s WHERE ctid > %L::tid',
        to_char(wanted, 'YYYYMMDD'), part.part_end) INTO later;
    IF part.part_readings + later = part.readings THEN
        RETURN QUERY SELECT part.part_end::tid, part.part_at;
    END IF;
END $$;
REVOKE ALL ON FUNCTION telemetry_part FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry_part TO onecity_app;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('telemetry', '0008_turned_away'),
    ]

    operations = [
        migrations.AddField(
            model_name='day',
            name='part_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='day',
            name='part_end',
            field=models.CharField(editable=False, max_length=32, null=True),
        ),
        migrations.AddField(
            model_name='day',
            name='part_readings',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='day',
            name='part_relation',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.RunSQL(NEWEST_AT, "ALTER TABLE telemetry_rollup DROP COLUMN newest_at"),
        migrations.RunSQL(PART, "DROP FUNCTION telemetry_part"),
    ]
