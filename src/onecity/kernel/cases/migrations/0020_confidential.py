"""Confidential kinds: a column that the database keeps true to the kind of each case, and walls that ask for it everywhere.

Without the right of its own a confidential case is not there: not in lists, counts, maps, searches, figures or logs, and
an answer about it is the one about a case that does not exist. In figures of offices it is never counted, for anybody: a
figure that is another one for another reader would tell how many there are.
"""

import django.db.models.fields.json
import django.db.models.functions.comparison
from django.db import migrations, models

from onecity.kernel.access.session import CURRENT_ACCOUNT

VALID = "valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp())"
# as in 0004: all texts that begin with the path
WITHIN = """cases_path_range(path, CASE WHEN path <> '' THEN left(path, -1) || chr(ascii(right(path, 1)) + 1) END)"""
VIEWS = f"""(SELECT range_agg({WITHIN}) FROM access_grant WHERE account_id = {CURRENT_ACCOUNT}
    AND permission IN ('cases.view', '*') AND {VALID})"""  # noqa: S608 - constants of this program
TRUSTED = f"""(SELECT range_agg({WITHIN}) FROM access_grant WHERE account_id = {CURRENT_ACCOUNT}
    AND permission IN ('cases.confidential', '*') AND {VALID})"""  # noqa: S608 - same
ANYWHERE = f"""EXISTS (SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT}
    AND permission IN ('cases.confidential', '*') AND {VALID})"""  # noqa: S608 - same
MINE = f"assignee_id = {CURRENT_ACCOUNT}"
HELPS = f"id = ANY (ARRAY(SELECT cases_helped({CURRENT_ACCOUNT})))"
# as in 0006: what this transaction was shown the code of, and what this account reported
HELD = "coalesce(nullif(current_setting('onecity.cases', true), ''), '{}')::uuid[]"
OWN = f"id = ANY (ARRAY(SELECT cases_reported({CURRENT_ACCOUNT}))) OR id = ANY ({HELD})"
BEFORE = f"CASE WHEN {VIEWS} @> division_path THEN true ELSE {MINE} OR {HELPS} OR {OWN} END"
# one CASE over all, which the planner takes for half of the rows; bodies that help see it where their people may
SEES = f"""CASE WHEN {VIEWS} @> division_path AND (NOT confidential OR {TRUSTED} @> division_path) THEN true
    ELSE {MINE} OR ({HELPS} AND (NOT confidential OR {ANYWHERE})) OR {OWN} END"""

KEEPS = """
CREATE FUNCTION cases_case_keeps_level() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.confidential := coalesce((SELECT t.level = 'confidential' FROM cases_casetype t
        WHERE t.name = NEW.type_name AND t.version = NEW.type_version), false);
    RETURN NEW;
END $$;
CREATE TRIGGER cases_case_has_level BEFORE INSERT ON cases_case
    FOR EACH ROW EXECUTE FUNCTION cases_case_keeps_level();
CREATE TRIGGER cases_case_keeps_level BEFORE UPDATE ON cases_case FOR EACH ROW
    WHEN ((NEW.type_name, NEW.type_version, NEW.confidential)
        IS DISTINCT FROM (OLD.type_name, OLD.type_version, OLD.confidential))
    EXECUTE FUNCTION cases_case_keeps_level();
"""
NO_KEEPS = """
DROP TRIGGER cases_case_keeps_level ON cases_case;
DROP TRIGGER cases_case_has_level ON cases_case;
DROP FUNCTION cases_case_keeps_level();
"""

