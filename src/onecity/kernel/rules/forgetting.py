"""The end of alerts that were over long ago; what goes on, or waits for its case, is never touched."""

import datetime as dt

from django.db import transaction

from onecity.kernel.core import retention
from onecity.kernel.core.clock import now
from onecity.kernel.rules.models import Alert
from onecity.kernel.rules.models.alert import AlertState

ALERT_DAYS = 1095


def forget() -> int:
    """Remove alerts that ended before the time that ONECITY_ALERT_DAYS says; returns how many."""
    kept = retention.kept("ONECITY_ALERT_DAYS", ALERT_DAYS)
    if kept is None:
        return 0
    before = now() - kept
    return retention.remove(lambda most: _alerts(before, most))


def _alerts(before: dt.datetime, most: int) -> int:
    over = Alert.objects.exclude(state=AlertState.OPEN).filter(end__lt=before, wants_case=False)
    # by their beginning, which is indexed: what ended before that time began before it
    rows = over.filter(onset__lt=before).order_by("onset").values("pk")[:most]
    with transaction.atomic():
        return Alert.objects.filter(pk__in=rows).delete()[0]
