"""Row-level security over drafts, applications, decisions and questions: everybody sees his own, staff of the place theirs."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurityPerCommand, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

OWN = f"account_id = {CURRENT_ACCOUNT}"
SEES = f"{OWN} OR people_speaks_for(principal_id) OR ({scope_predicate('cases.view')})"
HANDLES = f"{OWN} OR ({scope_predicate('cases.handle')})"
OF_APPLICATION = "EXISTS (SELECT 1 FROM applying_application a WHERE a.id = application_id)"
SIGNED_IN = f"{CURRENT_ACCOUNT} IS NOT NULL"
# the place in which a queue or a slot is: whoever opens cases there runs the counter
COUNTER = scope_predicate("cases.open")


class Migration(migrations.Migration):
    dependencies = [("applying", "0001_initial"), ("access", "0004_identities")]

    operations = [
        RowSecurityPerCommand("Draft", select=OWN, insert=OWN, update=OWN),
        RowSecurityPerCommand("Application", select=SEES, insert=OWN, update=HANDLES),
        RowSecurityPerCommand("Decision", select=OF_APPLICATION, insert=OF_APPLICATION),
        RowSecurityPerCommand(
            "RegisterUse",
            select=f"asker_id = {CURRENT_ACCOUNT} OR people_speaks_for(principal_id)",
            insert=f"asker_id = {CURRENT_ACCOUNT}",
        ),
        RowSecurityPerCommand("Entitlement", select=OWN, update=OWN),
        RowSecurityPerCommand("Slot", select="true", insert=COUNTER, update=SIGNED_IN),
        RowSecurityPerCommand(
            "Appointment",
            select=f"{OWN} OR EXISTS (SELECT 1 FROM applying_slot WHERE applying_slot.id = slot_id AND ({COUNTER}))",
            insert=OWN,
            update=f"{OWN} OR EXISTS (SELECT 1 FROM applying_slot WHERE applying_slot.id = slot_id AND ({COUNTER}))",
        ),
        RowSecurityPerCommand("Ticket", select=COUNTER, insert=COUNTER, update=COUNTER),
    ]
