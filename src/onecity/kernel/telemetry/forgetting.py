"""The end of what was refused or turned away long ago: kept for a time that the installation sets, then removed."""

import datetime as dt

from django.db import transaction

from onecity.kernel.core import retention
from onecity.kernel.core.clock import now
from onecity.kernel.telemetry.capture import DAYS
from onecity.kernel.telemetry.models import Command, Quarantine, RawMessage, TurnedAway
from onecity.kernel.telemetry.models.command import OPEN

QUARANTINE_DAYS = 90


def forget() -> int:
    """Remove refused readings, ended commands and callers of before the time that ONECITY_QUARANTINE_DAYS says; returns how many rows."""
    _messages()
    kept = retention.kept("ONECITY_QUARANTINE_DAYS", QUARANTINE_DAYS)
    if kept is None:
        return 0
    before = now() - kept
    refused = retention.remove(lambda most: _refused(before, most))
    ended = retention.remove(lambda most: _commands(before, most))
    return refused + ended + retention.remove(lambda most: _callers(before, most))


def _messages() -> None:
    """Messages as they came go after a week, whether or not their device sends more."""
    retention.remove(lambda most: _raw(now() - dt.timedelta(days=DAYS), most))


def _raw(before: dt.datetime, most: int) -> int:
    rows = RawMessage.objects.filter(received_at__lt=before).order_by("received_at").values("pk")[:most]
    with transaction.atomic():
        return RawMessage.objects.filter(pk__in=rows).delete()[0]


def _commands(before: dt.datetime, most: int) -> int:
    """Commands that ended long ago."""
    rows = Command.objects.filter(finished_at__lt=before).exclude(state__in=OPEN).order_by("finished_at")
    with transaction.atomic():
        return Command.objects.filter(pk__in=rows.values("pk")[:most]).delete()[0]


def _refused(before: dt.datetime, most: int) -> int:
    rows = Quarantine.objects.filter(received_at__lt=before).order_by("received_at").values("pk")[:most]
    with transaction.atomic():
        return Quarantine.objects.filter(pk__in=rows).delete()[0]


def _callers(before: dt.datetime, most: int) -> int:
    rows = TurnedAway.objects.filter(last_at__lt=before).order_by("last_at").values("pk")[:most]
    with transaction.atomic():
        return TurnedAway.objects.filter(pk__in=rows).delete()[0]