SEARCH = f"""
CREATE OR REPLACE FUNCTION cases_search(
    words tsquery, place text, running boolean, states text[], types text[], severities text[],
    before_at timestamptz, before_id uuid, most integer
) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan
SET enable_indexscan = on SET enable_seqscan = off AS $$
DECLARE
    asking uuid := {CURRENT_ACCOUNT};
    seen text := (
        SELECT string_agg(CASE WHEN path = '' THEN 'true' ELSE
            format('c.division_path >= %L AND c.division_path < %L', path, left(path, -1) || chr(ascii(right(path, 1)) + 1))
            END, ' OR ')
        FROM access_grant WHERE account_id = asking AND permission IN ('cases.view', '*')
        AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()));
    trusted text := (
        SELECT string_agg(CASE WHEN path = '' THEN 'true' ELSE
            format('c.division_path >= %L AND c.division_path < %L', path, left(path, -1) || chr(ascii(right(path, 1)) + 1))
            END, ' OR ')
        FROM access_grant WHERE account_id = asking AND permission IN ('cases.confidential', '*') AND {VALID});
    fits text := format('c.search @@ %L::tsquery AND (%s)', words, concat_ws(' OR ',
        '(' || seen || ') AND (' || concat_ws(' OR ', 'NOT c.confidential', trusted) || ')', format('c.assignee_id = %L', asking)));
    before text := CASE WHEN before_at IS NULL THEN '' ELSE
        format('WHERE c.opened_at <= %1$L AND (c.opened_at < %1$L OR c.id < %2$L)', before_at, before_id) END;
    found uuid[];
BEGIN
    IF place <> '' THEN
        fits := fits || format(' AND c.division_path >= %L AND c.division_path < %L', place,
            left(place, -1) || chr(ascii(right(place, 1)) + 1));
    END IF;
    IF running IS NOT NULL THEN
        fits := fits || CASE WHEN running THEN ' AND c.closed_at IS NULL' ELSE ' AND c.closed_at IS NOT NULL' END;
    END IF;
    fits := fits || CASE WHEN states IS NULL THEN '' ELSE format(' AND c.state = ANY (%L)', states) END
        || CASE WHEN types IS NULL THEN '' ELSE format(' AND c.type_name = ANY (%L)', types) END
        || CASE WHEN severities IS NULL THEN '' ELSE format(' AND c.severity = ANY (%L)', severities) END;
    EXECUTE format('SELECT array_agg(id) FROM (SELECT c.id FROM (SELECT * FROM cases_case c %s '
        'ORDER BY c.opened_at DESC, c.id DESC LIMIT 5000) c WHERE %s ORDER BY c.opened_at DESC, c.id DESC LIMIT %s) n',
        before, fits, most) INTO found;
    IF cardinality(found) = most THEN
        RETURN QUERY SELECT unnest(found);
        RETURN;
    END IF;
    PERFORM set_config('enable_indexscan', 'off', true);
    RETURN QUERY EXECUTE format('SELECT c.id FROM cases_case c %s %s ORDER BY c.opened_at DESC, c.id DESC LIMIT %s',
        CASE WHEN before = '' THEN 'WHERE' ELSE before || ' AND' END, fits, most);
END $$;
"""  # noqa: S608 - same

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
        WHERE e.at >= since AND e.at < until AND NOT c.confidential AND e.action <> ALL (
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
        WHERE r.at >= since AND r.at < until AND r.real_name AND NOT r.additional AND NOT r.flagged AND NOT c.confidential
    )
"""  # noqa: S608 - constants of this program
TALLY = f"""
CREATE OR REPLACE FUNCTION cases_score_tally(since timestamptz, until timestamptz, place text, steps jsonb, rules jsonb)
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
"""  # noqa: S608 - same
# only ids leave this function, for an office that may be seen: the cases themselves are read under the rights on them
BEHIND = f"""
CREATE OR REPLACE FUNCTION cases_score_behind(
    since timestamptz, until timestamptz, place text, steps jsonb, rules jsonb, wanted uuid, figure text, most integer
) RETURNS TABLE (case_id uuid, at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    {ACTS}
    SELECT f.case_id, f.at FROM (
        SELECT t.office, t.case_id, t.at FROM told t WHERE t.what = figure
        UNION ALL SELECT r.office, r.case_id, r.at FROM rated r WHERE figure = 'ratings'
    ) f JOIN offices o ON o.id = f.office WHERE o.id = wanted ORDER BY f.at DESC, f.case_id LIMIT most
$$;
"""  # noqa: S608 - same
LOG = f"""
CREATE OR REPLACE FUNCTION cases_mining_log(since timestamptz, until timestamptz, place text, kind text, most integer)
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
            AND i.division_path ^@ place AND seen @> i.division_path AND NOT i.confidential
            ORDER BY i.opened_at DESC, i.id DESC LIMIT most) c
    )
    SELECT c.n, c.id, c.type_name::text, c.type_version, extract(epoch FROM e.at)::double precision, e.action::text,
        e.from_state::text, e.to_state::text,
        CASE WHEN e.action IN ('open', 'hand_over') THEN e.data ->> 'organisation_id' END
    FROM newest c JOIN cases_caseevent e ON e.case_id = c.id ORDER BY c.n, e.version;
