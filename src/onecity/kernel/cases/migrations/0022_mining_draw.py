"""Bottlenecks of any number of cases: a draw at random from all of the period in place of the newest, and how many there are."""

from django.db import migrations

from onecity.kernel.access.session import CURRENT_ACCOUNT

# as in 0004: all texts that begin with the path
WITHIN = """cases_path_range(path, CASE WHEN path <> '' THEN left(path, -1) || chr(ascii(right(path, 1)) + 1) END)"""
SEEN = f"""
    seen cases_path_multirange := (
        SELECT range_agg({WITHIN}) FROM access_grant WHERE account_id = {CURRENT_ACCOUNT}
        AND permission IN ('cases.view', '*') AND valid_from <= statement_timestamp()
        AND (valid_to IS NULL OR valid_to > statement_timestamp()));
"""  # noqa: S608 - constants of this program
POOL = """cases_case i WHERE i.opened_at >= since AND i.opened_at < until AND (kind = '' OR i.type_name = kind)
            AND i.division_path ^@ place AND seen @> i.division_path AND NOT i.confidential"""


def log(order: str) -> str:
    """The function that reads the histories of `most` cases, chosen in this order."""
    return f"""
CREATE OR REPLACE FUNCTION cases_mining_log(since timestamptz, until timestamptz, place text, kind text, most integer)
RETURNS TABLE (
    chosen bigint, case_id uuid, type_name text, type_version integer, at double precision, action text, from_state text,
    to_state text, office text
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    {SEEN}
BEGIN
    RETURN QUERY WITH drawn AS MATERIALIZED (
        SELECT row_number() OVER () AS n, c.* FROM (
            SELECT i.id, i.type_name, i.type_version FROM {POOL}
            ORDER BY {order} LIMIT most) c
    )
    SELECT c.n, c.id, c.type_name::text, c.type_version, extract(epoch FROM e.at)::double precision, e.action::text,
        e.from_state::text, e.to_state::text,
        CASE WHEN e.action IN ('open', 'hand_over') THEN e.data ->> 'organisation_id' END
    FROM drawn c JOIN cases_caseevent e ON e.case_id = c.id ORDER BY c.n, e.version;
END $$;
"""  # noqa: S608 - constants of this program


# by a hash of the id: as good as drawn by lot, and the same draw each time the page is opened
DRAWN = log("uuid_hash_extended(i.id, 0), i.id")
NEWEST = log("i.opened_at DESC, i.id DESC")
SIZE = f"""
CREATE FUNCTION cases_mining_size(since timestamptz, until timestamptz, place text, kind text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    {SEEN}
BEGIN
    RETURN (SELECT count(*) FROM {POOL});
END $$;
REVOKE ALL ON FUNCTION cases_mining_size(timestamptz, timestamptz, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_mining_size(timestamptz, timestamptz, text, text) TO onecity_app;
"""  # noqa: S608 - same


class Migration(migrations.Migration):
    dependencies = [("cases", "0021_keeping")]
    operations = [
        migrations.RunSQL(DRAWN, NEWEST),
        migrations.RunSQL(SIZE, "DROP FUNCTION cases_mining_size(timestamptz, timestamptz, text, text)"),
    ]
