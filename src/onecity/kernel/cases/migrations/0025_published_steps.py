"""The steps of published cases, read case by case: however many entries there are, only those of the cases asked for."""

from django.db import migrations

PUBLIC = """t.level = 'public' AND (t.definition->>'residents')::boolean AND coalesce(t.definition->>'publication', 'facts') <> 'nothing'"""


def steps(cases: str) -> str:
    """The function, with where its cases come from: one row for each lets the planner go by the index of histories."""
    return f"""
CREATE OR REPLACE FUNCTION cases_published_steps(cases uuid[]) RETURNS TABLE (case_id uuid, at timestamptz, to_state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT e.case_id, e.at, e.to_state::text FROM {cases}
    JOIN cases_casetype t ON t.name = c.type_name AND t.version = c.type_version AND {PUBLIC}
    WHERE e.case_id = ANY (cases) AND e.to_state <> '' AND e.to_state <> coalesce(e.from_state, '')
    ORDER BY e.case_id, e.version
$$;
"""  # noqa: S608 - constants of this program


BEFORE = steps("cases_caseevent e JOIN cases_case c ON c.id = e.case_id")
ONE_BY_ONE = steps("""(SELECT DISTINCT unnest(cases) AS id) wanted JOIN cases_case c ON c.id = wanted.id
    CROSS JOIN LATERAL (SELECT * FROM cases_caseevent h WHERE h.case_id = c.id OFFSET 0) e""").replace(
    "e.case_id = ANY (cases) AND ", ""
)


class Migration(migrations.Migration):
    dependencies = [("cases", "0024_speed")]
    operations = [migrations.RunSQL(ONE_BY_ONE, BEFORE)]
