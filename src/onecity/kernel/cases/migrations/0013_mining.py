"""The log from which bottlenecks are mined: histories of the newest cases of a period, where whoever asks may see cases."""

from django.db import migrations

from onecity.kernel.access.session import CURRENT_ACCOUNT

# as in 0004: all texts that begin with the path
WITHIN = """cases_path_range(path, CASE WHEN path <> '' THEN left(path, -1) || chr(ascii(right(path, 1)) + 1) END)"""
# the policy on the history asks for the case of every entry; here the cases are chosen first, by the same scopes, and no
# word of what people wrote leaves the function
LOG = f"""
CREATE FUNCTION cases_mining_log(since timestamptz, until timestamptz, place text, kind text, most integer)
RETURNS TABLE (
    chosen bigint, case_id uuid, type_name text, type_version integer, at double precision, action text, from_state text,
    to_state text, office text
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    seen cases_path_multirange := (
        SELECT range_agg({WITHIN}) FROM access_grant WHERE account_id = {CURRENT_ACCOUNT}
        AND permission IN ('cases.view', '*') AND valid_from <= statement_timestamp()
        AND (valid_to IS NULL OR valid_to > statement_timestamp()));
BEGIN
    RETURN QUERY WITH newest AS MATERIALIZED (
        SELECT row_number() OVER () AS n, c.* FROM (
            SELECT i.id, i.type_name, i.type_version FROM cases_case i
            WHERE i.opened_at >= since AND i.opened_at < until AND (kind = '' OR i.type_name = kind)
            AND i.division_path ^@ place AND seen @> i.division_path
            ORDER BY i.opened_at DESC, i.id DESC LIMIT most) c
    )
    SELECT c.n, c.id, c.type_name::text, c.type_version, extract(epoch FROM e.at)::double precision, e.action::text,
        e.from_state::text, e.to_state::text,
        CASE WHEN e.action IN ('open', 'hand_over') THEN e.data ->> 'organisation_id' END
    FROM newest c JOIN cases_caseevent e ON e.case_id = c.id ORDER BY c.n, e.version;
END $$;
REVOKE ALL ON FUNCTION cases_mining_log(timestamptz, timestamptz, text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_mining_log(timestamptz, timestamptz, text, text, integer) TO onecity_app;
"""  # noqa: S608 - constants of this program


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_intake")]
    operations = [
        migrations.RunSQL(LOG, "DROP FUNCTION cases_mining_log(timestamptz, timestamptz, text, text, integer)")
    ]
