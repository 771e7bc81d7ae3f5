"""Which towns an answer may lack, for doors at which nobody has to sign in: codes and times, nothing of what they hold."""

from django.db import migrations

# the same as status.missing says: cut off, or with more to come than is on its way in any moment
REACH = """
CREATE FUNCTION tiers_out_of_reach() RETURNS TABLE (code text, division_path text, heard_at timestamptz, connected boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT s.code, s.division_path, s.heard_at, s.alive FROM (
        SELECT p.code, p.division_path, l.heard_at,
            coalesce(l.connected AND l.heard_at > now() - interval '15 seconds', false) AS alive,
            coalesce((SELECT sum(b.value::int8) FROM jsonb_each_text(l.behind) b), 0) AS behind,
            coalesce((l.said ->> 'oldest')::float8, 0) AS oldest
        FROM tiers_peer p LEFT JOIN tiers_link l ON l.peer_id = p.code WHERE p.state = 'joined' AND p.direction = 'down'
    ) s WHERE NOT s.alive OR (s.behind > 200 AND s.oldest > 5) ORDER BY s.code
$$;
CREATE FUNCTION tiers_place_of(asked_tenant text, asked_urn text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT e.division_path FROM twin_entity e WHERE e.tenant = asked_tenant AND e.urn = asked_urn
$$;
REVOKE ALL ON FUNCTION tiers_out_of_reach(), tiers_place_of(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tiers_out_of_reach(), tiers_place_of(text, text) TO onecity_app;
"""


class Migration(migrations.Migration):
    """Creates what is written above."""

    dependencies = [
        ("tiers", "0005_said"),
        ("twin", "0004_changes"),
    ]

    operations = [
        migrations.RunSQL(REACH, "DROP FUNCTION tiers_out_of_reach(); DROP FUNCTION tiers_place_of(text, text)"),
    ]
