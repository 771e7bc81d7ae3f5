"""Side paths of cases: pauses, extensions, parts, supervision, outside bodies, and other bodies that are asked to help."""

import django.db.models.deletion
import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityThrough, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

WITHIN = """cases_path_range(path, CASE WHEN path <> '' THEN left(path, -1) || chr(ascii(right(path, 1)) + 1) END)"""
MINE = f"assignee_id = {CURRENT_ACCOUNT}"
WRITES = f"({scope_predicate('cases.handle')}) OR ({scope_predicate('cases.dispatch')}) OR ({scope_predicate('cases.verify')})"
BEFORE = f"""
CASE WHEN (SELECT range_agg({WITHIN}) FROM access_grant WHERE account_id = {CURRENT_ACCOUNT}
    AND permission IN ('cases.view', '*') AND valid_from <= statement_timestamp()
    AND (valid_to IS NULL OR valid_to > statement_timestamp())) @> division_path
THEN true ELSE assignee_id = {CURRENT_ACCOUNT} END
"""  # noqa: S608 - constants of this program


# cases that the body of an account was asked to help with; as the owner of the tables, since their policies ask the case
HELPED = """
CREATE FUNCTION cases_helped(asking uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT p.case_id FROM cases_participant p JOIN people_account a ON a.organisation_id = p.organisation_id
    WHERE a.id = asking AND p.state IN ('asked', 'in')
$$;
REVOKE ALL ON FUNCTION cases_helped(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_helped(uuid) TO onecity_app;
"""
HELPS = f"id = ANY (ARRAY(SELECT cases_helped({CURRENT_ACCOUNT})))"
SEES = f"""
CASE WHEN (SELECT range_agg({WITHIN}) FROM access_grant WHERE account_id = {CURRENT_ACCOUNT}
    AND permission IN ('cases.view', '*') AND valid_from <= statement_timestamp()
    AND (valid_to IS NULL OR valid_to > statement_timestamp())) @> division_path
THEN true ELSE assignee_id = {CURRENT_ACCOUNT} OR {HELPS} END
"""  # noqa: S608 - constants of this program
MAY = f"{WRITES} OR {MINE}"


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0004_ranges'),
    ]

    operations = [
        migrations.CreateModel(
            name='Participant',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('organisation_id', models.UUIDField()),
                ('kind', models.CharField(choices=[('joint', 'Joint handling'), ('whistle', 'Called by the grid')], max_length=10)),
                ('state', models.CharField(choices=[('asked', 'Asked'), ('in', 'Reported in'), ('done', 'Has done its share'), ('rejected', 'Turned down')], default='asked', max_length=10)),
                ('asked_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('note', models.TextField(blank=True)),
            ],
            options={
                'verbose_name': 'Participating body',
                'verbose_name_plural': 'Participating bodies',
                'ordering': ['asked_at', 'id'],
            },
        ),
        migrations.AddField(
            model_name='attachment',
            name='lat',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='attachment',
            name='lon',
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='attachment',
            name='taken_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='case',
            name='answers',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='case',
            name='asked',
            field=models.CharField(blank=True, max_length=20),
        ),
        migrations.AddField(
            model_name='case',
            name='contacted_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='case',
            name='external',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name='case',
            name='parent',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='cases.case'),
        ),
        migrations.AddField(
            model_name='case',
            name='paused_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='case',
            name='result',
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name='case',
            name='round',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='case',
            name='rung',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='case',
            name='supervised_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('parent__isnull', False)), fields=['parent'], name='case_parts'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('closed_at__isnull', True), models.Q(('asked', ''), _negated=True)), fields=['asked', 'due_order', 'id'], name='case_asked'),
        ),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(condition=models.Q(('closed_at__isnull', True), ('supervised_until__isnull', False)), fields=['supervised_until'], name='case_supervised'),
        ),
        migrations.AddField(
            model_name='participant',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='participants', to='cases.case'),
        ),
        migrations.AddIndex(
            model_name='participant',
            index=models.Index(condition=models.Q(('state', 'asked')), fields=['organisation_id', 'due_at'], name='case_participant_open'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['asked', 'in'])), fields=('case', 'organisation_id', 'kind'), name='case_participant_once'),
        ),
        RowSecurityThrough(
            "cases_participant",
            "EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)",
            commands=("select", "insert", "update"),
        ),
        migrations.RunSQL(HELPED, "DROP FUNCTION cases_helped(uuid)"),
        migrations.RunSQL(
            f"ALTER POLICY onecity_select ON cases_case USING ({SEES})",
            f"ALTER POLICY onecity_select ON cases_case USING ({BEFORE})",
        ),
        migrations.RunSQL(
            f"ALTER POLICY onecity_update ON cases_case USING ({MAY} OR {HELPS}) WITH CHECK ({MAY} OR {HELPS})",
            f"ALTER POLICY onecity_update ON cases_case USING ({MAY}) WITH CHECK ({MAY})",
        ),
    ]
