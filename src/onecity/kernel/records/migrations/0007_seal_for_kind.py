"""Finds the seal that the platform may put on a kind of thing in a place: for whoever asks, since it shows nothing but an id."""

from django.db import migrations

FIND = """
CREATE FUNCTION records_seal_for(kind text, code text, place text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.id FROM records_seal s JOIN records_sealgrant g ON g.seal_id = s.id
    WHERE g.account_id IS NULL AND g.subject_kind = $1 AND g.subject_code = $2 AND g.withdrawn_at IS NULL
        AND g.valid_from <= statement_timestamp() AND coalesce(g.valid_until, 'infinity') > statement_timestamp()
        AND s.state = 'active' AND statement_timestamp() BETWEEN s.valid_from AND s.valid_until AND $3 ^@ s.division_path
    ORDER BY length(s.division_path) DESC, s.made_at DESC LIMIT 1
$$;
REVOKE ALL ON FUNCTION records_seal_for(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_seal_for(text, text, text) TO onecity_app;
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0006_archive_walls")]

    operations = [migrations.RunSQL(FIND, "DROP FUNCTION records_seal_for(text, text, text)")]
