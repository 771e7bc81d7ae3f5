"""Background work of access: counts of attempts that bind nobody any more go, once a day."""

from procrastinate.contrib.django import app

from onecity.kernel.access import throttle


@app.periodic(cron="41 3 * * *")
@app.task(name="access.forget", queueing_lock="access.forget")
def forget(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Forget attempts of yesterday."""
    return throttle.forget()
