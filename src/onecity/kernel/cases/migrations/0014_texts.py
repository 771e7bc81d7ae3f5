"""What texts of cases suggest: learnt models, what was shown to people, what they chose."""

import django.db.models.deletion
import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough

# whoever opens a case may say what it became, and learns nothing of what others were shown
CHOSEN = """
CREATE FUNCTION cases_suggestion_chosen(wanted uuid, opened uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO cases_suggestionchosen (shown_id, case_id, type_name, organisation_id, at)
    SELECT s.id, c.id, c.type_name, c.organisation_id, statement_timestamp()
    FROM cases_suggestionshown s, cases_case c WHERE s.id = wanted AND c.id = opened
    ON CONFLICT DO NOTHING
$$;
REVOKE ALL ON FUNCTION cases_suggestion_chosen(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_suggestion_chosen(uuid, uuid) TO onecity_app;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0013_mining'),
    ]

    operations = [
        migrations.CreateModel(
            name='SuggestionShown',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('division_path', models.TextField(blank=True, db_collation='C')),
                ('offered', models.JSONField(default=list)),
                ('by_rules', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='TextModel',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=20)),
                ('version', models.PositiveIntegerField()),
                ('body', models.BinaryField()),
                ('digest', models.CharField(max_length=64)),
                ('figures', models.JSONField(default=dict)),
                ('trained_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='SuggestionChosen',
            fields=[
                ('shown', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='chosen', serialize=False, to='cases.suggestionshown')),
                ('type_name', models.CharField(max_length=64)),
                ('organisation_id', models.UUIDField(blank=True, null=True)),
                ('at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
        ),
        migrations.AddIndex(
            model_name='suggestionshown',
            index=models.Index(fields=['at'], name='case_suggested_at'),
        ),
        migrations.AddConstraint(
            model_name='textmodel',
            constraint=models.UniqueConstraint(fields=('name', 'version'), name='case_text_model_once'),
        ),
        migrations.AddField(
            model_name='suggestionchosen',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case'),
        ),
        RowSecurity("SuggestionShown", permission="cases.view", insert_when="true"),
        RowSecurityThrough(
            "cases_suggestionchosen",
            "EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)",
            commands=("select", "insert"),
        ),
        migrations.RunSQL(CHOSEN, "DROP FUNCTION cases_suggestion_chosen(uuid, uuid)"),
    ]
