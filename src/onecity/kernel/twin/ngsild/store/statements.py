"""The SQL of the writer. Rows come as one JSON text a statement: made by one call in C, and no parameter a value."""

TIME = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""

# in the order of URN, so that two writers never hold what the other waits for
LOCK = f"""
SELECT id::text, urn, types, scopes, attributes::text, {TIME.format("created_at")}, {TIME.format("changed_at")},
    CASE WHEN expires_at IS NOT NULL THEN {TIME.format("expires_at")} END,
    type, division_path, public, measured
FROM twin_entity WHERE tenant = %s AND urn = ANY (%s) ORDER BY urn FOR UPDATE
"""  # noqa: S608 - nothing in it comes from outside

SCOPES = """
SELECT path FROM access_grant WHERE account_id = nullif(current_setting('onecity.account', true), '')::uuid
AND permission IN ('entities.edit', '*') AND valid_from <= statement_timestamp()
AND (valid_to IS NULL OR valid_to > statement_timestamp())
"""

# values only: no indexed column changes, so the new version stays on its page
UPDATE_VALUES = """
UPDATE twin_entity e SET attributes = n.attributes, changed_at = n.changed_at, perishes_at = n.perishes_at
FROM json_to_recordset(%s::json) AS n(id uuid, attributes jsonb, changed_at timestamptz, perishes_at timestamptz)
WHERE e.id = n.id
"""

UPDATE_ALL = """
UPDATE twin_entity e SET attributes = n.attributes, changed_at = n.changed_at, types = n.types, scopes = n.scopes,
    type = n.type, name = n.name, extent = n.extent::box, lon = n.lon, lat = n.lat, expires_at = n.expires_at,
    created_at = n.created_at, perishes_at = n.perishes_at
FROM json_to_recordset(%s::json) AS n(id uuid, attributes jsonb, changed_at timestamptz, types text[], scopes text[],
    type text, name text, extent text, lon float8, lat float8, expires_at timestamptz, created_at timestamptz, perishes_at timestamptz)
WHERE e.id = n.id
"""

INSERT = """
INSERT INTO twin_entity (id, tenant, urn, type, key, name, types, scopes, attributes, extent, lon, lat, properties,
    division_path, public, status, expires_at, perishes_at, created_at, changed_at)
SELECT n.id, n.tenant, n.urn, n.type, '', n.name, n.types, n.scopes, n.attributes, n.extent::box, n.lon, n.lat, '{}',
    n.division_path, n.public, 'active', n.expires_at, n.perishes_at, n.created_at, n.changed_at
FROM json_to_recordset(%s::json) AS n(id uuid, tenant text, urn text, type text, name text, types text[], scopes text[],
    attributes jsonb, extent text, lon float8, lat float8, division_path text, public bool, expires_at timestamptz,
    perishes_at timestamptz, created_at timestamptz, changed_at timestamptz)
ON CONFLICT (tenant, urn) DO NOTHING
"""

# new entities and their first changes from one text: what an entity begins with is its document and `also`, so that it is
# sent and read once for both; `logged_at` is empty where the change is not that simple and is written by CHANGES
CREATE = """
WITH n AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%s::json) AS n(id uuid, tenant text, urn text, type text, name text, types text[],
        scopes text[], attributes jsonb, extent text, lon float8, lat float8, division_path text, public bool,
        expires_at timestamptz, perishes_at timestamptz, created_at timestamptz, changed_at timestamptz,
        logged_at timestamptz, also jsonb)
), logged AS (
    INSERT INTO twin_change (at, entity_id, operation, public, tenant, urn, division_path, types, changes, previous)
    SELECT n.logged_at, n.id, 1, n.public, n.tenant, n.urn, n.division_path, n.types, n.attributes || n.also, NULL
    FROM n WHERE n.logged_at IS NOT NULL
)
INSERT INTO twin_entity (id, tenant, urn, type, key, name, types, scopes, attributes, extent, lon, lat, properties,
    division_path, public, status, expires_at, perishes_at, created_at, changed_at)
SELECT n.id, n.tenant, n.urn, n.type, '', n.name, n.types, n.scopes, n.attributes, n.extent::box, n.lon, n.lat, '{}',
    n.division_path, n.public, 'active', n.expires_at, n.perishes_at, n.created_at, n.changed_at
FROM n ON CONFLICT (tenant, urn) DO NOTHING
"""

DELETE = "DELETE FROM twin_entity WHERE id = ANY (%s::uuid[])"

CHANGES = """
INSERT INTO twin_change (at, entity_id, operation, public, tenant, urn, division_path, types, changes, previous)
SELECT * FROM json_to_recordset(%s::json) AS n(at timestamptz, entity_id uuid, operation int2, public bool, tenant text,
    urn text, division_path text, types text[], changes jsonb, previous jsonb)
"""

CENSUS = """
INSERT INTO twin_census (tenant, division_path, public, type, attribute, kind, entities)
SELECT * FROM json_to_recordset(%s::json) AS n(tenant text, division_path text, public bool, type text, attribute text,
    kind text, entities int8)
"""

TENANT = "INSERT INTO twin_tenant (name) VALUES (%s) ON CONFLICT DO NOTHING"
CHANNEL = "twin_change"
NOTIFY = f"SELECT pg_notify('{CHANNEL}', '')"
DAY = "SELECT twin_change_day(%s)"
READINGS = "SELECT id::text, readings::text FROM twin_seen WHERE id = ANY (%s::uuid[])"
SEEN = "SELECT urn FROM twin_seen WHERE tenant = %s AND urn = ANY (%s)"
# which of these names are taken, by entities that the asking role may neither see nor write as well
TAKEN = "SELECT twin_taken(%s, %s)"
# what is done in a snapshot travels to no other tier
KEPT_HERE = "SELECT set_config('onecity.tiers_from', 'snapshot', true)"
