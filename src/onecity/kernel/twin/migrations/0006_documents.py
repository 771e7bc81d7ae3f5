"""Entities that were there before get their documents, their census, and the change log its first days."""

from django.db import migrations

DAY = """
CREATE OR REPLACE FUNCTION twin_change_day(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    part text := 'twin_change_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass('public.' || part) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(2116943873);
    IF to_regclass('public.' || part) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.twin_change INCLUDING DEFAULTS)', part);
    EXECUTE format('REVOKE ALL ON public.%I FROM onecity_app', part);
    EXECUTE format('ALTER TABLE public.twin_change ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', part,
        day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
END $$;
"""

FIRST_DAYS = "SELECT twin_change_day((now() AT TIME ZONE 'UTC')::date + n) FROM generate_series(0, 3) n"

# what twin.service writes from now on, for what it wrote before
DOCUMENTS = """
WITH dated AS (
    SELECT id, jsonb_build_object('createdAt', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'modifiedAt', to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) AS times FROM twin_entity
), related AS (
    SELECT r.source_id, r.kind, jsonb_agg(t.urn ORDER BY r.id) AS targets
    FROM twin_relation r JOIN twin_entity t ON t.id = r.target_id GROUP BY r.source_id, r.kind
)
UPDATE twin_entity e SET types = ARRAY[e.type], measured = true,
    extent = CASE WHEN e.lon IS NOT NULL THEN box(point(e.lon, e.lat)) END,
    attributes = coalesce((SELECT jsonb_object_agg(p.key, jsonb_build_array(
            jsonb_build_object('type', 'Property', 'value', p.value) || d.times))
            FROM jsonb_each(e.properties) p WHERE p.value <> 'null'::jsonb), '{}')
        || jsonb_build_object('name', jsonb_build_array(
            jsonb_build_object('type', 'Property', 'value', e.name) || d.times))
        || CASE WHEN e.lon IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('https://uri.etsi.org/ngsi-ld/location',
            jsonb_build_array(jsonb_build_object('type', 'GeoProperty', 'value',
                jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(e.lon, e.lat))) || d.times)) END
        || coalesce((SELECT jsonb_object_agg(r.kind, jsonb_build_array(jsonb_build_object('type', 'Relationship', 'object',
            CASE WHEN jsonb_array_length(r.targets) = 1 THEN r.targets -> 0 ELSE r.targets END) || d.times))
            FROM related r WHERE r.source_id = e.id), '{}')
FROM dated d WHERE d.id = e.id AND cardinality(e.types) = 0
"""

CENSUS = """
INSERT INTO twin_census (tenant, division_path, public, type, attribute, kind, entities)
SELECT e.tenant, e.division_path, e.public, t.type, a.name, a.kind, count(*) FROM twin_entity e, unnest(e.types) t(type),
    LATERAL (SELECT '' AS name, '' AS kind UNION
        SELECT f.key, i.value ->> 'type' FROM jsonb_each(e.attributes) f, jsonb_array_elements(f.value) i) a
GROUP BY 1, 2, 3, 4, 5, 6
"""


class Migration(migrations.Migration):
    """Fills what 0003 and 0004 made."""

    dependencies = [("twin", "0005_contexts")]

    operations = [
        migrations.RunSQL(DAY, migrations.RunSQL.noop),
        migrations.RunSQL(FIRST_DAYS, migrations.RunSQL.noop),
        migrations.RunSQL(DOCUMENTS, migrations.RunSQL.noop),
        migrations.RunSQL("TRUNCATE twin_census", migrations.RunSQL.noop),
        migrations.RunSQL(CENSUS, migrations.RunSQL.noop),
    ]
