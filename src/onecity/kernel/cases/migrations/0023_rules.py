"""Rules that people write at the desk: formulas of the score card and who sees whose name; what is published stays."""

import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityThrough
from onecity.kernel.access.session import CURRENT_ACCOUNT


def held(permission: str) -> str:
    """SQL: the asking account holds the permission anywhere."""
    return f"""EXISTS (SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} AND permission IN ('{permission}', '*')
        AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()))"""  # noqa: S608 - constants of this program


# whoever publishes is named in the row, and wrote none of it
WRITTEN = f"""
CREATE POLICY onecity_update ON cases_scoreformula FOR UPDATE TO onecity_app
    USING ({held("cases.formulas")} AND state IN ('draft', 'review'))
    WITH CHECK ({held("cases.formulas")} AND (state <> 'published' OR (reviewer_id = {CURRENT_ACCOUNT}
        AND NOT editors @> to_jsonb(reviewer_id::text) AND author_id <> reviewer_id)));
"""
NOT_WRITTEN = "DROP POLICY onecity_update ON cases_scoreformula"
# by whomever it is tried: past periods keep the formula by which they were computed
STAYS = """
CREATE FUNCTION cases_formula_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = 'a published formula is not changed: publish another from a later day';
END $$;
CREATE TRIGGER cases_formula_stays BEFORE UPDATE OR DELETE ON cases_scoreformula
    FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION cases_formula_stays();
"""
GOES = "DROP TRIGGER cases_formula_stays ON cases_scoreformula; DROP FUNCTION cases_formula_stays();"


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0022_mining_draw'),
    ]

    operations = [
        migrations.CreateModel(
            name='NamePolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(unique=True)),
                ('rules', models.JSONField(default=dict)),
                ('reason', models.CharField(max_length=500, verbose_name='Reason')),
                ('by_id', models.UUIDField()),
                ('by_name', models.CharField(max_length=200)),
                ('at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
            options={
                'verbose_name': 'Policy of names',
                'verbose_name_plural': 'Policies of names',
                'ordering': ['-version'],
            },
        ),
        migrations.CreateModel(
            name='ScoreFormula',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('scheme', models.CharField(default='card', max_length=40)),
                ('state', models.CharField(choices=[('draft', 'Being written'), ('review', 'Waiting for review'), ('published', 'Published'), ('dropped', 'Given up')], default='draft', max_length=12)),
                ('effective_from', models.DateField(blank=True, null=True, verbose_name='In force from')),
                ('content', models.JSONField(default=dict)),
                ('comment', models.CharField(blank=True, max_length=500)),
                ('answer', models.CharField(blank=True, max_length=500)),
                ('author_id', models.UUIDField()),
                ('author_name', models.CharField(max_length=200)),
                ('editors', models.JSONField(default=list)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('changed_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('reviewer_id', models.UUIDField(blank=True, null=True)),
                ('reviewer_name', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'verbose_name': 'Formula of the score card',
                'verbose_name_plural': 'Formulas of the score card',
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['draft', 'review'])), fields=('scheme',), name='case_formula_one_draft'), models.UniqueConstraint(condition=models.Q(('state', 'published')), fields=('scheme', 'effective_from'), name='case_formula_day_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'published'), _negated=True), models.Q(('effective_from__isnull', False), ('reviewer_id__isnull', False)), _connector='OR'), name='case_formula_published_whole')],
            },
        ),
        RowSecurityThrough("cases_namepolicy", "true", commands=("select",)),
        RowSecurityThrough("cases_namepolicy", f"by_id = {CURRENT_ACCOUNT} AND {held('cases.names')}", commands=("insert",)),
        RowSecurityThrough("cases_scoreformula", f"state = 'published' OR {held('cases.formulas')}", commands=("select",)),
        RowSecurityThrough("cases_scoreformula", held("cases.formulas"), commands=("insert",)),
        migrations.RunSQL(WRITTEN, NOT_WRITTEN),
        migrations.RunSQL(STAYS, GOES),
    ]
