"""Doors of intake: keys of programs, remembered columns, and what everybody may read of cases through Open311."""

import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityThrough
from onecity.kernel.access.session import CURRENT_ACCOUNT

KEYS = """
CREATE FUNCTION cases_key_account(wanted uuid, digest bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT account_id FROM cases_appkey WHERE id = wanted AND secret_hash = digest AND revoked_at IS NULL
$$;
REVOKE ALL ON FUNCTION cases_key_account(uuid, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_key_account(uuid, bytea) TO onecity_app;
"""
# a kind is public where residents may report it and its definition does not keep it back; what is not said is the default
PUBLIC = """(t.definition->>'residents')::boolean AND coalesce(t.definition->>'publication', 'facts') <> 'nothing'"""
PUBLISHED = f"""
CREATE FUNCTION cases_published(
    numbers text[], kinds text[], running boolean, since timestamptz, until timestamptz, most integer, skip integer
) RETURNS TABLE (
    case_id uuid, number text, type_name text, type_version integer, state text, round integer, opened_at timestamptz,
    changed_at timestamptz, closed_at timestamptz, due timestamptz, division_path text, office text, description text,
    address text, lon double precision, lat double precision, media_url text, result text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.id, c.number::text, c.type_name::text, c.type_version, c.state::text, c.round::integer, c.opened_at, e.at,
        c.closed_at, c.final_deadline, c.division_path, o.name::text,
        CASE WHEN c.words AND c.source = 'open311' THEN c.description END,
        CASE WHEN c.words THEN c.address::text END, CASE WHEN c.words THEN c.lon END, CASE WHEN c.words THEN c.lat END,
        CASE WHEN c.words AND c.source = 'open311' THEN c.evidence->>'media_url' END, c.result::text
    FROM (
        SELECT c.*, t.definition->>'publication' = 'words' AND NOT coalesce(r.hidden, false) AS words
        FROM cases_case c
        JOIN cases_casetype t ON t.name = c.type_name AND t.version = c.type_version AND {PUBLIC}
        LEFT JOIN cases_reporter r ON r.case_id = c.id
        WHERE (numbers IS NULL OR c.number = ANY (numbers))
            AND (kinds IS NULL OR c.type_name = ANY (kinds))
            AND (running IS NULL OR (c.closed_at IS NULL) = running)
            AND (since IS NULL OR c.opened_at >= since) AND (until IS NULL OR c.opened_at <= until)
        ORDER BY c.opened_at DESC, c.id DESC LIMIT most OFFSET skip
    ) c
    JOIN cases_caseevent e ON e.case_id = c.id AND e.version = c.version
    LEFT JOIN people_organisation o ON o.id = c.organisation_id
    ORDER BY c.opened_at DESC, c.id DESC;
END $$;
REVOKE ALL ON FUNCTION cases_published(text[], text[], boolean, timestamptz, timestamptz, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_published(text[], text[], boolean, timestamptz, timestamptz, integer, integer) TO onecity_app;

CREATE FUNCTION cases_published_steps(cases uuid[]) RETURNS TABLE (case_id uuid, at timestamptz, to_state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.case_id, e.at, e.to_state::text FROM cases_caseevent e JOIN cases_case c ON c.id = e.case_id
    JOIN cases_casetype t ON t.name = c.type_name AND t.version = c.type_version AND {PUBLIC}
    WHERE e.case_id = ANY (cases) AND e.to_state <> '' AND e.to_state <> coalesce(e.from_state, '')
    ORDER BY e.case_id, e.version
$$;
REVOKE ALL ON FUNCTION cases_published_steps(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_published_steps(uuid[]) TO onecity_app;

CREATE FUNCTION cases_published_number(wanted uuid, named text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.number::text FROM cases_case c
    JOIN cases_casetype t ON t.name = c.type_name AND t.version = c.type_version AND {PUBLIC}
    WHERE c.id = wanted OR c.number = named LIMIT 1
$$;
REVOKE ALL ON FUNCTION cases_published_number(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_published_number(uuid, text) TO onecity_app;
"""  # noqa: S608 - constants of this program
NOT_PUBLISHED = """
DROP FUNCTION cases_published_number(uuid, text);
DROP FUNCTION cases_published_steps(uuid[]);
DROP FUNCTION cases_published(text[], text[], boolean, timestamptz, timestamptz, integer, integer);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0011_units'),
    ]

    operations = [
        migrations.CreateModel(
            name='AppKey',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account_id', models.UUIDField()),
                ('name', models.CharField(max_length=80, verbose_name='Name')),
                ('secret_hash', models.BinaryField(max_length=32)),
                ('created_at', models.DateTimeField(default=onecity.kernel.core.clock.now, editable=False)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'Key of a program',
                'verbose_name_plural': 'Keys of programs',
                'ordering': ['-created_at'],
                'indexes': [models.Index(fields=['account_id'], name='case_app_key_account')],
            },
        ),
        migrations.CreateModel(
            name='ImportMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.UUIDField()),
                ('signature', models.CharField(max_length=64)),
                ('mapping', models.JSONField(default=dict)),
                ('changed_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
            options={
                'verbose_name': 'Meaning of columns',
                'verbose_name_plural': 'Meanings of columns',
                'constraints': [models.UniqueConstraint(fields=('account_id', 'signature'), name='case_import_mapping_once')],
            },
        ),
        migrations.RunSQL(KEYS, "DROP FUNCTION cases_key_account(uuid, bytea)"),
        RowSecurityThrough("cases_appkey", f"account_id = {CURRENT_ACCOUNT}", commands=("select", "insert", "update")),
        RowSecurityThrough("cases_importmapping", f"account_id = {CURRENT_ACCOUNT}", commands=("select", "insert", "update")),
        migrations.RunSQL(PUBLISHED, NOT_PUBLISHED),
    ]
