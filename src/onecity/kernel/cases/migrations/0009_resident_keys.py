"""A report that is sent twice finds the case it opened, for whoever knows both the key and the code made of it."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION cases_of_key(wanted text, digest text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id FROM cases_case c JOIN cases_reporter r ON r.case_id = c.id
    WHERE c.source_key = wanted AND r.code_hash = digest AND digest <> ''
$$;
REVOKE ALL ON FUNCTION cases_of_key(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_of_key(text, text) TO onecity_app;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_originals")]
    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION cases_of_key(text, text)")]
