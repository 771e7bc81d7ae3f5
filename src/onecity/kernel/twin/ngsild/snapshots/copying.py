"""The statements that copy into the space of a snapshot."""

from typing import Final

from onecity.kernel.twin.ngsild.store import statements

# several queries may find the same entity, each another part of it
KEEP: Final = (
    statements.INSERT.partition("ON CONFLICT")[0]
    + """ON CONFLICT (tenant, urn) DO UPDATE SET attributes = twin_entity.attributes || excluded.attributes,
    extent = coalesce(excluded.extent, twin_entity.extent), lon = coalesce(excluded.lon, twin_entity.lon),
    lat = coalesce(excluded.lat, twin_entity.lat)"""
)
PLACES: Final = """
SELECT urn, division_path, public FROM twin_evolution_seen WHERE tenant = %s AND urn = ANY (%s)
UNION ALL SELECT urn, division_path, public FROM twin_seen WHERE tenant = %s AND urn = ANY (%s)
"""
HISTORY: Final = """
INSERT INTO twin_evolution (tenant, urn, types, created_at, modified_at, deleted_at, division_path, public)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
# all of them count as corrections: of one moment there may be several, as the log has them
INSTANCES: Final = """
INSERT INTO twin_instance (tenant, urn, attribute, instance_id, dataset_id, observed_at, created_at, modified_at, instance,
    corrects, division_path, public)
SELECT %s, %s, n.attribute, n.instance_id, n.dataset_id, n.observed_at, n.created_at, n.modified_at, n.instance, true, %s, %s
FROM json_to_recordset(%s::json) AS n(attribute text, instance_id text, dataset_id text, observed_at timestamptz,
    created_at timestamptz, modified_at timestamptz, instance jsonb)
ON CONFLICT DO NOTHING
"""
CENSUS: Final = """
INSERT INTO twin_census (tenant, division_path, public, type, attribute, kind, entities)
SELECT e.tenant, e.division_path, e.public, t.type, k.attribute, k.kind, count(*) FROM twin_entity e,
    unnest(e.types) AS t(type),
    LATERAL (SELECT '' AS attribute, '' AS kind
        UNION SELECT a.key, i ->> 'type' FROM jsonb_each(e.attributes) a, jsonb_array_elements(a.value) i) k
WHERE e.tenant = %s GROUP BY 1, 2, 3, 4, 5, 6
"""
CLONE: Final = (
    """
INSERT INTO twin_entity (id, tenant, urn, type, key, name, types, scopes, attributes, extent, lon, lat, properties,
    division_path, public, status, expires_at, perishes_at, created_at, changed_at)
SELECT uuidv7(), %(space)s, urn, type, '', name, types, scopes, attributes, extent, lon, lat, properties, division_path,
    public, status, expires_at, perishes_at, created_at, changed_at
FROM twin_seen WHERE tenant = %(source)s
""",
    """
INSERT INTO twin_evolution (tenant, urn, types, created_at, modified_at, deleted_at, division_path, public)
SELECT %(space)s, urn, types, created_at, modified_at, deleted_at, division_path, public
FROM twin_evolution_seen WHERE tenant = %(source)s
""",
    """
INSERT INTO twin_instance (tenant, urn, attribute, instance_id, dataset_id, observed_at, created_at, modified_at, instance,
    corrects, division_path, public)
SELECT %(space)s, urn, attribute, instance_id, dataset_id, observed_at, created_at, modified_at, instance, corrects,
    division_path, public
FROM twin_instance_seen WHERE tenant = %(source)s
""",
    """
INSERT INTO twin_erasure (tenant, urn, attribute, dataset_id, at, division_path, public)
SELECT %(space)s, urn, attribute, dataset_id, at, division_path, public FROM twin_erasure_seen WHERE tenant = %(source)s
""",
    """
INSERT INTO twin_change (at, entity_id, operation, public, tenant, urn, division_path, types, changes, previous)
SELECT c.at, n.id, c.operation, c.public, n.tenant, c.urn, c.division_path, c.types, c.changes, c.previous
FROM twin_entity o JOIN twin_change c ON c.entity_id = o.id AND c.at >= o.created_at
JOIN twin_entity n ON n.tenant = %(space)s AND n.urn = o.urn WHERE o.tenant = %(source)s ORDER BY c.id
""",
)
