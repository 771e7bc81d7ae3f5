"""Figures of offices out of the history, for whoever may see cases of their division; and the history's own order of time."""

import django.contrib.postgres.indexes
from django.db import migrations

from onecity.kernel.access.session import CURRENT_ACCOUNT

TALLY = f"""
CREATE FUNCTION cases_score_tally(since timestamptz, until timestamptz, place text, steps jsonb, rules jsonb)
RETURNS TABLE (
    office uuid, title text, division_path text, level text, received bigint, reached bigint, missed bigint, settled bigint,
    solved bigint, ended bigint, late bigint, redone bigint, ratings bigint, satisfaction double precision
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
        SELECT nullif(data ->> 'organisation_id', '')::uuid AS office, 'received' AS what FROM entries
        WHERE action IN ('open', 'hand_over')
        UNION ALL
        SELECT organisation_id, CASE WHEN (data ->> 'reached')::boolean THEN 'reached' ELSE 'missed' END FROM (
            SELECT DISTINCT ON (case_id) * FROM entries WHERE action = 'contact' ORDER BY case_id, version
        ) first_words
        UNION ALL
        SELECT n.organisation_id, found.what FROM entries n
        JOIN meaning m ON m.t = n.type_name AND m.v = n.type_version AND m.a = n.action
        CROSS JOIN LATERAL (VALUES
            (CASE WHEN m.r AND rules -> 'settled_by' ? (n.data ->> 'result') THEN 'settled' END),
            (CASE WHEN m.r AND rules -> 'solved' ? (n.data ->> 'result') THEN 'solved' END),
            (CASE WHEN m.m = 'end' THEN 'ended' END),
            (CASE WHEN m.m = 'end' AND n.overdue_since < n.at THEN 'late' END),
            (CASE WHEN m.m = 'redo' THEN 'redone' END)
        ) AS found (what) WHERE found.what IS NOT NULL
    ), counted AS (
        SELECT office, what, count(*) AS n FROM told GROUP BY office, what
    ), rated AS (
        SELECT c.organisation_id AS office, count(*) AS n, sum((rules -> 'satisfaction' ->> r.stars::text)::float8) AS good
        FROM cases_rating r JOIN cases_case c ON c.id = r.case_id
        WHERE r.at >= since AND r.at < until AND r.real_name AND NOT r.additional AND NOT r.flagged GROUP BY 1
    )
    SELECT o.id, o.name, o.division_path, o.level,
        {", ".join(f"coalesce(max(k.n) FILTER (WHERE k.what = '{name}'), 0)" for name in ("received", "reached", "missed", "settled", "solved", "ended", "late", "redone"))},
        coalesce(max(r.n), 0), coalesce(max(r.good), 0)
    FROM offices o LEFT JOIN counted k ON k.office = o.id LEFT JOIN rated r ON r.office = o.id
    GROUP BY o.id, o.name, o.division_path, o.level ORDER BY o.division_path, o.name
$$;
REVOKE ALL ON FUNCTION cases_score_tally(timestamptz, timestamptz, text, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_score_tally(timestamptz, timestamptz, text, jsonb, jsonb) TO onecity_app;
"""  # noqa: S608 - constants of this program
NO_TALLY = "DROP FUNCTION cases_score_tally(timestamptz, timestamptz, text, jsonb, jsonb)"


class Migration(migrations.Migration):
    dependencies = [("cases", "0006_residents"), ("people", "0001_initial"), ("places", "0001_initial")]

    operations = [
        # the history is written in the order of time: a few pages tell where a month lies
        migrations.AddIndex(
            model_name="caseevent",
            index=django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="case_event_time", pages_per_range=32),
        ),
        migrations.RunSQL(TALLY, NO_TALLY),
    ]
