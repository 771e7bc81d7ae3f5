"""Cases travel with who helps with them and what residents say of them; files are fetched; more can be kept back."""

from django.db import migrations, models

import onecity.kernel.core.clock
from onecity.kernel.access.rls import RowSecurityThrough

# the offices named in something, by their ids: what each is called, since ids of offices mean nothing on the other side
OFFICES = r"""
CREATE FUNCTION tiers_offices(spoken text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT coalesce(jsonb_object_agg(o.id, jsonb_build_object('code', o.code, 'name', o.name, 'division_path', o.division_path)), '{}')
    FROM people_organisation o WHERE o.id IN (SELECT found[1]::uuid FROM
        regexp_matches(spoken, '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', 'g') AS found)
$$;
REVOKE ALL ON FUNCTION tiers_offices(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tiers_offices(text) TO onecity_app;
"""
# whose account rated is nobody's business on the other side
CASE = """
CREATE OR REPLACE FUNCTION tiers_case_body(event jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT jsonb_build_object('event', event, 'case', to_jsonb(c) - 'due_order',
        'definition', (SELECT t.definition FROM cases_casetype t WHERE t.name = c.type_name AND t.version = c.type_version),
        'digest', (SELECT t.digest FROM cases_casetype t WHERE t.name = c.type_name AND t.version = c.type_version),
        'organisation', (SELECT jsonb_build_object('code', o.code, 'name', o.name, 'division_path', o.division_path)
            FROM people_organisation o WHERE o.id = c.organisation_id),
        'offices', tiers_offices(concat(c.organisation_id, ' ', event ->> 'data', ' ', helpers.rows)),
        'participants', coalesce(helpers.rows, '[]'),
        'ratings', coalesce((SELECT jsonb_agg(to_jsonb(r) - 'account_id' ORDER BY r.at, r.id) FROM cases_rating r
            WHERE r.case_id = c.id), '[]'),
        'attachments', coalesce((SELECT jsonb_agg(to_jsonb(a)) FROM cases_attachment a WHERE a.case_id = c.id), '[]'))
    FROM cases_case c, LATERAL (SELECT jsonb_agg(to_jsonb(p) ORDER BY p.asked_at, p.id) AS rows FROM cases_participant p
        WHERE p.case_id = c.id) helpers
    WHERE c.id = (event ->> 'case_id')::uuid
$$;
"""
BEFORE = """
CREATE OR REPLACE FUNCTION tiers_case_body(event jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT jsonb_build_object('event', event, 'case', to_jsonb(c) - 'due_order',
        'definition', (SELECT t.definition FROM cases_casetype t WHERE t.name = c.type_name AND t.version = c.type_version),
        'digest', (SELECT t.digest FROM cases_casetype t WHERE t.name = c.type_name AND t.version = c.type_version),
        'organisation', (SELECT jsonb_build_object('code', o.code, 'name', o.name, 'division_path', o.division_path)
            FROM people_organisation o WHERE o.id = c.organisation_id),
        'attachments', coalesce((SELECT jsonb_agg(to_jsonb(a)) FROM cases_attachment a WHERE a.case_id = c.id), '[]'))
    FROM cases_case c WHERE c.id = (event ->> 'case_id')::uuid
$$;
DROP FUNCTION tiers_offices(text);
"""


class Migration(migrations.Migration):
    """Creates what is written above."""

    dependencies = [
        ("tiers", "0003_state_words"),
        ("cases", "0006_residents"),
    ]

    operations = [
        migrations.RunSQL(OFFICES + CASE, BEFORE),
        migrations.AlterField(
            model_name="policy",
            name="kind",
            field=models.CharField(choices=[("readings", "Readings"), ("entities", "Devices and places"), ("cases", "Cases"), ("files", "Files of cases"), ("reporters", "Who reported a case")], max_length=12, verbose_name="What"),
        ),
        migrations.CreateModel(
            name="AwaitedFile",
            fields=[
                ("sha256", models.CharField(db_collation="C", max_length=64, primary_key=True, serialize=False)),
                ("peer_id", models.CharField(db_collation="C", max_length=32)),
                ("size", models.PositiveIntegerField()),
                ("media_type", models.CharField(max_length=60)),
                ("received", models.PositiveIntegerField(default=0)),
                ("state", models.CharField(choices=[("coming", "On its way"), ("stays", "Stays on the other side"), ("damaged", "Not what it was")], default="coming", max_length=8)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("asked_at", models.DateTimeField(null=True)),
                ("since", models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
            options={
                "verbose_name": "File on its way",
                "verbose_name_plural": "Files on their way",
                "indexes": [models.Index(condition=models.Q(("state", "coming")), fields=["peer_id", "since", "sha256"], name="tiers_file_coming")],
            },
        ),
        RowSecurityThrough("AwaitedFile", "true", commands=("select",)),
    ]
