"""The end of what was refused or turned away long ago: kept for a time that the installation sets, then removed."""

import datetime as dt

from django.db import transaction

from onecity.kernel.core import retention
from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.models import Quarantine, TurnedAway

QUARANTINE_DAYS = 90


def forget() -> int:
    """Remove refused readings and callers of before the time that ONECITY_QUARANTINE_DAYS says; returns how many rows."""
    kept = retention.kept("ONECITY_QUARANTINE_DAYS", QUARANTINE_DAYS)
    if kept is None:
        return 0
    before = now() - kept
    refused = retention.remove(lambda most: _refused(before, most))
    return refused + retention.remove(lambda most: _callers(before, most))


def _refused(before: dt.datetime, most: int) -> int:
    rows = Quarantine.objects.filter(received_at__lt=before).order_by("received_at").values("pk")[:most]
    with transaction.atomic():
        return Quarantine.objects.filter(pk__in=rows).delete()[0]


def _callers(before: dt.datetime, most: int) -> int:
    rows = TurnedAway.objects.filter(last_at__lt=before).order_by("last_at").values("pk")[:most]
    with transaction.atomic():
        return TurnedAway.objects.filter(pk__in=rows).delete()[0]
