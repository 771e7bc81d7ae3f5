"""Drafts of case types, versions published from the desk, and running cases moved by whoever may publish their kind."""

import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityThrough, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

MANAGES = f"""EXISTS (SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} AND permission IN ('cases.manage', '*')
    AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()))"""  # noqa: S608 - constants of this program
# what is published bears the name of whoever did it; who moves cases has the right to publish where they lie
PUBLISH = f"""
CREATE POLICY onecity_insert ON cases_casetype FOR INSERT TO onecity_app
    WITH CHECK (published_by_id = {CURRENT_ACCOUNT} AND {MANAGES});
CREATE POLICY onecity_migrate ON cases_case FOR UPDATE TO onecity_app
    USING ({scope_predicate("cases.manage")}) WITH CHECK ({scope_predicate("cases.manage")});
"""
NOT_PUBLISH = """
DROP POLICY onecity_migrate ON cases_case;
DROP POLICY onecity_insert ON cases_casetype;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0018_saved_filters'),
    ]

    operations = [
        migrations.CreateModel(
            name='CaseTypeDraft',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=64)),
                ('based_on', models.PositiveIntegerField(default=0)),
                ('definition', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('draft', 'Being written'), ('review', 'Waiting for review'), ('published', 'Published'), ('dropped', 'Given up')], default='draft', max_length=12)),
                ('author_id', models.UUIDField()),
                ('author_name', models.CharField(max_length=200)),
                ('editors', models.JSONField(default=list)),
                ('comment', models.CharField(blank=True, max_length=500)),
                ('answer', models.CharField(blank=True, max_length=500)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('changed_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('reviewer_id', models.UUIDField(blank=True, null=True)),
                ('reviewer_name', models.CharField(blank=True, max_length=200)),
                ('published_version', models.PositiveIntegerField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'Draft of a case type',
                'verbose_name_plural': 'Drafts of case types',
                'indexes': [models.Index(fields=['state', '-changed_at'], name='case_type_draft_state')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ['draft', 'review'])), fields=('name',), name='case_type_draft_one')],
            },
        ),
        RowSecurityThrough("cases_casetypedraft", MANAGES, commands=("select", "insert", "update")),
        migrations.RunSQL(PUBLISH, NOT_PUBLISH),
    ]
