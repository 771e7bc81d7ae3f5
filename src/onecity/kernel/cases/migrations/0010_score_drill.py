"""The cases behind each figure of the score card, counted by the very rows that the figure counts; and what was found unasked."""

from django.db import migrations

from onecity.kernel.access.session import CURRENT_ACCOUNT

FIGURES = ("received", "reached", "missed", "settled", "solved", "ended", "late", "redone")
# the offices that whoever asks may see, and every act that counts: which office, as what, in which case, when
ACTS = f"""
    WITH offices AS MATERIALIZED (
        SELECT o.id, o.name, o.division_path, coalesce(d.level, '') AS level FROM people_organisation o
        LEFT JOIN places_division d ON d.path = o.division_path AND d.valid_to IS NULL
        WHERE o.is_active AND o.division_path ^@ place AND o.division_path ^@ ANY (ARRAY(
            SELECT path FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} AND permission IN ('cases.view', '*')
            AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp())))
    ), meaning AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(steps) AS s (t text, v integer, a text, m text, r boolean)
    ), entries AS MATERIALIZED (
        SELECT e.case_id, e.version, e.at, e.action, e.data, c.type_name, c.type_version, c.organisation_id,
            c.final_deadline, c.overdue_since
        FROM cases_caseevent e JOIN cases_case c ON c.id = e.case_id
        WHERE e.at >= since AND e.at < until AND e.action <> ALL (
            ARRAY['comment', 'attach', 'due_soon', 'overdue', 'assign', 'word', 'rated', 'alert_end', 'part_ended'])
    ), told AS (
        SELECT nullif(n.data ->> 'organisation_id', '')::uuid AS office, found.what, n.case_id, n.at FROM entries n
        CROSS JOIN LATERAL (VALUES
            ('received'), (CASE WHEN n.action = 'open' AND rules -> 'proactive' ? (n.data ->> 'source') THEN 'proactive' END)
        ) AS found (what) WHERE n.action IN ('open', 'hand_over') AND found.what IS NOT NULL
        UNION ALL
        SELECT organisation_id, CASE WHEN (data ->> 'reached')::boolean THEN 'reached' ELSE 'missed' END, case_id, at FROM (
            SELECT DISTINCT ON (case_id) * FROM entries WHERE action = 'contact' ORDER BY case_id, version
        ) first_words
        UNION ALL
        SELECT n.organisation_id, found.what, n.case_id, n.at FROM entries n
        JOIN meaning m ON m.t = n.type_name AND m.v = n.type_version AND m.a = n.action
        CROSS JOIN LATERAL (VALUES
            (CASE WHEN m.r AND rules -> 'settled_by' ? (n.data ->> 'result') THEN 'settled' END),
            (CASE WHEN m.r AND rules -> 'solved' ? (n.data ->> 'result') THEN 'solved' END),
            (CASE WHEN m.m = 'end' THEN 'ended' END),
            (CASE WHEN m.m = 'end' AND n.overdue_since < n.at THEN 'late' END),
            (CASE WHEN m.m = 'redo' THEN 'redone' END)
        ) AS found (what) WHERE found.what IS NOT NULL
    ), rated AS (
        SELECT c.organisation_id AS office, r.case_id, r.at, (rules -> 'satisfaction' ->> r.stars::text)::float8 AS good
        FROM cases_rating r JOIN cases_case c ON c.id = r.case_id
        WHERE r.at >= since AND r.at < until AND r.real_name AND NOT r.additional AND NOT r.flagged
    )
"""  # noqa: S608 - constants of this program
TALLY = f"""
DROP FUNCTION cases_score_tally(timestamptz, timestamptz, text, jsonb, jsonb);
CREATE FUNCTION cases_score_tally(since timestamptz, until timestamptz, place text, steps jsonb, rules jsonb)
RETURNS TABLE (
    office uuid, title text, division_path text, level text, received bigint, reached bigint, missed bigint, settled bigint,
    solved bigint, ended bigint, late bigint, redone bigint, ratings bigint, satisfaction double precision, proactive bigint
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    {ACTS}, counted AS (
        SELECT office, what, count(*) AS n FROM told GROUP BY office, what
    ), thanked AS (
        SELECT office, count(*) AS n, sum(good) AS good FROM rated GROUP BY office
    )
    SELECT o.id, o.name, o.division_path, o.level,
        {", ".join(f"coalesce(max(k.n) FILTER (WHERE k.what = '{name}'), 0)" for name in FIGURES)},
        coalesce(max(r.n), 0), coalesce(max(r.good), 0), coalesce(max(k.n) FILTER (WHERE k.what = 'proactive'), 0)
    FROM offices o LEFT JOIN counted k ON k.office = o.id LEFT JOIN thanked r ON r.office = o.id
    GROUP BY o.id, o.name, o.division_path, o.level ORDER BY o.division_path, o.name
$$;
REVOKE ALL ON FUNCTION cases_score_tally(timestamptz, timestamptz, text, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_score_tally(timestamptz, timestamptz, text, jsonb, jsonb) TO onecity_app;
"""  # noqa: S608 - same
# only ids leave this function, for an office that may be seen: the cases themselves are read under the rights on them
BEHIND = f"""
CREATE FUNCTION cases_score_behind(
    since timestamptz, until timestamptz, place text, steps jsonb, rules jsonb, wanted uuid, figure text, most integer
) RETURNS TABLE (case_id uuid, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    {ACTS}
    SELECT f.case_id, f.at FROM (
        SELECT t.office, t.case_id, t.at FROM told t WHERE t.what = figure
        UNION ALL SELECT r.office, r.case_id, r.at FROM rated r WHERE figure = 'ratings'
    ) f JOIN offices o ON o.id = f.office WHERE o.id = wanted ORDER BY f.at DESC, f.case_id LIMIT most
$$;
REVOKE ALL ON FUNCTION cases_score_behind(timestamptz, timestamptz, text, jsonb, jsonb, uuid, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_score_behind(timestamptz, timestamptz, text, jsonb, jsonb, uuid, text, integer)
    TO onecity_app;
"""  # noqa: S608 - same
NO_BEHIND = "DROP FUNCTION cases_score_behind(timestamptz, timestamptz, text, jsonb, jsonb, uuid, text, integer)"


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_field")]

    operations = [
        # the earlier function is left as this one on the way back: it only has one column more at its end
        migrations.RunSQL(TALLY, migrations.RunSQL.noop),
        migrations.RunSQL(BEHIND, NO_BEHIND),
    ]
