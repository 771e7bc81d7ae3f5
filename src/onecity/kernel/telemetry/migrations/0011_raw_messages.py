"""Messages as they came: the table, the wall under it, and the one function that keeps the last of each device."""

from django.db import migrations, models

import onecity.kernel.core.ids
from onecity.kernel.access.rls import RowSecurity

KEEP = """
CREATE FUNCTION telemetry_capture(
    ids uuid[], devices text[], ways text[], times timestamptz[], ports int[], payloads bytea[], sizes int[],
    documents bytea[], outcomes text[], kept int, days int
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO public.telemetry_rawmessage
        (id, device_id, division_path, way, received_at, port, payload, size, document, outcome)
    SELECT n.id, d.id, d.division_path, n.way, n.at, n.port, n.payload, n.size, n.document, n.outcome
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
        AS n (id, device, way, at, port, payload, size, document, outcome)
    JOIN public.telemetry_device d ON d.id::text = n.device
    ORDER BY n.id ON CONFLICT DO NOTHING;
    DELETE FROM public.telemetry_rawmessage r USING (
        SELECT o.id, row_number() OVER (PARTITION BY o.device_id ORDER BY o.received_at DESC, o.id DESC) AS place
        FROM public.telemetry_rawmessage o WHERE o.device_id::text = ANY ($2)
    ) ranked
    WHERE r.id = ranked.id AND (ranked.place > $10 OR r.received_at < now() - make_interval(days => $11));
END $$;
REVOKE ALL ON FUNCTION telemetry_capture FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry_capture TO onecity_app;
-- a device that moves takes them along, as its commands
CREATE OR REPLACE FUNCTION telemetry_command_moves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE public.telemetry_command c SET division_path = NEW.division_path WHERE c.device_id = NEW.id;
    UPDATE public.telemetry_rawmessage r SET division_path = NEW.division_path WHERE r.device_id = NEW.id;
    RETURN NULL;
END $$;
"""
UNDO = """
DROP FUNCTION telemetry_capture;
CREATE OR REPLACE FUNCTION telemetry_command_moves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE public.telemetry_command c SET division_path = NEW.division_path WHERE c.device_id = NEW.id;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('telemetry', '0010_commands'),
        ('access', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RawMessage',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('device_id', models.UUIDField(verbose_name='Device')),
                ('division_path', models.CharField(db_collation='C', max_length=255, verbose_name='Division')),
                ('way', models.CharField(max_length=16, verbose_name='Way')),
                ('received_at', models.DateTimeField(verbose_name='Received')),
                ('port', models.PositiveSmallIntegerField(default=0)),
                ('payload', models.BinaryField()),
                ('size', models.PositiveIntegerField()),
                ('document', models.BinaryField(default=b'')),
                ('outcome', models.CharField(blank=True, max_length=20, verbose_name='What became of it')),
            ],
            options={
                'verbose_name': 'Message as it came',
                'verbose_name_plural': 'Messages as they came',
                'indexes': [models.Index(fields=['device_id', '-received_at', '-id'], name='raw_message_by_device'), models.Index(fields=['received_at'], name='raw_message_by_age')],
            },
        ),
        RowSecurity("RawMessage", permission="telemetry.view", write_permission="telemetry.manage"),
        migrations.RunSQL(KEEP, UNDO),
    ]
