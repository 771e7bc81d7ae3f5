"""Indexes for a million cases with thirty million entries, and figures of offices that read only what counts.

Of thirty entries of a case three or four are counted. They have an index of their own, by time; and of each entry only the
few words that decide are kept while counting, so that a month of a district is counted in memory.
"""

from django.db import migrations, models

from onecity.kernel.access.session import CURRENT_ACCOUNT

FIGURES = ("received", "reached", "missed", "settled", "solved", "ended", "late", "redone")
# what never counts, whatever a kind of case calls its steps; the index leaves it out by the same words
NO_FIGURE = "('comment', 'attach', 'due_soon', 'overdue', 'assign', 'word', 'rated', 'alert_end', 'part_ended')"
COUNTED = f"CREATE INDEX case_event_counted ON cases_caseevent (at) WHERE action NOT IN {NO_FIGURE}"
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
        SELECT e.case_id, e.version, e.at, e.action, c.type_name, c.type_version, c.organisation_id, c.overdue_since,
            CASE WHEN e.action IN ('open', 'hand_over') THEN nullif(e.data ->> 'organisation_id', '')::uuid END AS asked,
            CASE WHEN e.action = 'open' THEN e.data ->> 'source' END AS source,
            CASE WHEN e.action = 'contact' THEN (e.data ->> 'reached')::boolean END AS reached, e.data ->> 'result' AS result
        FROM cases_caseevent e JOIN cases_case c ON c.id = e.case_id
        WHERE e.at >= since AND e.at < until AND NOT c.confidential AND e.action NOT IN {NO_FIGURE}
            AND e.action = ANY (ARRAY(SELECT a FROM meaning UNION VALUES ('open'), ('hand_over'), ('contact')))
    ), told AS (
        SELECT n.asked AS office, found.what, n.case_id, n.at FROM entries n
        CROSS JOIN LATERAL (VALUES
            ('received'), (CASE WHEN n.action = 'open' AND rules -> 'proactive' ? n.source THEN 'proactive' END)
        ) AS found (what) WHERE n.action IN ('open', 'hand_over') AND found.what IS NOT NULL
        UNION ALL
        SELECT organisation_id, CASE WHEN reached THEN 'reached' ELSE 'missed' END, case_id, at FROM (
            SELECT DISTINCT ON (case_id) * FROM entries WHERE action = 'contact' ORDER BY case_id, version
        ) first_words
        UNION ALL
        SELECT n.organisation_id, found.what, n.case_id, n.at FROM entries n
        JOIN meaning m ON m.t = n.type_name AND m.v = n.type_version AND m.a = n.action
        CROSS JOIN LATERAL (VALUES
            (CASE WHEN m.r AND rules -> 'settled_by' ? n.result THEN 'settled' END),
            (CASE WHEN m.r AND rules -> 'solved' ? n.result THEN 'solved' END),
            (CASE WHEN m.m = 'end' THEN 'ended' END),
            (CASE WHEN m.m = 'end' AND n.overdue_since < n.at THEN 'late' END),
            (CASE WHEN m.m = 'redo' THEN 'redone' END)
        ) AS found (what) WHERE found.what IS NOT NULL
    ), rated AS (
        SELECT c.organisation_id AS office, r.case_id, r.at, (rules -> 'satisfaction' ->> r.stars::text)::float8 AS good
        FROM cases_rating r JOIN cases_case c ON c.id = r.case_id
        WHERE r.at >= since AND r.at < until AND r.real_name AND NOT r.additional AND NOT r.flagged AND NOT c.confidential
    )
"""  # noqa: S608 - constants of this program
TALLY = f"""
CREATE OR REPLACE FUNCTION cases_score_tally(since timestamptz, until timestamptz, place text, steps jsonb, rules jsonb)
RETURNS TABLE (
    office uuid, title text, division_path text, level text, received bigint, reached bigint, missed bigint, settled bigint,
    solved bigint, ended bigint, late bigint, redone bigint, ratings bigint, satisfaction double precision, proactive bigint
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '64MB' AS $$
    {ACTS}, counted AS MATERIALIZED (
        SELECT office, what, count(*) AS n FROM told GROUP BY office, what
    ), thanked AS MATERIALIZED (
        SELECT office, count(*) AS n, sum(good) AS good FROM rated GROUP BY office
    )
    SELECT o.id, o.name, o.division_path, o.level,
        {", ".join(f"coalesce(max(k.n) FILTER (WHERE k.what = '{name}'), 0)" for name in FIGURES)},
        coalesce(max(r.n), 0), coalesce(max(r.good), 0), coalesce(max(k.n) FILTER (WHERE k.what = 'proactive'), 0)
    FROM offices o LEFT JOIN counted k ON k.office = o.id LEFT JOIN thanked r ON r.office = o.id
    GROUP BY o.id, o.name, o.division_path, o.level ORDER BY o.division_path, o.name
$$;
"""  # noqa: S608 - same
BEHIND = f"""
CREATE OR REPLACE FUNCTION cases_score_behind(
    since timestamptz, until timestamptz, place text, steps jsonb, rules jsonb, wanted uuid, figure text, most integer
) RETURNS TABLE (case_id uuid, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '64MB' AS $$
    {ACTS}
    SELECT f.case_id, f.at FROM (
        SELECT t.office, t.case_id, t.at FROM told t WHERE t.what = figure
        UNION ALL SELECT r.office, r.case_id, r.at FROM rated r WHERE figure = 'ratings'
    ) f JOIN offices o ON o.id = f.office WHERE o.id = wanted ORDER BY f.at DESC, f.case_id LIMIT most
$$;
"""  # noqa: S608 - same
# Django adds it for text that is searched for by its beginning; source keys never are
NO_BEGINNINGS = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT indexname FROM pg_indexes WHERE tablename = 'cases_case' AND indexname LIKE 'cases_case_source_key_%_like' LOOP
        EXECUTE format('DROP INDEX %I', name);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0023_rules")]

    operations = [
        migrations.RunSQL(COUNTED, "DROP INDEX case_event_counted"),
        # both functions answer as before
        migrations.RunSQL(TALLY, migrations.RunSQL.noop),
        migrations.RunSQL(BEHIND, migrations.RunSQL.noop),
        migrations.RunSQL(NO_BEGINNINGS, migrations.RunSQL.noop),
        # the other way round it serves those who know the number alone, and one index less is written with each change
        migrations.RemoveConstraint(model_name="case", name="case_number_once"),
        migrations.RemoveIndex(model_name="case", name="case_number"),
        migrations.AddConstraint(
            model_name="case", constraint=models.UniqueConstraint(fields=("number", "district"), name="case_number_once")
        ),
    ]
