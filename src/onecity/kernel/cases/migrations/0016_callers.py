"""The cases reported from a number, for whoever takes a call and may open cases; what a reporter hid stays hidden."""

from django.db import migrations

from onecity.kernel.access.session import CURRENT_ACCOUNT

CALLED = f"""
CREATE FUNCTION cases_called(asked text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT case_id FROM cases_reporter
    WHERE phone = asked AND asked <> '' AND NOT hidden AND EXISTS (
        SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} AND permission IN ('cases.open', '*')
            AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()))
    ORDER BY created_at DESC LIMIT 50
$$;
REVOKE ALL ON FUNCTION cases_called(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_called(text) TO onecity_app;
"""  # noqa: S608 - constants of this program


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0015_shifts'),
    ]

    operations = [
        migrations.RunSQL(CALLED, "DROP FUNCTION cases_called(text)"),
    ]
