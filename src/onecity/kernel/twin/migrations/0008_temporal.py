"""History that clients write or take back (5.6.11-16), and readings as the history of entities that the asker may see."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurity, scope_predicate

VIEW, EDIT = "entities.view", "entities.edit"
SCOPED = "'=' || division_path ^@ ANY (string_to_array(nullif(current_setting('onecity.{name}', true), ''), E'\\n'))"
SEES = f"({scope_predicate(VIEW)}) OR public OR ({SCOPED.format(name='entities_seen')})"
WRITES = f"({scope_predicate(EDIT)}) OR ({SCOPED.format(name='entities_written')})"

# `twin_evolution`: what has a history although there is no such entity now, or whose history clients wrote; `past` are
# the numbers under which the change log knows entities of this name that were deleted.
# `twin_instance`: instances that clients wrote; those that `corrects` stand for one of the change log;
# `instance` null takes it back.
# `twin_erasure`: up to which moment a history was taken back ('' every attribute, dataset '*' every data set).
TABLES = """
CREATE TABLE twin_evolution (
    tenant text COLLATE "C" NOT NULL,
    urn text COLLATE "C" NOT NULL,
    types text[] NOT NULL,
    past uuid[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    deleted_at timestamptz,
    division_path text COLLATE "C" NOT NULL,
    public bool NOT NULL,
    PRIMARY KEY (tenant, urn)
);
CREATE INDEX twin_evolution_by_type ON twin_evolution USING gin (types);
CREATE TABLE twin_instance (
    tenant text COLLATE "C" NOT NULL,
    urn text COLLATE "C" NOT NULL,
    attribute text COLLATE "C" NOT NULL,
    instance_id text COLLATE "C" NOT NULL,
    dataset_id text COLLATE "C" NOT NULL DEFAULT '',
    observed_at timestamptz,
    created_at timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    instance jsonb,
    corrects bool NOT NULL DEFAULT false,
    division_path text COLLATE "C" NOT NULL,
    public bool NOT NULL,
    PRIMARY KEY (tenant, urn, attribute, instance_id)
);
-- what is sent again is there once
CREATE UNIQUE INDEX twin_instance_once ON twin_instance (tenant, urn, attribute, dataset_id, observed_at)
    WHERE observed_at IS NOT NULL AND NOT corrects;
CREATE INDEX twin_instance_observed ON twin_instance (tenant, urn, observed_at);
CREATE TABLE twin_erasure (
    tenant text COLLATE "C" NOT NULL,
    urn text COLLATE "C" NOT NULL,
    attribute text COLLATE "C" NOT NULL,
    dataset_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    division_path text COLLATE "C" NOT NULL,
    public bool NOT NULL,
    PRIMARY KEY (tenant, urn, attribute, dataset_id)
);
"""
POLICIES = "".join(
    f"""
ALTER POLICY onecity_select ON {table} USING ({SEES});
ALTER POLICY onecity_insert ON {table} WITH CHECK ({WRITES});
ALTER POLICY onecity_update ON {table} USING ({WRITES}) WITH CHECK ({WRITES});
ALTER POLICY onecity_delete ON {table} USING ({WRITES});
CREATE VIEW {table}_seen AS SELECT * FROM {table} WHERE {SEES};
REVOKE ALL ON {table}_seen FROM PUBLIC;
REVOKE ALL ON {table}_seen FROM onecity_app;
GRANT SELECT ON {table}_seen TO onecity_app;
"""  # noqa: S608 - nothing in it comes from outside
    for table in ("twin_evolution", "twin_instance", "twin_erasure")
)

# whoever deletes an entity, its history keeps its name, its types and where it belonged
GONE = """
CREATE FUNCTION twin_entity_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.twin_evolution AS e (tenant, urn, types, past, created_at, modified_at, deleted_at, division_path, public)
    SELECT g.tenant, g.urn, g.types, ARRAY[g.id], g.created_at, statement_timestamp(), statement_timestamp(), g.division_path,
        g.public
    FROM gone g ORDER BY g.tenant, g.urn
    ON CONFLICT (tenant, urn) DO UPDATE SET types = excluded.types, past = e.past || excluded.past,
        modified_at = excluded.modified_at, deleted_at = excluded.deleted_at, division_path = excluded.division_path,
        public = excluded.public;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION twin_entity_gone() FROM PUBLIC;
CREATE TRIGGER twin_entity_gone AFTER DELETE ON twin_entity REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION twin_entity_gone();
"""
NOT_GONE = "DROP TRIGGER twin_entity_gone ON twin_entity; DROP FUNCTION twin_entity_gone()"
LONG_GONE = """
INSERT INTO twin_evolution (tenant, urn, types, past, created_at, modified_at, deleted_at, division_path, public)
SELECT DISTINCT ON (c.tenant, c.urn) c.tenant, c.urn, c.types,
    (SELECT array_agg(DISTINCT d.entity_id) FROM twin_change d WHERE d.operation = 3 AND d.tenant = c.tenant AND d.urn = c.urn),
    c.at, c.at, c.at, c.division_path, c.public
FROM twin_change c WHERE c.operation = 3 ORDER BY c.tenant, c.urn, c.at DESC
ON CONFLICT DO NOTHING
"""

# The series under the names that NGSI-LD shows, and their readings. The wall is that of the entity they belong to; it is
# looked at once a question, and readings come as three arrays in PostgreSQL's binary form: no message a row.
SERIES = f"""
CREATE VIEW twin_series_seen AS
SELECT e.tenant, e.urn, s.id, coalesce(k.model_names ->> s.attribute, s.attribute) AS name, s.unit,
    (extract(epoch FROM l.observed_at) * 1000000)::int8 AS latest
FROM twin_entity e JOIN telemetry_series s ON s.entity_id = e.id LEFT JOIN twin_entitykind k ON k.name = e.type
LEFT JOIN telemetry_latest l ON l.series_id = s.id
WHERE e.measured AND ({SEES.replace("division_path", "e.division_path").replace(" public ", " e.public ")});
REVOKE ALL ON twin_series_seen FROM PUBLIC;
REVOKE ALL ON twin_series_seen FROM onecity_app;
GRANT SELECT ON twin_series_seen TO onecity_app;

CREATE FUNCTION twin_allowed(wanted int4[]) RETURNS int4[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT coalesce(array_agg(s.id ORDER BY s.id), '{{}}') FROM public.telemetry_series s
    JOIN public.twin_entity e ON e.id = s.entity_id
    WHERE s.id = ANY (wanted) AND ({SEES.replace("division_path", "e.division_path").replace(" public ", " e.public ")})
$$;
"""  # noqa: S608 - same
WHICH = """
CREATE FUNCTION twin_which(allowed int4[], at text, first timestamptz, last timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public AS $$
    SELECT CASE WHEN allowed[1] = allowed[cardinality(allowed)] THEN format('series_id = %s', allowed[1])
        WHEN cardinality(allowed) = 1 + allowed[cardinality(allowed)] - allowed[1]
            THEN format('series_id BETWEEN %s AND %s', allowed[1], allowed[cardinality(allowed)])
        ELSE format('series_id BETWEEN %s AND %s AND series_id = ANY (%L::int4[])', allowed[1],
            allowed[cardinality(allowed)], allowed) END
        || format(' AND %I >= %L::timestamptz AND %I < %L::timestamptz', at, first, at, last)
$$;
"""
# literals, not parameters: the planner then leaves out the days that do not matter
READINGS = """
CREATE FUNCTION twin_readings(wanted int4[], first timestamptz, last timestamptz, backwards bool, most int4)
RETURNS TABLE (series bytea, at bytea, value bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    allowed int4[] := public.twin_allowed(wanted);
BEGIN
    IF cardinality(allowed) = 0 THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format('SELECT array_send(array_agg(series_id)), array_send(array_agg(observed_at)),'
        ' array_send(array_agg(value)) FROM (SELECT series_id, observed_at, value FROM public.telemetry_observation'
        ' WHERE %s ORDER BY observed_at %s LIMIT %s) r HAVING count(*) > 0',
        public.twin_which(allowed, 'observed_at', first, last), CASE WHEN backwards THEN 'DESC' ELSE 'ASC' END, most);
END $$;

CREATE FUNCTION twin_gathered(wanted int4[], rolled bool, first timestamptz, last timestamptz, edges timestamptz[],
    width interval, origin timestamptz, spread bool)
RETURNS TABLE (series bytea, bucket bytea, readings bytea, total bytea, minimum bytea, maximum bytea, squares bytea, kinds bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    allowed int4[] := public.twin_allowed(wanted);
    cut text;
BEGIN
    IF cardinality(allowed) = 0 THEN
        RETURN;
    END IF;
    cut := CASE WHEN edges IS NULL THEN format('date_bin(%L::interval, %I, %L::timestamptz)', width,
            CASE WHEN rolled THEN 'hour' ELSE 'observed_at' END, origin)
        ELSE format('(%L::timestamptz[])[width_bucket(%I, %L::timestamptz[])]', edges,
            CASE WHEN rolled THEN 'hour' ELSE 'observed_at' END, edges) END;
    RETURN QUERY EXECUTE format('SELECT array_send(array_agg(s)), array_send(array_agg(b)), array_send(array_agg(n)),'
        ' array_send(array_agg(t)), array_send(array_agg(l)), array_send(array_agg(h)), array_send(array_agg(q)),'
        ' array_send(array_agg(k)) FROM (SELECT series_id AS s, %s AS b, %s AS n, sum(%s) AS t, min(%s) AS l, max(%s) AS h,'
        ' %s AS q, %s AS k FROM %s WHERE %s GROUP BY 1, 2 ORDER BY 1, 2) r HAVING count(*) > 0', cut,
        CASE WHEN rolled THEN 'sum(readings)::int8' ELSE 'count(*)' END,
        CASE WHEN rolled THEN 'total' ELSE 'value' END,
        CASE WHEN rolled THEN 'minimum' ELSE 'value' END,
        CASE WHEN rolled THEN 'maximum' ELSE 'value' END,
        CASE WHEN spread THEN 'sum(value * value)' ELSE '0::float8' END,
        CASE WHEN spread THEN 'count(DISTINCT value)' ELSE '0::int8' END,
        CASE WHEN rolled THEN 'public.telemetry_rollup' ELSE 'public.telemetry_observation' END,
        public.twin_which(allowed, CASE WHEN rolled THEN 'hour' ELSE 'observed_at' END, first, last));
END $$;
REVOKE ALL ON FUNCTION twin_allowed, twin_which, twin_readings, twin_gathered FROM PUBLIC;
GRANT EXECUTE ON FUNCTION twin_readings, twin_gathered TO onecity_app;
"""
UNDO = """
DROP FUNCTION twin_readings, twin_gathered, twin_which, twin_allowed;
DROP VIEW twin_series_seen;
"""


class Migration(migrations.Migration):
    """Creates what is written above."""

    dependencies = [("twin", "0007_subscriptions"), ("telemetry", "0009_part_of_a_day")]

    operations = [
        migrations.RunSQL(TABLES, "DROP TABLE twin_erasure, twin_instance, twin_evolution"),
        *(
            RowSecurity(table, permission=VIEW, write_permission=EDIT, public_when="public")
            for table in ("twin_evolution", "twin_instance", "twin_erasure")
        ),
        migrations.RunSQL(POLICIES, "DROP VIEW twin_evolution_seen, twin_instance_seen, twin_erasure_seen"),
        migrations.RunSQL(LONG_GONE, migrations.RunSQL.noop),
        migrations.RunSQL(GONE, NOT_GONE),
        migrations.RunSQL(SERIES + WHICH + READINGS, UNDO),
    ]
