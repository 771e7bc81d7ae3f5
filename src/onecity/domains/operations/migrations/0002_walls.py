"""Row-level security: a mode is declared by division, and seen there, above, and below: it holds for all below it."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurity
from onecity.kernel.access.session import CURRENT_ACCOUNT

WORKS_BELOW = (
    f"EXISTS (SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} "
    "AND permission IN ('operations.view', '*') AND starts_with(path, division_path) "
    "AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()))"
)


class Migration(migrations.Migration):
    """Puts the wall under the table of 0001."""

    dependencies = [("operations", "0001_initial"), ("access", "0001_initial")]

    operations = [
        RowSecurity(
            "ModeChange",
            permission="operations.view",
            write_permission="operations.command",
            public_when=WORKS_BELOW,
        ),
    ]
