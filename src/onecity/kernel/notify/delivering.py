"""Sends what waits: each delivery with growing pauses between attempts, and what the receiving server answered.

A delivery is leased, sent outside any transaction, then settled. If the process dies in between, the lease ends and it is
sent again under the same Message-ID: at least once, and recognisable as the same.
"""

import datetime as dt
import logging

from django.db import transaction
from django.db.models import F

from onecity.kernel.core.clock import now
from onecity.kernel.notify import words
from onecity.kernel.notify.channels import CHANNELS, LaterError, RefusedError
from onecity.kernel.notify.models import Delivery, DeliveryStatus

logger = logging.getLogger(__name__)

# pauses before attempts 2, 3, …; afterwards the delivery is given up and says so
PAUSES = tuple(dt.timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720))
LEASE = dt.timedelta(minutes=5)
ANSWER_LENGTH = 500


def send_waiting(most: int = 500) -> int:
    """Send deliveries that are due, oldest first, at most `most`; returns how many were accepted outside."""
    accepted = 0
    for _turn in range(most):
        delivery = _take()
        if delivery is None:
            break
        accepted += _attempt(delivery)
    return accepted


def _take() -> Delivery | None:
    with transaction.atomic():
        waiting = Delivery.objects.filter(status=DeliveryStatus.QUEUED, next_attempt_at__lte=now())
        delivery = waiting.select_for_update(skip_locked=True).order_by("next_attempt_at", "id").first()
        if delivery is not None:
            delivery.attempts += 1
            delivery.next_attempt_at = now() + LEASE
            delivery.save(update_fields=["attempts", "next_attempt_at"])
    return delivery


def _attempt(delivery: Delivery) -> bool:
    try:
        text = words.render(delivery.template, delivery.context, delivery.language)
        answer = CHANNELS[delivery.channel].deliver(delivery, text)
    except RefusedError as error:
        _settle(delivery, DeliveryStatus.REFUSED, str(error))
    except LaterError as error:
        _postpone(delivery, str(error))
    else:
        _settle(delivery, DeliveryStatus.SENT, answer)
        return True
    return False


def _settle(delivery: Delivery, status: DeliveryStatus, answer: str) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        status=status, answer=answer[:ANSWER_LENGTH], sent_at=now() if status == DeliveryStatus.SENT else F("sent_at")
    )
    if status != DeliveryStatus.SENT:
        logger.warning("delivery %s through %s: %s", delivery.pk, delivery.channel, status)


def _postpone(delivery: Delivery, answer: str) -> None:
    if delivery.attempts > len(PAUSES):
        _settle(delivery, DeliveryStatus.GIVEN_UP, answer)
        return
    Delivery.objects.filter(pk=delivery.pk).update(
        next_attempt_at=now() + PAUSES[delivery.attempts - 1], answer=answer[:ANSWER_LENGTH]
    )