END $$;
"""  # noqa: S608 - same

# a kind is public where residents may report it and its definition does not keep it back; what is not said is the default
PUBLIC = """t.level = 'public' AND (t.definition->>'residents')::boolean AND coalesce(t.definition->>'publication', 'facts') <> 'nothing'"""
PUBLISHED = f"""
CREATE OR REPLACE FUNCTION cases_published(
    numbers text[], kinds text[], running boolean, since timestamptz, until timestamptz, most integer, skip integer
) RETURNS TABLE (
    case_id uuid, number text, type_name text, type_version integer, state text, round integer, opened_at timestamptz,
    changed_at timestamptz, closed_at timestamptz, due timestamptz, division_path text, office text, description text,
    address text, lon double precision, lat double precision, media_url text, result text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.id, c.number::text, c.type_name::text, c.type_version, c.state::text, c.round::integer, c.opened_at, e.at,
        c.closed_at, c.final_deadline, c.division_path, o.name::text,
        CASE WHEN c.words AND c.source = 'open311' THEN c.description END,
        CASE WHEN c.words THEN c.address::text END, CASE WHEN c.words THEN c.lon END, CASE WHEN c.words THEN c.lat END,
        CASE WHEN c.words AND c.source = 'open311' THEN c.evidence->>'media_url' END, c.result::text
    FROM (
        SELECT c.*, t.definition->>'publication' = 'words' AND NOT coalesce(r.hidden, false) AS words
        FROM cases_case c
        JOIN cases_casetype t ON t.name = c.type_name AND t.version = c.type_version AND {PUBLIC}
        LEFT JOIN cases_reporter r ON r.case_id = c.id
        WHERE (numbers IS NULL OR c.number = ANY (numbers))
            AND (kinds IS NULL OR c.type_name = ANY (kinds))
            AND (running IS NULL OR (c.closed_at IS NULL) = running)
            AND (since IS NULL OR c.opened_at >= since) AND (until IS NULL OR c.opened_at <= until)
        ORDER BY c.opened_at DESC, c.id DESC LIMIT most OFFSET skip
    ) c
    JOIN cases_caseevent e ON e.case_id = c.id AND e.version = c.version
    LEFT JOIN people_organisation o ON o.id = c.organisation_id
    ORDER BY c.opened_at DESC, c.id DESC;
END $$;

CREATE OR REPLACE FUNCTION cases_published_steps(cases uuid[]) RETURNS TABLE (case_id uuid, at timestamptz, to_state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.case_id, e.at, e.to_state::text FROM cases_caseevent e JOIN cases_case c ON c.id = e.case_id
    JOIN cases_casetype t ON t.name = c.type_name AND t.version = c.type_version AND {PUBLIC}
    WHERE e.case_id = ANY (cases) AND e.to_state <> '' AND e.to_state <> coalesce(e.from_state, '')
    ORDER BY e.case_id, e.version
$$;

CREATE OR REPLACE FUNCTION cases_published_number(wanted uuid, named text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.number::text FROM cases_case c
    JOIN cases_casetype t ON t.name = c.type_name AND t.version = c.type_version AND {PUBLIC}
    WHERE c.id = wanted OR c.number = named LIMIT 1
$$;
"""  # noqa: S608 - same

class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0019_drafts'),
    ]

    operations = [
        migrations.RemoveIndex(model_name="case", name="case_open_place"),
        migrations.RemoveIndex(model_name="case", name="case_ended_type"),
        migrations.RemoveIndex(model_name="case", name="case_ended_state"),
        migrations.AddField(
            model_name="case", name="confidential", field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            model_name="casetype",
            name="level",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce(
                    django.db.models.fields.json.KeyTextTransform("level", "definition"),
                    models.Value("public"),
                    output_field=models.TextField(),
                ),
                output_field=models.TextField(),
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["division_path", "due_order", "id"],
                include=(
                    "assignee_id", "organisation_id", "state", "type_name", "severity", "lon", "lat", "confidential",
                ),
                name="case_open_place",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False)),
                fields=["type_name", "-closed_at", "-id"],
                include=("division_path", "assignee_id", "state", "severity", "confidential"),
                name="case_ended_type",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False)),
                fields=["state", "-closed_at", "-id"],
                include=("division_path", "assignee_id", "severity", "confidential"),
                name="case_ended_state",
            ),
        ),
        migrations.RunSQL(KEEPS, NO_KEEPS),
        migrations.RunSQL(
            f"ALTER POLICY onecity_select ON cases_case USING ({SEES})",
            f"ALTER POLICY onecity_select ON cases_case USING ({BEFORE})",
        ),
        # on the way back these stay as they are: without confidential cases they do what those before them did
        migrations.RunSQL(SEARCH, migrations.RunSQL.noop),
        migrations.RunSQL(TALLY, migrations.RunSQL.noop),
        migrations.RunSQL(BEHIND, migrations.RunSQL.noop),
        migrations.RunSQL(LOG, migrations.RunSQL.noop),
        migrations.RunSQL(PUBLISHED, migrations.RunSQL.noop),
    ]
