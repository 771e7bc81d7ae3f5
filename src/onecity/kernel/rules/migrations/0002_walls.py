"""Row-level security: rules are read by whoever may read any, changed where they belong; alerts by division."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough
from onecity.kernel.access.session import CURRENT_ACCOUNT

# a rule of the whole district concerns every town: it is no secret to those who may see rules at all
READS_RULES = (
    f"EXISTS (SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} AND permission IN ('rules.view', '*') "
    "AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()))"
)


class Migration(migrations.Migration):
    """Puts the wall under the tables of 0001."""

    dependencies = [("rules", "0001_initial"), ("access", "0001_initial")]

    operations = [
        RowSecurity("Rule", permission="rules.view", write_permission="rules.edit", public_when=READS_RULES),
        RowSecurity("RuleVersion", permission="rules.view", write_permission="rules.edit", public_when=READS_RULES),
        RowSecurity("Alert", permission="alerts.view", write_permission="alerts.acknowledge"),
        RowSecurityThrough("MemoryRecord", "false"),
        RowSecurityThrough("Baselines", READS_RULES, commands=("select",)),
        # the peak of an alert that goes on is updated in place: room on each page keeps the update off the indexes
        migrations.RunSQL(
            "ALTER TABLE rules_alert SET (fillfactor = 80)", "ALTER TABLE rules_alert RESET (fillfactor)"
        ),
        # arrays of numbers do not compress; trying would only cost time
        migrations.RunSQL(
            "ALTER TABLE rules_memoryrecord ALTER COLUMN payload SET STORAGE EXTERNAL",
            "ALTER TABLE rules_memoryrecord ALTER COLUMN payload SET STORAGE EXTENDED",
        ),
    ]
