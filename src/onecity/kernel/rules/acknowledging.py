"""Somebody says: I have seen this alert."""

from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.rules import casework
from onecity.kernel.rules.models import Alert
from onecity.kernel.rules.permissions import ALERTS_ACKNOWLEDGE

LONGEST_NOTE = 500


def acknowledge(alert: Alert, account: Account, note: str = "") -> Alert:
    """Note who has seen an alert, the first time; a second time changes nothing.

    Raises Problem 403 without the right over the alert's division, 422 for a note that is too long.
    """
    policy.require(account, ALERTS_ACKNOWLEDGE, alert.division_path)
    if len(note) > LONGEST_NOTE:
        raise Problem("note-long", _("A note has at most 500 characters."), status=422)
    moment = now()
    changed = Alert.objects.filter(pk=alert.pk, acknowledged_at__isnull=True).update(
        acknowledged_at=moment,
        acknowledged_by_id=account.id,
        acknowledged_by_name=str(account),
        note=note.strip(),
        changed_at=moment,
    )
    if changed:
        audit.record(
            "alert.acknowledged",
            actor_id=account.id,
            object_type="alert",
            object_id=str(alert.pk),
            division_path=alert.division_path,
        )
        casework.announce([alert.pk])
    alert.refresh_from_db()
    return alert
