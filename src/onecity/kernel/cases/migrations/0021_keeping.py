"""Records kept for a time, holds that stop their erasure, and one rule of what everybody may read, also by place."""

import django.db.models.deletion
import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityThrough, scope_predicate

SEEN = "EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)"
KEEPS = f"EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id AND ({scope_predicate('cases.keep')}))"
RELEASES = f"EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id AND ({scope_predicate('cases.publish')}))"

# words of the history may be emptied by the owner of the tables while records are erased, and by nobody else: the
# application's own role may not change a row of it at all
STAYS = """
CREATE OR REPLACE FUNCTION cases_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('onecity.forgetting', true) = 'on' AND NEW.note = ''
        AND OLD.data @> NEW.data
        AND (NEW.id, NEW.case_id, NEW.version, NEW.at, NEW.actor_id, NEW.actor_name, NEW.action, NEW.from_state, NEW.to_state)
        IS NOT DISTINCT FROM
        (OLD.id, OLD.case_id, OLD.version, OLD.at, OLD.actor_id, OLD.actor_name, OLD.action, OLD.from_state, OLD.to_state)
    THEN
        RETURN NEW;
    END IF;
    RAISE insufficient_privilege USING MESSAGE = 'the history of a case is only ever added to';
END $$;
"""
STAYED = """
CREATE OR REPLACE FUNCTION cases_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = 'the history of a case is only ever added to';
END $$;
"""

