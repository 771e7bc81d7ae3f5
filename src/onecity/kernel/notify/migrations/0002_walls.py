"""The walls: a row of the feed is read by whoever holds the permission it names; a message by its receiver alone."""

from django.db import migrations

from onecity.kernel.access.rls import scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

# one sub-select for every kind: the row's own permission stands before its path, as it does in the grants
GRANTED = (
    f"(permission || ' ' || division_path) ^@ ANY (ARRAY(SELECT permission || ' ' || path FROM access_grant "
    f"WHERE account_id = {CURRENT_ACCOUNT} AND valid_from <= statement_timestamp() "
    f"AND (valid_to IS NULL OR valid_to > statement_timestamp())))"
)
SEES = f"public OR account_id = {CURRENT_ACCOUNT} OR (permission <> '' AND ({GRANTED} OR {scope_predicate('everything')}))"
RIGHTS = f"""
ALTER TABLE notify_event ENABLE ROW LEVEL SECURITY;
CREATE POLICY onecity_select ON notify_event FOR SELECT TO onecity_app USING ({SEES});
CREATE POLICY onecity_insert ON notify_event FOR INSERT TO onecity_app WITH CHECK (true);

ALTER TABLE notify_message ENABLE ROW LEVEL SECURITY;
CREATE POLICY onecity_select ON notify_message FOR SELECT TO onecity_app USING (account_id = {CURRENT_ACCOUNT});
CREATE POLICY onecity_update ON notify_message FOR UPDATE TO onecity_app USING (account_id = {CURRENT_ACCOUNT});
CREATE POLICY onecity_insert ON notify_message FOR INSERT TO onecity_app WITH CHECK (true);

-- addresses: written when a message is accepted, read by the worker only
ALTER TABLE notify_delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY onecity_insert ON notify_delivery FOR INSERT TO onecity_app WITH CHECK (true);
"""
NO_RIGHTS = """
DROP POLICY onecity_insert ON notify_delivery;
ALTER TABLE notify_delivery DISABLE ROW LEVEL SECURITY;
DROP POLICY onecity_insert ON notify_message;
DROP POLICY onecity_update ON notify_message;
DROP POLICY onecity_select ON notify_message;
ALTER TABLE notify_message DISABLE ROW LEVEL SECURITY;
DROP POLICY onecity_insert ON notify_event;
DROP POLICY onecity_select ON notify_event;
ALTER TABLE notify_event DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("notify", "0001_initial"), ("access", "0002_walls")]

    operations = [migrations.RunSQL(RIGHTS, NO_RIGHTS)]
