"""What a new link begins with: each side offers the other every thing and every open case that lies in the town.

What both had already is merged like any two writes: equal values are equal, others are listed as a conflict.
"""

from django.db import connection, transaction

from onecity.kernel.tiers.models import Outbox, Position
from onecity.kernel.tiers.peers import Joined

STAMP = """
INSERT INTO tiers_stamp (object_id, field, hlc, node)
SELECT tiers_entity_name(e.tenant, e.urn), f.key, %(at)s, %(node)s
FROM twin_entity e, LATERAL (SELECT key FROM jsonb_object_keys(tiers_entity_fields(to_jsonb(e))) AS k (key)
    UNION ALL SELECT '') f
WHERE e.division_path ^@ %(path)s
ON CONFLICT (object_id, field) DO UPDATE SET hlc = excluded.hlc, node = excluded.node
"""
ENTITIES = """
INSERT INTO tiers_outbox (peer_id, channel, kind, body)
SELECT %(peer)s, 'changes', 'entity', jsonb_build_object('name', tiers_entity_name(e.tenant, e.urn), 'tenant', e.tenant,
    'urn', e.urn, 'id', e.id, 'operation', 'insert', 'at', %(at)s::int8, 'node', %(node)s::text,
    'division', e.division_path, 'title', e.name, 'whole', f.fields,
    'fields', (SELECT jsonb_object_agg(key, jsonb_build_array(value, 0)) FROM jsonb_each(f.fields)))
FROM twin_entity e, LATERAL (SELECT tiers_entity_fields(to_jsonb(e)) AS fields) f
WHERE e.division_path ^@ %(path)s ORDER BY e.id
"""
# the last event of each: what came before it goes with it, since the other side does not know the case
CASES = """
INSERT INTO tiers_outbox (peer_id, channel, kind, body)
SELECT %(peer)s, 'changes', 'case', tiers_case_body(to_jsonb(v)) FROM cases_case c
JOIN cases_caseevent v ON v.case_id = c.id AND v.version = c.version
WHERE c.division_path ^@ %(path)s AND c.closed_at IS NULL
AND NOT EXISTS (SELECT 1 FROM tiers_away a WHERE a.case_id = c.id)
ORDER BY c.opened_at, c.id
"""


@transaction.atomic
def offer(peer: Joined) -> bool:
    """Offer everything where nothing has been sent on this link yet; whether that was so."""
    begun = Position.objects.filter(peer_id=peer.code).exists() or Outbox.objects.filter(peer_id=peer.code).exists()
    if begun:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT tiers_tick()")
        (at,) = cursor.fetchone()
        values = {"peer": peer.code, "path": peer.division_path, "node": peer.node, "at": at}
        for statement in (STAMP, ENTITIES, CASES):
            cursor.execute(statement, values)
    return True
