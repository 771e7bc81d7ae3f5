"""The walls of the terminals: a machine opens its own rows, a person his own prints, the desk the machines of its place."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurityPerCommand, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

MACHINE = "terminal_id = nullif(current_setting('onecity.terminal', true), '')::uuid"
OWN = f"account_id = {CURRENT_ACCOUNT}"
DESK = scope_predicate("terminals.manage")


class Migration(migrations.Migration):
    dependencies = [("kiosk", "0001_initial"), ("access", "0005_client_sessions")]

    operations = [
        # which machines there are is no secret, and a machine that proves itself is nobody to the policies
        RowSecurityPerCommand("kiosk_terminal", select="true", insert=DESK, update=DESK),
        RowSecurityPerCommand("kiosk_terminalstate", select="true", insert=MACHINE, update=MACHINE),
        RowSecurityPerCommand("kiosk_cardreading", select=MACHINE, insert=MACHINE, update=MACHINE, delete=MACHINE),
        RowSecurityPerCommand("kiosk_printjob", select=f"{OWN} OR {MACHINE}", insert=OWN, update=MACHINE),
    ]
