"""Who was turned away at the door: the table, the wall under it, and the one function that counts."""

import onecity.kernel.core.ids
from django.db import migrations, models
from onecity.kernel.access.rls import RowSecurity
from onecity.kernel.access.session import CURRENT_ACCOUNT

# who looks after devices anywhere may know of callers that named no device of ours
SEEN = (
    "division_path = '' AND EXISTS (SELECT 1 FROM access_grant WHERE account_id = " + CURRENT_ACCOUNT + " AND permission"
    " IN ('telemetry.view', '*') AND valid_from <= statement_timestamp()"
    " AND (valid_to IS NULL OR valid_to > statement_timestamp()))"
)
# The web's role may count, and nothing else. Beyond so many rows what is new is counted without address, claim and topic,
# so that nobody can fill the table from outside.
COUNT = """
CREATE FUNCTION telemetry_turn_away(
    reason text, source text, address text, claimed text, topic text, division text, times int8, first timestamptz,
    last timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    known bool := EXISTS (
        SELECT 1 FROM public.telemetry_turnedaway t WHERE t.reason = $1 AND t.source = $2 AND t.address = $3
            AND t.claimed = $4 AND t.topic = $5
    ) OR (SELECT count(*) < 5000 FROM public.telemetry_turnedaway);
BEGIN
    INSERT INTO public.telemetry_turnedaway AS t
        (id, reason, source, address, claimed, topic, division_path, times, first_at, last_at)
    VALUES (gen_random_uuid(), $1, $2, CASE WHEN known THEN $3 ELSE '' END, CASE WHEN known THEN $4 ELSE '' END,
        CASE WHEN known THEN $5 ELSE '' END, CASE WHEN known THEN $6 ELSE '' END, $7, $8, $9)
    ON CONFLICT (reason, source, address, claimed, topic) DO UPDATE SET times = t.times + excluded.times,
        last_at = greatest(t.last_at, excluded.last_at), division_path = excluded.division_path;
END $$;
-- for monitoring; names nobody
CREATE FUNCTION telemetry_turned_away_total() RETURNS TABLE (reason text, times int8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT reason, sum(times)::int8 FROM public.telemetry_turnedaway GROUP BY 1 ORDER BY 1
$$;
REVOKE ALL ON FUNCTION telemetry_turn_away, telemetry_turned_away_total FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry_turn_away, telemetry_turned_away_total TO onecity_app;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('telemetry', '0007_unreadable'),
        ('access', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='TurnedAway',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('reason', models.CharField(choices=[('no_credential', 'Named no device'), ('unknown_device', 'Named a device that is not registered'), ('revoked', 'The device was revoked'), ('wrong_secret', 'The secret is wrong'), ('not_allowed', 'May not come in now, or not in this way'), ('foreign_topic', 'Sent to a topic that is not its own')], max_length=20, verbose_name='Reason')),
                ('source', models.CharField(max_length=16, verbose_name='Way')),
                ('address', models.CharField(blank=True, max_length=64, verbose_name='Address')),
                ('claimed', models.CharField(blank=True, max_length=64, verbose_name='Named device')),
                ('topic', models.CharField(blank=True, max_length=255, verbose_name='Topic')),
                ('division_path', models.CharField(blank=True, db_collation='C', max_length=255)),
                ('times', models.BigIntegerField(verbose_name='How often')),
                ('first_at', models.DateTimeField(verbose_name='First')),
                ('last_at', models.DateTimeField(verbose_name='Last')),
            ],
            options={
                'verbose_name': 'Turned away at the door',
                'verbose_name_plural': 'Turned away at the door',
                'indexes': [models.Index(fields=['-last_at', '-id'], name='turned_away_newest')],
                'constraints': [models.UniqueConstraint(fields=('reason', 'source', 'address', 'claimed', 'topic'), name='turned_away_once')],
            },
        ),
        RowSecurity("TurnedAway", permission="telemetry.view", write_permission="telemetry.manage", public_when=SEEN),
        migrations.RunSQL(COUNT, "DROP FUNCTION telemetry_turn_away, telemetry_turned_away_total"),
    ]
