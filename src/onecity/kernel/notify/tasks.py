"""Background work of messages: sending at once when something was accepted, and again every minute for what was missed."""

from contextlib import suppress

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from onecity.kernel.notify import delivering, feed, forgetting


@app.periodic(cron="* * * * *")
@app.task(name="notify.send_waiting", queueing_lock="notify.send_waiting", lock="notify.send_waiting")
def send_waiting(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Send what waits; also finds deliveries whose wake-up was lost in a crash."""
    return delivering.send_waiting()


@app.periodic(cron="17 * * * *")
@app.task(name="notify.prune_feed", queueing_lock="notify.prune_feed")
def prune_feed(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Remove what is too old to be shown live."""
    return feed.prune()


@app.periodic(cron="29 3 * * *")
@app.task(name="notify.forget", queueing_lock="notify.forget")
def forget(timestamp: int = 0) -> int:  # noqa: ARG001 - same
    """Remove messages that were read long ago."""
    return forgetting.forget()


def wake() -> None:
    """Start sending once the caller's transaction has committed.

    After the commit, not in it: a queueing lock held by an open transaction would make every other writer wait. If the
    process ends in between, the periodic run sends.
    """
    transaction.on_commit(_enqueue)


def _enqueue() -> None:
    with suppress(AlreadyEnqueued):
        send_waiting.defer()