# one rule for the residents' pages and for programs. A place is compared where it is published: asked for in smaller
# and smaller boxes, the exact one would come out otherwise.
KINDS = """
    SELECT t.name, t.version, coalesce(t.definition->>'publication', 'facts') = 'words' AS words,
        coalesce((t.definition->>'rounded_m')::double precision, 0) / 111320 AS step
    FROM cases_casetype t WHERE t.level = 'public' AND (t.definition->>'residents')::boolean
        AND coalesce(t.definition->>'publication', 'facts') <> 'nothing'
"""
RULE = f"""
    SELECT c.id, c.number, c.type_name, c.type_version, c.state, c.round, c.opened_at, c.closed_at, c.final_deadline,
        c.division_path, c.organisation_id, c.version, c.result,
        CASE WHEN w.words AND k.step > 0 THEN regexp_replace(c.address, '[0-9０-９].*$', '')
            WHEN w.words THEN c.address END AS address,
        CASE WHEN w.words AND k.step > 0
            THEN (floor(c.lon * cos(radians(s.lat)) / k.step) + 0.5) * k.step / cos(radians(s.lat))
            WHEN w.words THEN c.lon END AS lon,
        CASE WHEN w.words AND k.step > 0 THEN s.lat WHEN w.words THEN c.lat END AS lat, w.words
    FROM cases_case c JOIN ({KINDS}) k ON k.name = c.type_name AND k.version = c.type_version
    LEFT JOIN cases_reporter r ON r.case_id = c.id
    CROSS JOIN LATERAL (SELECT k.words AND NOT coalesce(r.hidden, false) AND c.forgotten_at IS NULL AS words) w
    CROSS JOIN LATERAL (SELECT CASE WHEN k.step > 0 THEN (floor(c.lat / k.step) + 0.5) * k.step END AS lat) s
"""  # noqa: S608 - constants of this program
OLD_DROPPED = "DROP FUNCTION cases_published(text[], text[], boolean, timestamptz, timestamptz, integer, integer);"
NEW_ARGUMENTS = "text[], text[], boolean, timestamptz, timestamptz, text, double precision[], integer, integer"
PUBLISHED = f"""
{OLD_DROPPED}
CREATE FUNCTION cases_published(
    numbers text[], kinds text[], running boolean, since timestamptz, until timestamptz, place text,
    box double precision[], most integer, skip integer
) RETURNS TABLE (
    case_id uuid, number text, type_name text, type_version integer, state text, round integer, opened_at timestamptz,
    changed_at timestamptz, closed_at timestamptz, due timestamptz, division_path text, office text, description text,
    address text, lon double precision, lat double precision, photos uuid[], result text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.id, c.number::text, c.type_name::text, c.type_version, c.state::text, c.round::integer, c.opened_at, e.at,
        c.closed_at, c.final_deadline, c.division_path, o.name::text, words.text, c.address::text, c.lon, c.lat,
        photos.ids, c.result::text
    FROM (
        SELECT * FROM ({RULE}) c
        WHERE (numbers IS NULL OR c.number = ANY (numbers))
            AND (kinds IS NULL OR c.type_name = ANY (kinds))
            AND (running IS NULL OR (c.closed_at IS NULL) = running)
            AND (since IS NULL OR c.opened_at >= since) AND (until IS NULL OR c.opened_at <= until)
            AND (place = '' OR c.division_path ^@ place)
            AND (box IS NULL OR (c.lon BETWEEN box[1] AND box[3] AND c.lat BETWEEN box[2] AND box[4]))
        ORDER BY c.opened_at DESC, c.id DESC LIMIT most OFFSET skip
    ) c
    JOIN cases_caseevent e ON e.case_id = c.id AND e.version = c.version
    LEFT JOIN people_organisation o ON o.id = c.organisation_id
    LEFT JOIN LATERAL (SELECT p.text FROM cases_release p WHERE p.case_id = c.id AND p.attachment_id IS NULL
        AND p.withdrawn_at IS NULL AND c.words) words ON true
    LEFT JOIN LATERAL (SELECT array_agg(p.attachment_id ORDER BY p.at) AS ids FROM cases_release p WHERE p.case_id = c.id
        AND p.attachment_id IS NOT NULL AND p.withdrawn_at IS NULL AND c.words) photos ON true
    ORDER BY c.opened_at DESC, c.id DESC;
END $$;
REVOKE ALL ON FUNCTION cases_published({NEW_ARGUMENTS}) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_published({NEW_ARGUMENTS}) TO onecity_app;

CREATE FUNCTION cases_published_photo(named text, wanted uuid) RETURNS TABLE (sha256 text, media_type text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT a.sha256::text, a.media_type::text FROM ({RULE}) c JOIN cases_release p ON p.case_id = c.id AND p.withdrawn_at IS NULL
    JOIN cases_attachment a ON a.id = p.attachment_id WHERE c.number = named AND a.id = wanted AND c.words
$$;
REVOKE ALL ON FUNCTION cases_published_photo(text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_published_photo(text, uuid) TO onecity_app;
"""  # noqa: S608 - same
OLD = f"""
DROP FUNCTION cases_published_photo(text, uuid);
DROP FUNCTION cases_published({NEW_ARGUMENTS});
CREATE FUNCTION cases_published(
    numbers text[], kinds text[], running boolean, since timestamptz, until timestamptz, most integer, skip integer
) RETURNS SETOF uuid LANGUAGE sql STABLE AS 'SELECT NULL::uuid WHERE false';
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0020_confidential'),
    ]

    operations = [
        migrations.AddField(
            model_name='case',
            name='forgotten_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name='ErasedFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('original', models.BooleanField(default=False)),
                ('erased_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('digest', 'original'), name='case_erased_file_once')],
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('reason', models.CharField(max_length=500, verbose_name='Reason')),
                ('placed_by_id', models.UUIDField()),
                ('placed_by_name', models.CharField(max_length=200)),
                ('placed_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('lifted_by_id', models.UUIDField(blank=True, null=True)),
                ('lifted_by_name', models.CharField(blank=True, max_length=200)),
                ('lifted_at', models.DateTimeField(blank=True, null=True)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='cases.case')),
            ],
            options={
                'verbose_name': 'Hold on a case',
                'verbose_name_plural': 'Holds on cases',
                'ordering': ['-placed_at', '-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at__isnull', True)), fields=('case',), name='case_held_once')],
            },
        ),
        migrations.CreateModel(
            name='Release',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('text', models.TextField(blank=True, verbose_name='Words')),
                ('by_id', models.UUIDField()),
                ('by_name', models.CharField(max_length=200)),
                ('at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('withdrawn_by_id', models.UUIDField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('attachment', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='cases.attachment')),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='releases', to='cases.case')),
            ],
            options={
                'verbose_name': 'Part made public',
                'verbose_name_plural': 'Parts made public',
                'ordering': ['at', 'id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('attachment__isnull', True), ('withdrawn_at__isnull', True)), fields=('case',), name='case_words_released_once'), models.UniqueConstraint(condition=models.Q(('attachment__isnull', False), ('withdrawn_at__isnull', True)), fields=('attachment',), name='case_photo_released_once'), models.CheckConstraint(condition=models.Q(('attachment__isnull', True), ('text', ''), _connector='OR'), name='case_release_words_or_photo')],
            },
        ),
        RowSecurityThrough("cases_hold", SEEN, commands=("select",)),
        RowSecurityThrough("cases_hold", KEEPS, commands=("insert", "update")),
        RowSecurityThrough("cases_release", SEEN, commands=("select",)),
        RowSecurityThrough("cases_release", RELEASES, commands=("insert", "update")),
        # files to remove are the worker's business alone
        RowSecurityThrough("cases_erasedfile", "false", commands=("select",)),
        migrations.RunSQL(STAYS, STAYED),
        migrations.RunSQL(PUBLISHED, OLD),
    ]
