"""Residents in the engine: who reported a case, what he says and how he rates it, and the walls that let him see it alone."""

import django.db.models.deletion
import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityThrough, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

WITHIN = """cases_path_range(path, CASE WHEN path <> '' THEN left(path, -1) || chr(ascii(right(path, 1)) + 1) END)"""
GRANTED = f"""
(SELECT range_agg({WITHIN}) FROM access_grant WHERE account_id = {CURRENT_ACCOUNT}
    AND permission IN ('cases.view', '*') AND valid_from <= statement_timestamp()
    AND (valid_to IS NULL OR valid_to > statement_timestamp())) @> division_path
"""  # noqa: S608 - constants of this program
MINE = f"assignee_id = {CURRENT_ACCOUNT}"
WRITES = f"({scope_predicate('cases.handle')}) OR ({scope_predicate('cases.dispatch')}) OR ({scope_predicate('cases.verify')})"
HELPS = f"id = ANY (ARRAY(SELECT cases_helped({CURRENT_ACCOUNT})))"
# what this transaction was shown the code of, or opens for a resident (see reporting)
HELD = "coalesce(nullif(current_setting('onecity.cases', true), ''), '{}')::uuid[]"
OWN = f"id = ANY (ARRAY(SELECT cases_reported({CURRENT_ACCOUNT}))) OR id = ANY ({HELD})"
BEFORE_SEES = f"CASE WHEN {GRANTED} THEN true ELSE {MINE} OR {HELPS} END"
SEES = f"CASE WHEN {GRANTED} THEN true ELSE {MINE} OR {HELPS} OR {OWN} END"
BEFORE_WRITES = f"{WRITES} OR {MINE} OR {HELPS}"
CHANGES = f"{BEFORE_WRITES} OR {OWN}"
OPENS = f"({scope_predicate('cases.open')}) OR {WRITES}"
FUNCTIONS = """
CREATE FUNCTION cases_reported(asking uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT case_id FROM cases_reporter WHERE account_id = asking
$$;
REVOKE ALL ON FUNCTION cases_reported(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_reported(uuid) TO onecity_app;

CREATE FUNCTION cases_of_code(wanted text, digest text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id FROM cases_case c JOIN cases_reporter r ON r.case_id = c.id
    WHERE c.number = wanted AND r.code_hash = digest AND digest <> ''
$$;
REVOKE ALL ON FUNCTION cases_of_code(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_of_code(text, text) TO onecity_app;
"""
NO_FUNCTIONS = "DROP FUNCTION cases_reported(uuid); DROP FUNCTION cases_of_code(text, text)"
KNOWS = f"""
account_id = {CURRENT_ACCOUNT} OR case_id = ANY ({HELD}) OR EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id
    AND ((c.assignee_id = {CURRENT_ACCOUNT} AND NOT hidden) OR ({scope_predicate('cases.reporters')})))
"""  # noqa: S608 - same
REPORTERS = f"""
ALTER TABLE cases_reporter ENABLE ROW LEVEL SECURITY;
CREATE POLICY onecity_select ON cases_reporter FOR SELECT TO onecity_app USING ({KNOWS});
CREATE POLICY onecity_insert ON cases_reporter FOR INSERT TO onecity_app WITH CHECK (case_id = ANY ({HELD}));
CREATE POLICY onecity_delete ON cases_reporter FOR DELETE TO onecity_app USING (case_id = ANY ({HELD}));
"""
NO_REPORTERS = """
DROP POLICY onecity_select ON cases_reporter;
DROP POLICY onecity_insert ON cases_reporter;
DROP POLICY onecity_delete ON cases_reporter;
ALTER TABLE cases_reporter DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0005_engine'),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='reporter_shown',
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.CreateModel(
            name='Reporter',
            fields=[
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='reporter', serialize=False, to='cases.case')),
                ('account_id', models.UUIDField(blank=True, null=True)),
                ('name', models.CharField(blank=True, max_length=80, verbose_name='Name')),
                ('phone', models.CharField(blank=True, max_length=30, verbose_name='Telephone')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='E-mail')),
                ('hidden', models.BooleanField(default=False)),
                ('code_hash', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField(default=onecity.kernel.core.clock.now, editable=False)),
            ],
            options={
                'verbose_name': 'Reporter',
                'verbose_name_plural': 'Reporters',
                'indexes': [models.Index(condition=models.Q(('account_id__isnull', False)), fields=['account_id'], name='case_reporter_account'), models.Index(condition=models.Q(('phone', ''), _negated=True), fields=['phone'], name='case_reporter_phone')],
            },
        ),
        migrations.CreateModel(
            name='Rating',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('round', models.PositiveSmallIntegerField()),
                ('step', models.CharField(default='end', max_length=40)),
                ('stars', models.PositiveSmallIntegerField()),
                ('aspects', models.JSONField(blank=True, default=dict)),
                ('text', models.TextField(blank=True)),
                ('channel', models.CharField(max_length=20)),
                ('account_id', models.UUIDField(blank=True, null=True)),
                ('real_name', models.BooleanField(default=False)),
                ('additional', models.BooleanField(default=False)),
                ('flagged', models.BooleanField(default=False)),
                ('at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ratings', to='cases.case')),
            ],
            options={
                'verbose_name': 'Rating',
                'verbose_name_plural': 'Ratings',
                'ordering': ['at', 'id'],
                'indexes': [models.Index(fields=['account_id', '-at'], name='case_rating_account')],
                'constraints': [models.CheckConstraint(condition=models.Q(('stars__gte', 1), ('stars__lte', 5)), name='case_rating_stars'), models.UniqueConstraint(condition=models.Q(('additional', False)), fields=('case', 'round', 'step'), name='case_rating_once')],
            },
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunSQL(
            f"""
            ALTER POLICY onecity_select ON cases_case USING ({SEES});
            ALTER POLICY onecity_update ON cases_case USING ({CHANGES}) WITH CHECK ({CHANGES});
            ALTER POLICY onecity_insert ON cases_case WITH CHECK ({OPENS} OR id = ANY ({HELD}));
            """,
            f"""
            ALTER POLICY onecity_select ON cases_case USING ({BEFORE_SEES});
            ALTER POLICY onecity_update ON cases_case USING ({BEFORE_WRITES}) WITH CHECK ({BEFORE_WRITES});
            ALTER POLICY onecity_insert ON cases_case WITH CHECK ({OPENS});
            """,
        ),
        migrations.RunSQL(REPORTERS, NO_REPORTERS),
        RowSecurityThrough(
            "cases_rating",
            "EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)",
            commands=("select", "insert"),
        ),
    ]
