"""The change log and the census of attributes, who may see and write entities, and the view that queries go through."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurity, scope_predicate

VIEW, EDIT = "entities.view", "entities.edit"

CHANGE = """
CREATE SEQUENCE twin_change_id;
CREATE TABLE twin_change (
    id int8 NOT NULL DEFAULT nextval('twin_change_id'),
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL,
    entity_id uuid NOT NULL,
    operation int2 NOT NULL,
    public bool NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    urn text COLLATE "C" NOT NULL,
    division_path text COLLATE "C" NOT NULL,
    types text[] NOT NULL,
    changes jsonb NOT NULL,
    previous jsonb
) PARTITION BY RANGE (at);
CREATE INDEX twin_change_in_order ON twin_change (txid, id);
CREATE INDEX twin_change_of_entity ON twin_change (entity_id, at);
"""

# The application's role may not create tables; this lets it have exactly the day's partition made. Attaching does not
# hold up readers or writers, and a check that says the same spares reading the (empty) table for that.
DAY = """
CREATE FUNCTION twin_change_day(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    part text := 'twin_change_' || to_char(day, 'YYYYMMDD');
BEGIN
    PERFORM pg_advisory_xact_lock(2116943873);
    IF to_regclass('public.' || part) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.twin_change INCLUDING DEFAULTS)', part);
    EXECUTE format('REVOKE ALL ON public.%I FROM onecity_app', part);
    EXECUTE format('ALTER TABLE public.twin_change ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', part,
        day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
END $$;
REVOKE ALL ON FUNCTION twin_change_day(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION twin_change_day(date) TO onecity_app;
"""

# a name is taken also by what the asking role may not see; this says so and no more
TAKEN = """
CREATE FUNCTION twin_taken(of_tenant text, urns text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT urn FROM public.twin_entity WHERE tenant = of_tenant AND urn = ANY (urns)
$$;
REVOKE ALL ON FUNCTION twin_taken(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION twin_taken(text, text[]) TO onecity_app;
"""

# How many entities have which attribute, as differences that writers append and the worker adds up: no two writers wait
# for one another over a counter. The attribute '' counts the entities themselves.
CENSUS = """
CREATE TABLE twin_census (
    tenant text COLLATE "C" NOT NULL,
    division_path text COLLATE "C" NOT NULL,
    public bool NOT NULL,
    type text COLLATE "C" NOT NULL,
    attribute text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    entities int8 NOT NULL
);
CREATE INDEX twin_census_by_type ON twin_census (tenant, type);
"""

# nearly every entity has one type; those with several are few
TYPES = """
CREATE INDEX entity_by_first_type ON twin_entity (tenant, (types[1]), urn);
CREATE INDEX entity_by_types ON twin_entity USING gin (types) WHERE cardinality(types) > 1;
"""
# room on each page keeps a change of values off the indexes; the document is compressed where it is large
ROOM = "ALTER TABLE twin_entity SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)"

# A device and the anonymous visitor of a demonstration are no accounts: what they may see and write is set beside the
# account, as lines '=<division path>' ('=' alone is everywhere).
SCOPED = "'=' || division_path ^@ ANY (string_to_array(nullif(current_setting('onecity.{name}', true), ''), E'\\n'))"
SEES = f"({scope_predicate(VIEW)}) OR public OR ({SCOPED.format(name='entities_seen')})"
WRITES = f"({scope_predicate(EDIT)}) OR ({SCOPED.format(name='entities_written')})"

POLICIES = f"""
ALTER POLICY onecity_select ON twin_entity USING ({SEES});
ALTER POLICY onecity_insert ON twin_entity WITH CHECK ({WRITES});
ALTER POLICY onecity_update ON twin_entity USING ({WRITES}) WITH CHECK ({WRITES});
ALTER POLICY onecity_delete ON twin_entity USING ({WRITES});
ALTER POLICY onecity_select ON twin_change USING ({SEES});
ALTER POLICY onecity_insert ON twin_change WITH CHECK ({WRITES});
ALTER POLICY onecity_select ON twin_census USING ({SEES});
ALTER POLICY onecity_insert ON twin_census WITH CHECK ({WRITES});
"""

# Under row-level security PostgreSQL does not let an index on a rectangle or an array work before the wall, since their
# operators are not declared leakproof: a query by place would read every row. This view has the same wall as a plain
# condition, so that every index may work; queries come from our own compiler, never from a user's SQL. `readings` are
# the newest values of the entity's series by stored name; they are looked up only where the query selects them.
SEEN = f"""
CREATE VIEW twin_seen AS SELECT e.*, CASE WHEN e.measured THEN (
    SELECT jsonb_object_agg(coalesce(k.model_names ->> s.attribute, s.attribute), jsonb_build_array(
        l.value, to_char(l.observed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), s.unit))
    FROM telemetry_series s JOIN telemetry_latest l ON l.series_id = s.id LEFT JOIN twin_entitykind k ON k.name = e.type
    WHERE s.entity_id = e.id AND s.active) END AS readings
FROM twin_entity e WHERE ({SEES}) AND (e.expires_at IS NULL OR e.expires_at > statement_timestamp());
REVOKE ALL ON twin_seen FROM PUBLIC;
REVOKE ALL ON twin_seen FROM onecity_app;
GRANT SELECT ON twin_seen TO onecity_app;
CREATE VIEW twin_changes_seen AS SELECT * FROM twin_change WHERE {SEES};
REVOKE ALL ON twin_changes_seen FROM PUBLIC;
REVOKE ALL ON twin_changes_seen FROM onecity_app;
GRANT SELECT ON twin_changes_seen TO onecity_app;
"""


class Migration(migrations.Migration):
    """Creates what is written above."""

    dependencies = [("twin", "0003_ngsild"), ("telemetry", "0003_walls"), ("access", "0001_initial")]

    operations = [
        migrations.RunSQL(CHANGE, "DROP TABLE twin_change; DROP SEQUENCE twin_change_id"),
        migrations.RunSQL(DAY, "DROP FUNCTION twin_change_day(date)"),
        migrations.RunSQL(TAKEN, "DROP FUNCTION twin_taken(text, text[])"),
        migrations.RunSQL(CENSUS, "DROP TABLE twin_census"),
        migrations.RunSQL(TYPES, "DROP INDEX entity_by_first_type; DROP INDEX entity_by_types"),
        migrations.RunSQL(ROOM, "ALTER TABLE twin_entity RESET (fillfactor, autovacuum_vacuum_scale_factor)"),
        RowSecurity("twin_change", permission=VIEW, write_permission=EDIT, public_when="public"),
        RowSecurity("twin_census", permission=VIEW, write_permission=EDIT, public_when="public"),
        migrations.RunSQL(POLICIES, migrations.RunSQL.noop),
        migrations.RunSQL(SEEN, "DROP VIEW twin_changes_seen; DROP VIEW twin_seen"),
    ]
