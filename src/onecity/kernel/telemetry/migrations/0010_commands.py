"""Commands to devices: the table, the wall under it, and the few steps that a device may take through the web's role."""

import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models
from onecity.kernel.access.rls import RowSecurity

# How long until a command is handed over again after so many times: 2, 4, 8 … 300 s. The functions are for the doors of
# devices: these have proved who they are to the web process, whose role otherwise sees no command at all.
STEPS = """
CREATE FUNCTION telemetry_command_pause(attempts int) RETURNS interval
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT make_interval(secs => least(300, 2 ^ least(greatest(attempts, 1), 9)))
$$;
CREATE FUNCTION telemetry_command_waiting(devices uuid[], at timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT c.device_id FROM public.telemetry_command c
    WHERE c.device_id = ANY ($1) AND c.route = 'direct' AND c.expires_at > $2
        AND (c.state IN ('queued', 'sent')
            OR c.state = 'delivered' AND c.sent_at + public.telemetry_command_pause(c.attempts) <= $2)
$$;
-- every open command of a device in order, marked as delivered
CREATE FUNCTION telemetry_command_give(device uuid, at timestamptz, most int) RETURNS TABLE (
    id uuid, name text, payload jsonb, created_at timestamptz, expires_at timestamptz, attempt int
) LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH open AS (
        SELECT c.id FROM public.telemetry_command c
        WHERE c.device_id = $1 AND c.route = 'direct' AND c.expires_at > $2
            AND c.state IN ('queued', 'sent', 'delivered')
        ORDER BY c.created_at, c.id LIMIT $3 FOR UPDATE
    ), given AS (
        UPDATE public.telemetry_command c SET state = 'delivered', attempts = c.attempts + 1, sent_at = $2,
            delivered_at = coalesce(c.delivered_at, $2),
            next_at = $2 + public.telemetry_command_pause(c.attempts + 1)
        FROM open WHERE c.id = open.id RETURNING c.*
    )
    SELECT g.id, g.name::text, g.payload, g.created_at, g.expires_at, g.attempts FROM given g
    ORDER BY g.created_at, g.id
$$;
-- the step that a device reports; what has ended stays as it ended. The state after it; null for no command of the device
CREATE FUNCTION telemetry_command_settle(
    device uuid, command uuid, outcome text, said jsonb, at timestamptz
) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
BEGIN
    IF $3 NOT IN ('delivered', 'acknowledged', 'failed') THEN
        RAISE EXCEPTION 'not a step of a command: %', $3;
    END IF;
    UPDATE public.telemetry_command c SET state = $3, result = CASE WHEN $3 = 'delivered' THEN c.result ELSE $4 END,
        sent_at = coalesce(c.sent_at, $5), delivered_at = coalesce(c.delivered_at, $5),
        finished_at = CASE WHEN $3 = 'delivered' THEN NULL ELSE $5 END
    WHERE c.id = $2 AND c.device_id = $1 AND c.state IN ('queued', 'sent', 'delivered');
    RETURN (SELECT c.state FROM public.telemetry_command c WHERE c.id = $2 AND c.device_id = $1);
END $$;
REVOKE ALL ON FUNCTION telemetry_command_waiting, telemetry_command_give, telemetry_command_settle FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry_command_waiting, telemetry_command_give, telemetry_command_settle TO onecity_app;
-- a device that moves takes its commands along
CREATE FUNCTION telemetry_command_moves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE public.telemetry_command c SET division_path = NEW.division_path WHERE c.device_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER telemetry_command_moves AFTER UPDATE OF division_path ON telemetry_device
    FOR EACH ROW WHEN (OLD.division_path IS DISTINCT FROM NEW.division_path) EXECUTE FUNCTION telemetry_command_moves();
"""
UNDO = """
DROP TRIGGER telemetry_command_moves ON telemetry_device;
DROP FUNCTION telemetry_command_moves, telemetry_command_settle, telemetry_command_give, telemetry_command_waiting,
    telemetry_command_pause;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('telemetry', '0009_part_of_a_day'),
        ('access', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Command',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('device_id', models.UUIDField(verbose_name='Device')),
                ('division_path', models.CharField(db_collation='C', max_length=255, verbose_name='Division')),
                ('name', models.CharField(max_length=100, verbose_name='Command')),
                ('payload', models.JSONField(default=dict)),
                ('idempotency_key', models.CharField(blank=True, db_collation='C', max_length=200)),
                ('route', models.CharField(choices=[('direct', 'The device itself fetches it or listens'), ('lorawan', 'The LoRaWAN network server'), ('source', 'The platform writes it')], default='direct', max_length=10)),
                ('target', models.CharField(blank=True, db_collation='C', max_length=120)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('sent', 'Sent to the device'), ('delivered', 'Received by the device'), ('acknowledged', 'Carried out'), ('failed', 'Could not be carried out'), ('expired', 'Too late'), ('cancelled', 'Withdrawn')], default='queued', max_length=12, verbose_name='State')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='Attempts')),
                ('created_by', models.UUIDField(editable=False, null=True)),
                ('created_at', models.DateTimeField(default=onecity.kernel.core.clock.now, editable=False, verbose_name='Given')),
                ('expires_at', models.DateTimeField(verbose_name='Valid until')),
                ('next_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('sent_at', models.DateTimeField(null=True)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True, verbose_name='Ended')),
                ('result', models.JSONField(default=dict)),
            ],
            options={
                'verbose_name': 'Command to a device',
                'verbose_name_plural': 'Commands to devices',
                'indexes': [models.Index(fields=['device_id', 'created_at', 'id'], name='command_by_device'), models.Index(condition=models.Q(('state__in', ('queued', 'sent', 'delivered'))), fields=['next_at'], name='command_due'), models.Index(condition=models.Q(('state__in', ('queued', 'sent', 'delivered'))), fields=['expires_at'], name='command_expiry')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('idempotency_key', ''), _negated=True), fields=('device_id', 'idempotency_key'), name='command_once'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', True), ('state__in', ('queued', 'sent', 'delivered'))), models.Q(models.Q(('state__in', ('queued', 'sent', 'delivered')), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='command_end_known')],
            },
        ),
        RowSecurity("Command", permission="telemetry.view", write_permission="telemetry.manage"),
        migrations.RunSQL(STEPS, UNDO),
    ]
