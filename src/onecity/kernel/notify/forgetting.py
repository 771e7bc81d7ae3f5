"""The end of messages that were read long ago, and of deliveries that came to an end as long ago."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from onecity.kernel.core import retention
from onecity.kernel.core.clock import now
from onecity.kernel.notify.models import Delivery, DeliveryStatus, Message

INBOX_DAYS = 365


def forget() -> int:
    """Remove what ONECITY_INBOX_DAYS says is past: by when it was read; what nobody has read stays. Returns how many rows."""
    kept = retention.kept("ONECITY_INBOX_DAYS", INBOX_DAYS)
    if kept is None:
        return 0
    before = now() - kept
    messages = retention.remove(lambda most: _messages(before, most))
    return messages + retention.remove(lambda most: _deliveries(before, most))


def _messages(before: dt.datetime, most: int) -> int:
    rows = Message.objects.filter(read_at__lt=before).values("pk")[:most]
    with transaction.atomic():
        return Message.objects.filter(pk__in=rows).delete()[0]


def _deliveries(before: dt.datetime, most: int) -> int:
    ended = Delivery.objects.exclude(status=DeliveryStatus.QUEUED).filter(created_at__lt=before)
    with transaction.atomic():
        return Delivery.objects.filter(pk__in=ended.values("pk")[:most]).delete()[0]


def forget_about(links: Sequence[str]) -> int:
    """Remove the messages and deliveries that lead to these pages, in the caller's transaction: what they said of a record
    goes with the record. Returns how many."""
    wanted = list(links)
    gone = Message.objects.filter(link__in=wanted).delete()[0]
    return gone + Delivery.objects.exclude(status=DeliveryStatus.QUEUED).filter(link__in=wanted).delete()[0]
