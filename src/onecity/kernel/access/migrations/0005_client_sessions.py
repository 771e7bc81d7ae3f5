"""The wall around sign-ins of other systems: each account sees and ends its own."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurityThrough
from onecity.kernel.access.session import CURRENT_ACCOUNT


class Migration(migrations.Migration):
    dependencies = [("access", "0004_identities"), ("people", "0003_client_sessions")]

    operations = [
        RowSecurityThrough(
            "people_clientsession", f"account_id = {CURRENT_ACCOUNT}", commands=("select", "insert", "update")
        ),
    ]
