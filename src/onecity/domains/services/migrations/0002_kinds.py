"""Whoever publishes an item publishes the kind of case that it is, without the right over all other kinds."""

from django.db import migrations

from onecity.kernel.access.session import CURRENT_ACCOUNT

PUBLISH = f"""
CREATE POLICY onecity_services ON cases_casetype FOR INSERT TO onecity_app
    WITH CHECK (name ^@ 'service_' AND published_by_id = {CURRENT_ACCOUNT} AND EXISTS (
        SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} AND permission IN ('items.publish', '*')
        AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp())));
"""  # noqa: S608 - constants of this program
NOT_PUBLISH = "DROP POLICY onecity_services ON cases_casetype;"


class Migration(migrations.Migration):
    """Adds one policy to the table of kinds."""

    dependencies = [("services", "0001_items"), ("cases", "0019_drafts")]

    operations = [migrations.RunSQL(PUBLISH, NOT_PUBLISH)]
